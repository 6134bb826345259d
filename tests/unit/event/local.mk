# Unit tests of src/event.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/event/test_event
TESTS += tests/unit/event/test_event
tests_unit_event_test_event_SOURCES = \
    tests/unit/event/fixture.c \
    tests/unit/event/fixture.h \
    tests/unit/event/main.c \
    tests/unit/event/tests.h \
    tests/unit/event/test_attr.c \
    tests/unit/event/test_binary.c \
    tests/unit/event/test_builder.c \
    tests/unit/event/test_codec.c \
    tests/unit/event/test_codepoint.c \
    tests/unit/event/test_conformance.c \
    tests/unit/event/test_data.c \
    tests/unit/event/test_digest.c \
    tests/unit/event/test_encode.c \
    tests/unit/event/test_event.c \
    tests/unit/event/test_events.c \
    tests/unit/event/test_filter.c \
    tests/unit/event/test_json.c \
    tests/unit/event/test_json_string.c \
    tests/unit/event/test_media.c \
    tests/unit/event/test_pack.c \
    tests/unit/event/test_trace.c
tests_unit_event_test_event_CPPFLAGS = $(hg_test_cppflags)
tests_unit_event_test_event_LDADD = $(hg_test_libs)
endif
