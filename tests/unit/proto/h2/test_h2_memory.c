/* SPDX-License-Identifier: Apache-2.0 */
/* test_h2_memory.c - a whole exchange in which one allocation after the other
 * fails: whatever happens, every request that was told is let go.
 *
 * The library keeps its own allocator: libnghttp2 1.52 frees an item twice
 * when its queue of streams cannot grow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "peer.h"
#include "tests.h"

static void exchange(struct upper *u, struct hg_slice head, struct hg_slice rest) {
    u->mode = UPPER_MANUAL;
    upper_send(u, head);
    struct hg_stream *first = u->stream;
    if (first != NULL) {
        hg_stream_pause(first, true);
    }
    upper_send(u, rest);
    if (u->stream == first && first != NULL) {
        hg_stream_pause(first, false);
        hg_stream_begin(first, 200, NULL, 0);
        for (int i = 0; i < 20; i++) {
            hg_stream_put(first, "piece", 5);
        }
        hg_stream_end(first);
    } else if (u->stream != NULL) {
        const struct hg_field field = {HG_SLICE("x"), HG_SLICE("y")};
        hg_stream_answer(u->stream, 200, &field, 1, HG_SLICE("two"));
    }
    upper_turn(u);
    upper_turn(u);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    bool is_over = false;
    int n = 0;
    while (!is_over) {
        struct upper u;
        struct peer p;
        upper_init(&u);
        upper_reserve(&u);
        upper_connect(&u);
        peer_init(&p, &u);
        peer_ack(&p);
        peer_post(&p, 1, "/1", NULL);
        size_t first = p.out.len;
        peer_data(&p, F_END_STREAM, 1, "hello");
        if (n & 1) {
            peer_get(&p, 3, "/2");
        }
        hg_alloc_fail_after(n++);
        exchange(&u, (struct hg_slice){p.out.ptr, first},
                 (struct hg_slice){p.out.ptr + first, p.out.len - first});
        is_over = hg_alloc_fail_is_pending();
        hg_alloc_fail_after(-1);
        peer_fini(&p);
        upper_fini(&u); /* asserts that all are let go */
    }
    assert_true(n > 8);
}

int test_h2_memory(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("proto/h2/memory", tests, NULL, NULL);
}
