/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - unit tests of src/ctl. */
#include "unit/ctl/tests.h"

int main(void) {
    static int (*const groups[])(void) = {
        test_console,   test_options, test_items, test_draft, test_print,  test_metrics,
        test_retry,     test_trouble, test_input, test_stop,  test_reach,  test_send,
        test_publish,   test_follow,  test_pull,  test_tail,  test_status, test_dlq,
        test_dlq_print, test_ctl,     test_store, test_copy,  test_log,
    };
    int failed = 0;
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < HG_COUNT(groups); i++) {
        failed += groups[i]() != 0;
    }
    return failed != 0;
}
