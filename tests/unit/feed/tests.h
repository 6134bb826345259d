/* SPDX-License-Identifier: Apache-2.0 */
/* tests.h - the groups of this room; each returns how many tests failed. */
#ifndef HG_TESTS_UNIT_FEED_H
#define HG_TESTS_UNIT_FEED_H

int test_answer(void);
int test_beat(void);
int test_counters(void);
int test_encode(void);
int test_feed(void);
int test_follow(void);
int test_gather(void);
int test_index(void);
int test_lost(void);
int test_order(void);
int test_page(void);
int test_part(void);
int test_read(void);
int test_refill(void);
int test_rest(void);
int test_set(void);
int test_start(void);
int test_state(void);
int test_subscriber(void);
int test_wheel(void);
int test_write(void);

#endif
