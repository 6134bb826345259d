/* SPDX-License-Identifier: Apache-2.0 */
/* test_h1_memory.c - a whole exchange in which one allocation after the other
 * fails: whatever happens, every request that was told is let go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "../upper.h"
#include "base/alloc.h"
#include "tests.h"

static void exchange(struct upper *u) {
    u->mode = UPPER_MANUAL;
    upper_send(u, HG_SLICE("POST /1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chu"));
    upper_send(u,
               HG_SLICE("nked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"));
    if (u->stream != NULL) {
        hg_stream_begin(u->stream, 200, NULL, 0);
        for (int i = 0; i < 20; i++) {
            hg_stream_put(u->stream, "piece", 5);
        }
        hg_stream_end(u->stream);
    }
    upper_turn(u);
    if (u->stream != NULL) {
        hg_stream_answer(u->stream, 200, NULL, 0, HG_SLICE("two"));
    }
    upper_turn(u);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    bool is_over = false;
    int n = 0;
    while (!is_over) {
        struct upper u;
        upper_init(&u);
        upper_reserve(&u);
        upper_connect(&u);
        hg_alloc_fail_after(n++);
        exchange(&u);
        is_over = hg_alloc_fail_is_pending();
        hg_alloc_fail_after(-1);
        upper_fini(&u); /* asserts that all are let go */
    }
    assert_true(n > 8);
}

int test_h1_memory(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("proto/h1/memory", tests, NULL, NULL);
}
