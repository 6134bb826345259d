/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - runs the groups of loop/, lowest first. */
#include "unit/loop/tests.h"

#include "headgate/base.h"

int main(void) {
    static int (*const groups[])(void) = {
        test_handle, test_mailbox, test_loop, test_timer, test_watch, test_signals,
    };
    int failed = 0;
    for (size_t i = 0; i < HG_COUNT(groups); i++) {
        failed += groups[i]() != 0;
    }
    return failed != 0;
}
