# Unit tests of src/right.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/right/test_right
TESTS += tests/unit/right/test_right
tests_unit_right_test_right_SOURCES = \
    tests/support/conf_text.c tests/support/conf_text.h \
    tests/unit/right/main.c \
    tests/unit/right/test_principal.c \
    tests/unit/right/test_rules.c \
    tests/unit/right/tests.h
tests_unit_right_test_right_CPPFLAGS = $(hg_test_cppflags)
tests_unit_right_test_right_LDADD = $(hg_test_libs)
endif
