/* SPDX-License-Identifier: Apache-2.0 */
/* tests.h - the groups of this binary; each returns how many tests failed. */
#ifndef TESTS_UNIT_LOG_TESTS_H
#define TESTS_UNIT_LOG_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

int test_admit(void);
int test_batch(void);
int test_copies(void);
int test_counters(void);
int test_crossing(void);
int test_cursor(void);
int test_dedup(void);
int test_errands(void);
int test_expect(void);
int test_follow(void);
int test_grow(void);
int test_hide(void);
int test_inbox(void);
int test_index(void);
int test_judge(void);
int test_late(void);
int test_line(void);
int test_log(void);
int test_log_thread(void);
int test_mark(void);
int test_murmur2(void);
int test_pending(void);
int test_plan(void);
int test_position(void);
int test_readers(void);
int test_recall(void);
int test_records(void);
int test_refresh(void);
int test_settings(void);
int test_tail(void);
int test_topic(void);
int test_topic_open(void);
int test_topics(void);
int test_trim(void);
int test_up(void);
int test_upkeep(void);
int test_wanted(void);

#endif
