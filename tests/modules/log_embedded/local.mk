# Tests of module log_embedded, linked in directly.
if HAVE_CMOCKA
check_PROGRAMS += tests/modules/log_embedded/test_log_embedded
TESTS += tests/modules/log_embedded/test_log_embedded
tests_modules_log_embedded_test_log_embedded_SOURCES = \
    tests/modules/log_contract.c tests/modules/log_contract.h \
    tests/modules/log_contract_rig.c tests/modules/log_contract_rig.h \
    tests/modules/log_contract_topics.c \
    tests/modules/log_embedded/faults.c \
    tests/modules/log_embedded/faults.h \
    tests/modules/log_embedded/main.c \
    tests/modules/log_embedded/raw.c \
    tests/modules/log_embedded/raw.h \
    tests/modules/log_embedded/rig.c \
    tests/modules/log_embedded/rig.h \
    tests/modules/log_embedded/test_append.c \
    tests/modules/log_embedded/test_ends.c \
    tests/modules/log_embedded/test_flip.c \
    tests/modules/log_embedded/test_groups.c \
    tests/modules/log_embedded/test_kill.c \
    tests/modules/log_embedded/test_log_embedded.c \
    tests/modules/log_embedded/test_power.c \
    tests/modules/log_embedded/test_read.c \
    tests/modules/log_embedded/test_record.c \
    tests/modules/log_embedded/test_reserve.c \
    tests/modules/log_embedded/test_retention.c \
    tests/modules/log_embedded/test_store.c \
    tests/modules/log_embedded/test_topics.c \
    tests/modules/log_embedded/test_whole.c \
    tests/modules/log_embedded/tests.h \
    tests/support/log_rig.c tests/support/log_rig.h \
    $(log_embedded_sources)
tests_modules_log_embedded_test_log_embedded_CPPFLAGS = $(hg_test_cppflags)
tests_modules_log_embedded_test_log_embedded_LDADD = $(hg_test_libs) $(LMDB_LIBS)
endif
