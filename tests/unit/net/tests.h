/* SPDX-License-Identifier: Apache-2.0 */
/* tests.h - the groups of this binary; each returns how many tests failed. */
#ifndef TESTS_UNIT_NET_TESTS_H
#define TESTS_UNIT_NET_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

int test_addr(void);
int test_conn(void);
int test_conn_out(void);
int test_conn_tls(void);
int test_conn_tls_cut(void);
int test_counters(void);
int test_limit(void);
int test_listener(void);
int test_out(void);
int test_tls(void);
int test_tls_bio(void);
int test_tls_memory(void);
int test_tls_name(void);
int test_tls_ticket(void);

#endif
