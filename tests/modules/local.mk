# Tests of the modules, through the door.

# The sinks and handlers: each with the module's own source linked in.
TESTS += tests/modules/outside.sh
EXTRA_DIST += tests/modules/outside.sh docs/modules.md
if HAVE_CMOCKA
hg_sink_tests = tests/modules/test_sink_sse tests/modules/test_sink_ws \
    tests/modules/test_sink_pull tests/modules/test_hello tests/modules/test_file
check_PROGRAMS += $(hg_sink_tests)
TESTS += $(hg_sink_tests)
hg_sink_support = tests/modules/sink_support.c tests/modules/sink_support.h
tests_modules_test_sink_sse_SOURCES = tests/modules/test_sink_sse.c $(hg_sink_support) \
    modules/sink_sse/sink_sse.c
tests_modules_test_sink_sse_CPPFLAGS = $(hg_test_cppflags)
tests_modules_test_sink_sse_LDADD = $(hg_test_libs)
tests_modules_test_sink_ws_SOURCES = tests/modules/test_sink_ws.c $(hg_sink_support) \
    modules/sink_ws/sink_ws.c
tests_modules_test_sink_ws_CPPFLAGS = $(hg_test_cppflags)
tests_modules_test_sink_ws_LDADD = $(hg_test_libs)
tests_modules_test_sink_pull_SOURCES = tests/modules/test_sink_pull.c $(hg_sink_support) \
    modules/sink_pull/sink_pull.c
tests_modules_test_sink_pull_CPPFLAGS = $(hg_test_cppflags)
tests_modules_test_sink_pull_LDADD = $(hg_test_libs)
tests_modules_test_hello_SOURCES = tests/modules/test_hello.c $(hg_sink_support) \
    modules/hello/hello.c
tests_modules_test_hello_CPPFLAGS = $(hg_test_cppflags)
tests_modules_test_hello_LDADD = $(hg_test_libs)
tests_modules_test_file_SOURCES = tests/modules/test_file.c $(hg_sink_support) \
    modules/file/file.c
tests_modules_test_file_CPPFLAGS = $(hg_test_cppflags)
tests_modules_test_file_LDADD = $(hg_test_libs)
endif

# Sources.
if HAVE_CMOCKA
check_PROGRAMS += tests/modules/test_source_cloudevents
TESTS += tests/modules/test_source_cloudevents
tests_modules_test_source_cloudevents_SOURCES = tests/modules/test_source_cloudevents.c \
    modules/source_cloudevents/source_cloudevents.c
tests_modules_test_source_cloudevents_CPPFLAGS = $(hg_test_cppflags)
tests_modules_test_source_cloudevents_LDADD = $(hg_test_libs)
endif

# The event log.
include tests/modules/log_embedded/local.mk
include tests/modules/log_kafka/local.mk
