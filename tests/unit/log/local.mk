# Unit tests of src/log.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/log/test_log
TESTS += tests/unit/log/test_log
tests_unit_log_test_log_SOURCES = \
    tests/support/fake_log.c tests/support/fake_log.h \
    tests/support/remote_log.c tests/support/remote_log.h \
    tests/support/log_rig.c tests/support/log_rig.h \
    tests/unit/log/main.c \
    tests/unit/log/tests.h \
    tests/unit/log/test_admit.c \
    tests/unit/log/test_batch.c \
    tests/unit/log/test_copies.c \
    tests/unit/log/test_counters.c \
    tests/unit/log/test_crossing.c \
    tests/unit/log/test_cursor.c \
    tests/unit/log/test_dedup.c \
    tests/unit/log/test_errands.c \
    tests/unit/log/test_expect.c \
    tests/unit/log/test_follow.c \
    tests/unit/log/test_grow.c \
    tests/unit/log/test_hide.c \
    tests/unit/log/test_inbox.c \
    tests/unit/log/test_index.c \
    tests/unit/log/test_judge.c \
    tests/unit/log/test_late.c \
    tests/unit/log/test_line.c \
    tests/unit/log/test_log.c \
    tests/unit/log/test_log_thread.c \
    tests/unit/log/test_mark.c \
    tests/unit/log/test_murmur2.c \
    tests/unit/log/test_pending.c \
    tests/unit/log/test_plan.c \
    tests/unit/log/test_position.c \
    tests/unit/log/test_readers.c \
    tests/unit/log/test_recall.c \
    tests/unit/log/test_records.c \
    tests/unit/log/test_refresh.c \
    tests/unit/log/test_settings.c \
    tests/unit/log/test_tail.c \
    tests/unit/log/test_topic.c \
    tests/unit/log/test_topic_open.c \
    tests/unit/log/test_topics.c \
    tests/unit/log/test_trim.c \
    tests/unit/log/test_up.c \
    tests/unit/log/test_upkeep.c \
    tests/unit/log/test_wanted.c
tests_unit_log_test_log_CPPFLAGS = $(hg_test_cppflags)
tests_unit_log_test_log_LDADD = $(hg_test_libs)
endif
