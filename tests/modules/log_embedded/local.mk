# Tests of module log_embedded, linked in directly.
if HAVE_CMOCKA
check_PROGRAMS += tests/modules/log_embedded/test_log_embedded
TESTS += tests/modules/log_embedded/test_log_embedded
tests_modules_log_embedded_test_log_embedded_SOURCES = \
    tests/modules/log_contract.c tests/modules/log_contract.h \
    tests/modules/log_contract_rig.c tests/modules/log_contract_rig.h \
    tests/modules/log_embedded/main.c tests/modules/log_embedded/tests.h \
    $(log_embedded_sources)
tests_modules_log_embedded_test_log_embedded_CPPFLAGS = $(hg_test_cppflags)
tests_modules_log_embedded_test_log_embedded_LDADD = $(hg_test_libs) $(LMDB_LIBS)
endif
