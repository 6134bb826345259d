/* SPDX-License-Identifier: Apache-2.0 */
/* tests.h - the groups of this room; each returns how many tests failed. */
#ifndef HG_TESTS_UNIT_FEED_H
#define HG_TESTS_UNIT_FEED_H

int test_feed(void);

#endif
