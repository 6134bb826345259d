/* SPDX-License-Identifier: Apache-2.0 */
/* test_pieces.c - what goes in comes out, in order, and is let go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/http/pieces.h"
#include "tests.h"

static void on_close(struct hg_conn *c, enum hg_conn_end end) {
    (void)c, (void)end;
}

static void pieces_come_out_in_order_however_they_are_taken(void **state) {
    (void)state;
    static const struct hg_conn_ops ops = {.on_close = on_close};
    struct hg_pieces p = {0};
    struct hg_loop *loop = NULL;
    struct hg_conn *c = NULL;
    struct hg_blob *blob = hg_blob_new("abcdefghijklmnopqrstuvwxyz", 26);
    char want[20000], got[20000];
    size_t n_want = 0, n_moved = 0;
    int fds[2];
    assert_int_equal(hg_loop_new(0, &loop), 0);
    hg_loop_adopt(loop);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(hg_conn_new(loop, fds[0], NULL, &ops, NULL, &c), 0);
    hg_loop_turn(loop, false);
    srand(1);
    for (int i = 0; i < 1000; i++) {
        size_t from = (size_t)rand() % 20, len = 1 + (size_t)rand() % 6;
        if (i % 3 == 0) {
            assert_int_equal(hg_pieces_copy(&p, blob->bytes + from, len), 0);
        } else {
            assert_int_equal(hg_pieces_add(&p, blob, from, len), 0);
        }
        memcpy(want + n_want, blob->bytes + from, len);
        n_want += len;
        size_t now = (size_t)rand() % (i % 100 < 50 ? 4 : 10);
        now = now < p.bytes ? now : p.bytes;
        hg_pieces_move(&p, c, now);
        n_moved += now;
        assert_int_equal(p.bytes, n_want - n_moved);
    }
    hg_pieces_move(&p, c, p.bytes);
    assert_null(p.many);
    assert_int_equal(p.n, 0);
    hg_loop_turn(loop, false);
    assert_int_equal(recv(fds[1], got, sizeof(got), MSG_WAITALL | MSG_DONTWAIT), n_want);
    assert_memory_equal(got, want, n_want);
    assert_int_equal(blob->refs, 1);
    hg_blob_unref(&blob);
    hg_conn_abort(c);
    hg_loop_turn(loop, false);
    close(fds[1]);
    hg_loop_free(&loop);
}

static void dropped_pieces_are_let_go(void **state) {
    (void)state;
    struct hg_pieces p = {0};
    struct hg_blob *blob = hg_blob_new("abc", 3);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(hg_pieces_add(&p, blob, 0, 3), 0);
    }
    assert_int_equal(blob->refs, 101);
    hg_pieces_fini(&p);
    assert_int_equal(blob->refs, 1);
    assert_int_equal(p.bytes, 0);
    hg_blob_unref(&blob);
}

int test_pieces(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_come_out_in_order_however_they_are_taken),
        cmocka_unit_test(dropped_pieces_are_let_go),
    };
    return cmocka_run_group_tests_name("proto/http/pieces", tests, NULL, NULL);
}
