# Unit tests of src/loop.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/loop/test_loop
TESTS += tests/unit/loop/test_loop
tests_unit_loop_test_loop_SOURCES = \
    tests/unit/unit.h \
    tests/unit/loop/main.c tests/unit/loop/tests.h \
    tests/unit/loop/test_handle.c \
    tests/unit/loop/test_loop.c \
    tests/unit/loop/test_mailbox.c \
    tests/unit/loop/test_signals.c \
    tests/unit/loop/test_timer.c \
    tests/unit/loop/test_watch.c
tests_unit_loop_test_loop_CPPFLAGS = $(hg_test_cppflags)
tests_unit_loop_test_loop_LDADD = $(hg_test_libs)
endif
