/* SPDX-License-Identifier: Apache-2.0 */
/* tests.h - the groups of this room; each returns how many tests failed. */
#ifndef HG_TESTS_UNIT_LOOP_H
#define HG_TESTS_UNIT_LOOP_H

int test_handle(void);
int test_loop(void);
int test_mailbox(void);
int test_signals(void);
int test_timer(void);
int test_watch(void);

#endif
