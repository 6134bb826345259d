# Unit tests of src/conf.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/conf/test_conf
TESTS += tests/unit/conf/test_conf
tests_unit_conf_test_conf_SOURCES = tests/unit/conf/main.c \
    tests/unit/conf/fixture.c tests/unit/conf/fixture.h \
    tests/unit/conf/test_conf.c
tests_unit_conf_test_conf_CPPFLAGS = $(hg_test_cppflags)
tests_unit_conf_test_conf_LDADD = $(hg_test_libs)
endif
