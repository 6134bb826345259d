# Unit tests of src/conf.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/conf/test_conf
TESTS += tests/unit/conf/test_conf
tests_unit_conf_test_conf_SOURCES = tests/unit/conf/main.c \
    tests/unit/conf/fixture.c tests/unit/conf/fixture.h \
    tests/unit/conf/test_token.c tests/unit/conf/test_unit.c tests/unit/conf/test_files.c \
    tests/unit/conf/test_parse.c tests/unit/conf/test_fail.c tests/unit/conf/test_table.c \
    tests/unit/conf/test_slot.c tests/unit/conf/test_bind.c tests/unit/conf/test_inherit.c \
    tests/unit/conf/test_dump.c tests/unit/conf/test_restart.c \
    tests/unit/conf/test_reference.c tests/unit/conf/test_conf.c
tests_unit_conf_test_conf_CPPFLAGS = $(hg_test_cppflags)
tests_unit_conf_test_conf_LDADD = $(hg_test_libs)
endif
