/* SPDX-License-Identifier: Apache-2.0 */
/* tests.h - the test groups of http/; each returns how many of its tests failed. */
#ifndef HG_TESTS_PROTO_HTTP_TESTS_H
#define HG_TESTS_PROTO_HTTP_TESTS_H

int test_chars(void);
int test_authority(void);
int test_request(void);
int test_answer(void);
int test_pieces(void);
int test_counters(void);
int test_http(void);

#endif
