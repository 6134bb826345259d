/* SPDX-License-Identifier: Apache-2.0 */
/* tests.h - the groups of this room. */
#ifndef HG_TESTS_UNIT_CTL_TESTS_H
#define HG_TESTS_UNIT_CTL_TESTS_H

#include "unit/unit.h"

int test_console(void);
int test_copy(void);
int test_ctl(void);
int test_dlq(void);
int test_dlq_print(void);
int test_draft(void);
int test_follow(void);
int test_input(void);
int test_items(void);
int test_log(void);
int test_metrics(void);
int test_options(void);
int test_print(void);
int test_publish(void);
int test_pull(void);
int test_reach(void);
int test_retry(void);
int test_send(void);
int test_status(void);
int test_stop(void);
int test_store(void);
int test_tail(void);
int test_trouble(void);

#endif
