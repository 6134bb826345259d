# Unit tests of src/window.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/window/test_window
TESTS += tests/unit/window/test_window
tests_unit_window_test_window_SOURCES = tests/unit/unit.h tests/unit/window/main.c \
    tests/unit/window/tests.h tests/unit/window/test_slot.c tests/unit/window/test_window.c
tests_unit_window_test_window_CPPFLAGS = $(hg_test_cppflags)
tests_unit_window_test_window_LDADD = $(hg_test_libs)
endif
