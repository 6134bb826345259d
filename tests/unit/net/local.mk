# Unit tests of src/net.
if HAVE_CMOCKA
check_PROGRAMS += tests/unit/net/test_net
TESTS += tests/unit/net/test_net
tests_unit_net_test_net_SOURCES = \
    tests/support/pem.c tests/support/pem.h \
    tests/unit/net/main.c \
    tests/unit/net/tests.h \
    tests/unit/net/fixture.c \
    tests/unit/net/fixture.h \
    tests/unit/net/tls_peer.c \
    tests/unit/net/tls_peer.h \
    tests/unit/net/test_addr.c \
    tests/unit/net/test_conn.c \
    tests/unit/net/test_conn_out.c \
    tests/unit/net/test_conn_tls.c \
    tests/unit/net/test_conn_tls_cut.c \
    tests/unit/net/test_counters.c \
    tests/unit/net/test_limit.c \
    tests/unit/net/test_listener.c \
    tests/unit/net/test_out.c \
    tests/unit/net/test_tls.c \
    tests/unit/net/test_tls_bio.c \
    tests/unit/net/test_tls_memory.c \
    tests/unit/net/test_tls_name.c \
    tests/unit/net/test_tls_ticket.c
tests_unit_net_test_net_CPPFLAGS = $(hg_test_cppflags)
tests_unit_net_test_net_LDADD = $(hg_test_libs)
endif
