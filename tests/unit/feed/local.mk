# Unit tests of src/feed.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/feed/test_feed
TESTS += tests/unit/feed/test_feed
tests_unit_feed_test_feed_SOURCES = \
    tests/unit/unit.h \
    tests/support/fake_log.c tests/support/fake_log.h \
    tests/support/remote_log.c tests/support/remote_log.h \
    tests/unit/feed/client.c tests/unit/feed/client.h \
    tests/unit/feed/main.c tests/unit/feed/tests.h \
    tests/unit/feed/rig.c tests/unit/feed/rig.h \
    tests/unit/feed/test_write.c \
    tests/unit/feed/test_beat.c \
    tests/unit/feed/test_counters.c \
    tests/unit/feed/test_answer.c \
    tests/unit/feed/test_encode.c \
    tests/unit/feed/test_feed.c \
    tests/unit/feed/test_follow.c \
    tests/unit/feed/test_gather.c \
    tests/unit/feed/test_index.c \
    tests/unit/feed/test_lost.c \
    tests/unit/feed/test_order.c \
    tests/unit/feed/test_page.c \
    tests/unit/feed/test_part.c \
    tests/unit/feed/test_read.c \
    tests/unit/feed/test_refill.c \
    tests/unit/feed/test_rest.c \
    tests/unit/feed/test_set.c \
    tests/unit/feed/test_start.c \
    tests/unit/feed/test_state.c \
    tests/unit/feed/test_subscriber.c \
    tests/unit/feed/test_wheel.c
tests_unit_feed_test_feed_CPPFLAGS = $(hg_test_cppflags)
tests_unit_feed_test_feed_LDADD = $(hg_test_libs)
endif
