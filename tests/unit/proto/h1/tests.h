/* SPDX-License-Identifier: Apache-2.0 */
/* tests.h - the test groups of h1/; each returns how many of its tests failed. */
#ifndef HG_TESTS_PROTO_H1_TESTS_H
#define HG_TESTS_PROTO_H1_TESTS_H

int test_framing(void);
int test_parser(void);
int test_body(void);
int test_h1(void);
int test_h1_answer(void);
int test_h1_memory(void);

#endif
