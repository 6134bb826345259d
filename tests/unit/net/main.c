/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - runs every group of tests of src/net. */
#include "unit/net/tests.h"

int main(void) {
    int failed = 0;
    failed += test_addr();
    failed += test_counters();
    failed += test_limit();
    failed += test_out();
    failed += test_tls_name();
    failed += test_tls_ticket();
    failed += test_tls();
    failed += test_tls_bio();
    failed += test_conn();
    failed += test_conn_out();
    failed += test_conn_tls();
    failed += test_conn_tls_cut();
    failed += test_listener();
    failed += test_tls_memory(); /* last: OpenSSL has its own memory in the others */
    return failed != 0;
}
