# Unit tests of src/log.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/log/test_log
TESTS += tests/unit/log/test_log
tests_unit_log_test_log_SOURCES = \
    tests/support/fake_log.c tests/support/fake_log.h \
    tests/support/log_rig.c tests/support/log_rig.h \
    tests/unit/log/main.c \
    tests/unit/log/tests.h \
    tests/unit/log/test_cursor.c \
    tests/unit/log/test_log.c \
    tests/unit/log/test_position.c \
    tests/unit/log/test_topic.c
tests_unit_log_test_log_CPPFLAGS = $(hg_test_cppflags)
tests_unit_log_test_log_LDADD = $(hg_test_libs)
endif
