# Unit tests of src/proto.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/proto/test_ws
TESTS += tests/unit/proto/test_ws
tests_unit_proto_test_ws_SOURCES = tests/unit/proto/ws/main.c tests/unit/proto/ws/client.c \
    tests/unit/proto/ws/client.h tests/unit/proto/ws/test_ws.c \
    tests/unit/proto/ws/test_frame.c tests/unit/proto/ws/test_accept.c \
    tests/unit/proto/ws/test_conformance.c
tests_unit_proto_test_ws_CPPFLAGS = $(hg_test_cppflags)
tests_unit_proto_test_ws_LDADD = $(hg_test_libs)
endif
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/proto/test_sse
TESTS += tests/unit/proto/test_sse
tests_unit_proto_test_sse_SOURCES = tests/unit/proto/sse/main.c tests/unit/proto/sse/test_sse.c
tests_unit_proto_test_sse_CPPFLAGS = $(hg_test_cppflags)
tests_unit_proto_test_sse_LDADD = $(hg_test_libs)
endif
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/proto/test_http
TESTS += tests/unit/proto/test_http
tests_unit_proto_test_http_SOURCES = tests/unit/proto/http/main.c tests/unit/proto/http/tests.h \
    tests/unit/proto/upper.c tests/unit/proto/upper.h \
    tests/unit/proto/http/test_chars.c tests/unit/proto/http/test_authority.c \
    tests/unit/proto/http/test_request.c tests/unit/proto/http/test_answer.c \
    tests/unit/proto/http/test_pieces.c tests/unit/proto/http/test_counters.c \
    tests/unit/proto/http/test_http.c
tests_unit_proto_test_http_CPPFLAGS = $(hg_test_cppflags)
tests_unit_proto_test_http_LDADD = $(hg_test_libs)
endif
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/proto/test_h1
TESTS += tests/unit/proto/test_h1
tests_unit_proto_test_h1_SOURCES = tests/unit/proto/h1/main.c tests/unit/proto/h1/tests.h \
    tests/unit/proto/upper.c tests/unit/proto/upper.h \
    tests/unit/proto/h1/h1_run.c tests/unit/proto/h1/h1_run.h \
    tests/unit/proto/h1/test_framing.c tests/unit/proto/h1/test_parser.c \
    tests/unit/proto/h1/test_body.c tests/unit/proto/h1/test_h1.c \
    tests/unit/proto/h1/test_h1_answer.c \
    tests/unit/proto/h1/test_h1_memory.c
tests_unit_proto_test_h1_CPPFLAGS = $(hg_test_cppflags)
tests_unit_proto_test_h1_LDADD = $(hg_test_libs)
endif
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/proto/test_h2
TESTS += tests/unit/proto/test_h2
tests_unit_proto_test_h2_SOURCES = tests/unit/proto/h2/main.c tests/unit/proto/h2/tests.h \
    tests/unit/proto/upper.c tests/unit/proto/upper.h \
    tests/unit/proto/h2/peer.c tests/unit/proto/h2/peer.h \
    tests/unit/proto/h2/test_h2_guard.c tests/unit/proto/h2/test_h2_head.c \
    tests/unit/proto/h2/test_h2.c tests/unit/proto/h2/test_h2_session.c \
    tests/unit/proto/h2/test_h2_stream.c \
    tests/unit/proto/h2/test_h2_memory.c
tests_unit_proto_test_h2_CPPFLAGS = $(hg_test_cppflags)
tests_unit_proto_test_h2_LDADD = $(hg_test_libs)
endif
# HTTP alone on a port, for suites from elsewhere.
check_PROGRAMS += tests/support/http_echo
tests_support_http_echo_SOURCES = tests/support/http_echo.c
tests_support_http_echo_LDADD = libheadgate.a $(HG_LIBS)
