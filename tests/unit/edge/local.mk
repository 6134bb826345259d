# Unit tests of src/edge.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/edge/test_edge
TESTS += tests/unit/edge/test_edge
tests_unit_edge_test_edge_SOURCES = $(hg_fakes) \
    modules/sink_pull/sink_pull.c \
    modules/sink_sse/sink_sse.c \
    modules/sink_ws/sink_ws.c \
    tests/support/log_rig.c tests/support/log_rig.h \
    tests/unit/proto/ws/client.c tests/unit/proto/ws/client.h \
    tests/unit/edge/main.c \
    tests/unit/edge/rig.c \
    tests/unit/edge/rig.h \
    tests/unit/edge/test_access.c \
    tests/unit/edge/test_access_format.c \
    tests/unit/edge/test_cors.c \
    tests/unit/edge/test_edge.c \
    tests/unit/edge/test_intake.c \
    tests/unit/edge/test_location.c \
    tests/unit/edge/sock.c tests/unit/edge/sock.h \
    tests/unit/edge/test_message.c \
    tests/unit/edge/test_socket.c \
    tests/unit/edge/test_query.c \
    tests/unit/edge/test_route.c \
    tests/unit/edge/test_settings.c \
    tests/unit/edge/test_site.c \
    tests/unit/edge/test_site_fixed.c \
    tests/unit/edge/test_subscribe.c \
    tests/unit/edge/test_topics.c \
    tests/unit/edge/test_visit.c
tests_unit_edge_test_edge_CPPFLAGS = $(hg_test_cppflags)
tests_unit_edge_test_edge_LDADD = $(hg_test_libs)
endif
