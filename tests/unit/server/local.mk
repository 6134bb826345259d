# Unit tests of src/server.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/server/test_server
TESTS += tests/unit/server/test_server
tests_unit_server_test_server_SOURCES = \
    tests/support/conf_text.c tests/support/conf_text.h \
    tests/support/fake_log.c tests/support/fake_log.h \
    tests/support/pem.c tests/support/pem.h \
    tests/unit/server/dlq_rig.c \
    tests/unit/server/dlq_rig.h \
    tests/unit/server/main.c \
    tests/unit/server/rig.c \
    tests/unit/server/rig.h \
    tests/unit/server/test_admin.c \
    tests/unit/server/test_ask.c \
    tests/unit/server/test_bundle.c \
    tests/unit/server/test_certificates.c \
    tests/unit/server/test_child.c \
    tests/unit/server/test_command.c \
    tests/unit/server/test_crew.c \
    tests/unit/server/test_death.c \
    tests/unit/server/test_descriptors.c \
    tests/unit/server/test_detach.c \
    tests/unit/server/test_directory.c \
    tests/unit/server/test_dlq.c \
    tests/unit/server/test_dlq_letter.c \
    tests/unit/server/test_dlq_list.c \
    tests/unit/server/test_dlq_purge.c \
    tests/unit/server/test_dlq_replay.c \
    tests/unit/server/test_dlq_show.c \
    tests/unit/server/test_generation.c \
    tests/unit/server/test_keeper.c \
    tests/unit/server/test_lane.c \
    tests/unit/server/test_logs.c \
    tests/unit/server/test_master.c \
    tests/unit/server/test_metrics.c \
    tests/unit/server/test_named.c \
    tests/unit/server/test_offer.c \
    tests/unit/server/test_oneshot.c \
    tests/unit/server/test_places.c \
    tests/unit/server/test_plan.c \
    tests/unit/server/test_reference.c \
    tests/unit/server/test_reload.c \
    tests/unit/server/test_service.c \
    tests/unit/server/test_settings.c \
    tests/unit/server/test_sockets.c \
    tests/unit/server/test_spawn.c \
    tests/unit/server/test_wire.c \
    tests/unit/server/test_worker.c
tests_unit_server_test_server_CPPFLAGS = $(hg_test_cppflags) \
    -DTEST_MODULES='"$(abs_builddir)/.libs"' \
    -DTEST_SUPPORT='"$(abs_builddir)/tests/support/.libs"'
tests_unit_server_test_server_LDADD = $(hg_host_libs)
tests_unit_server_test_server_LDFLAGS = $(hg_host_ldflags)
tests_unit_server_test_server_DEPENDENCIES = libheadgate.a log_embedded.la \
    source_cloudevents.la hello.la tests/support/stall.la
endif
