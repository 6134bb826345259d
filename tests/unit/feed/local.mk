# Unit tests of src/feed.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/feed/test_feed
TESTS += tests/unit/feed/test_feed
tests_unit_feed_test_feed_SOURCES = tests/unit/unit.h tests/support/fake_log.c \
    tests/support/fake_log.h tests/unit/feed/client.c tests/unit/feed/client.h \
    tests/unit/feed/main.c tests/unit/feed/rig.c tests/unit/feed/rig.h tests/unit/feed/tests.h \
    tests/unit/feed/test_feed.c
tests_unit_feed_test_feed_CPPFLAGS = $(hg_test_cppflags)
tests_unit_feed_test_feed_LDADD = $(hg_test_libs)
endif
