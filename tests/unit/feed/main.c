/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - runs the groups of feed/, lowest first. */
#include "headgate/base.h"
#include "unit/feed/tests.h"

int main(void) {
    static int (*const groups[])(void) = {
        test_index, test_wheel, test_part,       test_set,  test_encode, test_counters,
        test_write, test_beat,  test_answer,     test_page, test_read,   test_refill,
        test_start, test_state, test_subscriber, test_feed, test_follow, test_gather,
        test_lost,  test_rest,  test_order,
    };
    int failed = 0;
    for (size_t i = 0; i < HG_COUNT(groups); i++) {
        failed += groups[i]() != 0;
    }
    return failed != 0;
}
