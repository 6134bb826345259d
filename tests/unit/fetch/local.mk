# Unit tests of src/fetch.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/fetch/test_fetch
TESTS += tests/unit/fetch/test_fetch
tests_unit_fetch_test_fetch_SOURCES = \
    tests/support/http_peer.c tests/support/http_peer.h \
    tests/unit/unit.h \
    tests/unit/fetch/main.c tests/unit/fetch/tests.h \
    tests/unit/fetch/test_client.c \
    tests/unit/fetch/test_fetch.c \
    tests/unit/fetch/test_link.c \
    tests/unit/fetch/test_retry_after.c \
    tests/unit/fetch/test_transfer.c \
    tests/unit/fetch/test_url.c
tests_unit_fetch_test_fetch_CPPFLAGS = $(hg_test_cppflags)
tests_unit_fetch_test_fetch_LDADD = $(hg_test_libs)
endif
