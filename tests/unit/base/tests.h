/* SPDX-License-Identifier: Apache-2.0 */
/* tests.h - the groups of this room; each returns how many tests failed. */
#ifndef HG_TESTS_UNIT_BASE_H
#define HG_TESTS_UNIT_BASE_H

int test_alloc(void);
int test_arena(void);
int test_base64(void);
int test_blob(void);
int test_buf(void);
int test_clock(void);
int test_counters(void);
int test_crc32c(void);
int test_crc32c_cpu(void);
int test_err(void);
int test_hash(void);
int test_list(void);
int test_logfile(void);
int test_map(void);
int test_pool(void);
int test_problem(void);
int test_slice(void);
int test_thread(void);
int test_utf8(void);

#endif
