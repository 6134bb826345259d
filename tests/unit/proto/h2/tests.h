/* SPDX-License-Identifier: Apache-2.0 */
/* tests.h - the test groups of h2/; each returns how many of its tests failed. */
#ifndef HG_TESTS_PROTO_H2_TESTS_H
#define HG_TESTS_PROTO_H2_TESTS_H

int test_h2_guard(void);
int test_h2_head(void);
int test_h2(void);
int test_h2_session(void);
int test_h2_stream(void);
int test_h2_memory(void);

#endif
