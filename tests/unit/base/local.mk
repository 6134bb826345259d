# Unit tests of src/base.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/base/test_base
TESTS += tests/unit/base/test_base
tests_unit_base_test_base_SOURCES = \
    tests/unit/unit.h \
    tests/unit/base/main.c tests/unit/base/tests.h \
    tests/unit/base/test_alloc.c \
    tests/unit/base/test_arena.c \
    tests/unit/base/test_base64.c \
    tests/unit/base/test_blob.c \
    tests/unit/base/test_buf.c \
    tests/unit/base/test_clock.c \
    tests/unit/base/test_counters.c \
    tests/unit/base/test_crc32c.c \
    tests/unit/base/test_crc32c_cpu.c \
    tests/unit/base/test_err.c \
    tests/unit/base/test_hash.c \
    tests/unit/base/test_list.c \
    tests/unit/base/test_logfile.c \
    tests/unit/base/test_map.c \
    tests/unit/base/test_pool.c \
    tests/unit/base/test_problem.c \
    tests/unit/base/test_slice.c \
    tests/unit/base/test_thread.c \
    tests/unit/base/test_utf8.c
tests_unit_base_test_base_CPPFLAGS = $(hg_test_cppflags)
tests_unit_base_test_base_LDADD = $(hg_test_libs)
endif
