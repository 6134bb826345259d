/* SPDX-License-Identifier: Apache-2.0 */
/* tests.h - the groups of this room; each returns how many tests failed. */
#ifndef HG_TESTS_UNIT_WINDOW_H
#define HG_TESTS_UNIT_WINDOW_H

int test_slot(void);
int test_window(void);

#endif
