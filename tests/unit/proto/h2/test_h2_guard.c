/* SPDX-License-Identifier: Apache-2.0 */
/* test_h2_guard.c - accounts, and frame headers that come in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "headgate/buf.h"
#include "proto/h2/h2_guard.h"
#include "tests.h"

static void put_frame(struct hg_buf *b, size_t n, unsigned type, unsigned flags, unsigned id) {
    const unsigned char head[9] = {(unsigned char)(n >> 16),
                                   (unsigned char)(n >> 8),
                                   (unsigned char)n,
                                   (unsigned char)type,
                                   (unsigned char)flags,
                                   0,
                                   0,
                                   (unsigned char)(id >> 8),
                                   (unsigned char)id};
    hg_buf_put(b, head, sizeof(head));
    for (size_t i = 0; i < n; i++) {
        hg_buf_put(b, "\x01", 1);
    }
}

/* Feeds everything; what came out is appended to out. */
static enum hg_h2_verdict feed(struct hg_h2_guard *g, const char *bytes, size_t n,
                               struct hg_buf *out) {
    const char *pos = bytes;
    enum hg_h2_verdict verdict = HG_H2_GO_ON;
    while (pos < bytes + n && verdict == HG_H2_GO_ON) {
        struct hg_slice run;
        verdict = hg_h2_guard_next(g, &pos, bytes + n, 0, &run);
        if (out != NULL) {
            hg_buf_put_slice(out, run);
        }
    }
    return verdict;
}

static void start(struct hg_h2_guard *g) {
    hg_h2_guard_init(g, 0);
    assert_int_equal(feed(g, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24, NULL), HG_H2_GO_ON);
}

static enum hg_h2_verdict feed_frame(struct hg_h2_guard *g, size_t n, unsigned type, unsigned flags,
                                     unsigned id) {
    struct hg_buf b = {0};
    put_frame(&b, n, type, flags, id);
    enum hg_h2_verdict verdict = feed(g, b.ptr, b.len, NULL);
    hg_buf_fini(&b);
    return verdict;
}

static void bucket_empties_and_fills_with_time(void **state) {
    (void)state;
    struct hg_h2_bucket b;
    hg_h2_bucket_init(&b, 3, 2, 1000);
    for (int i = 0; i < 3; i++) {
        assert_true(hg_h2_bucket_take(&b, 1000));
    }
    assert_false(hg_h2_bucket_take(&b, 1000));
    assert_false(hg_h2_bucket_take(&b, 1499));
    assert_true(hg_h2_bucket_take(&b, 1500));
    assert_false(hg_h2_bucket_take(&b, 1501));
    for (int i = 0; i < 3; i++) {
        assert_true(hg_h2_bucket_take(&b, INT64_MAX / 2));
    }
    assert_false(hg_h2_bucket_take(&b, INT64_MAX / 2));
}

static void whole_input_comes_out_in_one_run(void **state) {
    (void)state;
    struct hg_h2_guard g;
    struct hg_buf b = {0};
    struct hg_slice run;
    hg_h2_guard_init(&g, 0);
    HG_BUF_LIT(&b, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    put_frame(&b, 6, 4, 0, 0);
    put_frame(&b, 20, 1, 4, 1);
    put_frame(&b, 100, 0, 1, 1);
    const char *pos = b.ptr;
    assert_int_equal(hg_h2_guard_next(&g, &pos, b.ptr + b.len, 0, &run), HG_H2_GO_ON);
    assert_ptr_equal(run.ptr, b.ptr);
    assert_int_equal(run.len, b.len);
    hg_buf_fini(&b);
}

/* Whatever the cut, the same bytes come out, and never a part of a header. */
static void frame_headers_come_out_whole(void **state) {
    (void)state;
    struct hg_buf b = {0};
    HG_BUF_LIT(&b, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    put_frame(&b, 0, 4, 0, 0);
    put_frame(&b, 20, 1, 0, 1);
    put_frame(&b, 3, 9, 4, 1);
    put_frame(&b, 5, 2, 0, 9);
    put_frame(&b, 7, 0, 1, 1);
    put_frame(&b, 0, 6, 0, 0);
    for (size_t cut = 0; cut <= b.len; cut++) {
        struct hg_h2_guard g;
        struct hg_buf out = {0};
        hg_h2_guard_init(&g, 0);
        assert_int_equal(feed(&g, b.ptr, cut, &out), HG_H2_GO_ON);
        size_t at = 24;
        while (at < out.len) { /* ends inside a payload or behind a header */
            const unsigned char *h = (const unsigned char *)b.ptr + at;
            assert_true(at + 9 <= out.len);
            at += 9 + ((size_t)h[1] << 8 | h[2]);
        }
        assert_int_equal(feed(&g, b.ptr + cut, b.len - cut, &out), HG_H2_GO_ON);
        assert_int_equal(out.len, b.len);
        assert_memory_equal(out.ptr, b.ptr, b.len);
        hg_buf_fini(&out);
    }
    struct hg_h2_guard g;
    struct hg_buf out = {0};
    hg_h2_guard_init(&g, 0);
    for (size_t i = 0; i < b.len; i++) {
        assert_int_equal(feed(&g, b.ptr + i, 1, &out), HG_H2_GO_ON);
    }
    assert_memory_equal(out.ptr, b.ptr, b.len);
    hg_buf_fini(&out);
    hg_buf_fini(&b);
}

static void frames_that_carry_nothing_are_counted(void **state) {
    (void)state;
    static const struct {
        size_t n;
        unsigned type, flags, id;
    } rows[] = {{8, 6, 0, 0},   {6, 4, 0, 0},    {5, 2, 0, 7},  {4, 8, 0, 0}, {0, 0, 0, 1},
                {10, 10, 0, 0}, {3, 0xfe, 0, 1}, {16, 7, 0, 0}, {9, 16, 0, 0}};
    for (size_t i = 0; i < HG_COUNT(rows); i++) {
        struct hg_h2_guard g;
        int n = 0;
        start(&g);
        while (feed_frame(&g, rows[i].n, rows[i].type, rows[i].flags, rows[i].id) == HG_H2_GO_ON) {
            n++;
            assert_true(n <= 500);
            assert_int_equal(g.is_worn, n > 375);
        }
        assert_int_equal(n, 500);
    }
}

static void window_updates_are_paid_for_by_our_data(void **state) {
    (void)state;
    struct hg_h2_guard g;
    start(&g);
    for (int i = 0; i < 10000; i++) {
        hg_h2_guard_data_sent(&g, 100);
        assert_int_equal(feed_frame(&g, 4, 8, 0, 1), HG_H2_GO_ON);
        assert_int_equal(feed_frame(&g, 4, 8, 0, 0), HG_H2_GO_ON);
    }
    assert_false(g.is_worn);
}

static void load_is_free(void **state) {
    (void)state;
    struct hg_h2_guard g;
    start(&g);
    for (unsigned i = 0; i < 20000; i++) {
        assert_int_equal(feed_frame(&g, 10, 1, 4, 2 * i + 1), HG_H2_GO_ON);
        assert_int_equal(feed_frame(&g, 100, 0, 0, 2 * i + 1), HG_H2_GO_ON);
        assert_int_equal(feed_frame(&g, 0, 0, 1, 2 * i + 1), HG_H2_GO_ON);
    }
}

static void resets_have_accounts_of_their_own(void **state) {
    (void)state;
    struct hg_h2_guard g;
    int n = 0;
    start(&g);
    while (feed_frame(&g, 4, 3, 0, 1) == HG_H2_GO_ON) {
        n++;
    }
    assert_int_equal(n, 200);
    start(&g);
    for (n = 0; hg_h2_guard_reset_sent(&g, 0) == HG_H2_GO_ON; n++) {
    }
    assert_int_equal(n, 100);
}

static void ids_only_rise(void **state) {
    (void)state;
    struct hg_h2_guard g;
    start(&g);
    assert_int_equal(feed_frame(&g, 9, 1, 4, 1), HG_H2_GO_ON);
    assert_int_equal(feed_frame(&g, 9, 1, 4, 3), HG_H2_GO_ON);
    assert_int_equal(feed_frame(&g, 9, 1, 4, 9), HG_H2_GO_ON);
    assert_int_equal(feed_frame(&g, 9, 1, 5, 3), HG_H2_GO_ON); /* trailers */
    assert_int_equal(feed_frame(&g, 9, 1, 4, 7), HG_H2_WRONG); /* was passed over */
}

static void nothing_follows_the_peers_own_end(void **state) {
    (void)state;
    struct hg_h2_guard g;
    start(&g);
    assert_int_equal(feed_frame(&g, 9, 1, 5, 1), HG_H2_GO_ON);
    assert_int_equal(feed_frame(&g, 9, 0, 0, 1), HG_H2_ENDED_STREAM);
    start(&g);
    assert_int_equal(feed_frame(&g, 9, 1, 4, 1), HG_H2_GO_ON);
    assert_int_equal(feed_frame(&g, 4, 3, 0, 1), HG_H2_GO_ON);
    assert_int_equal(feed_frame(&g, 9, 1, 5, 1), HG_H2_ENDED_STREAM);
    start(&g);
    assert_int_equal(feed_frame(&g, 4, 3, 0, 3), HG_H2_GO_ON); /* idle: the library's to judge */
    assert_int_equal(feed_frame(&g, 9, 1, 5, 3), HG_H2_GO_ON);
}

static void priority_is_looked_at(void **state) {
    (void)state;
    struct hg_h2_guard g;
    start(&g);
    assert_int_equal(feed_frame(&g, 5, 2, 0, 0), HG_H2_WRONG);
    start(&g);
    const char of_itself[] = "\0\0\5\2\0\0\0\0\3\0\0\0\3\x10";
    assert_int_equal(feed(&g, of_itself, 14, NULL), HG_H2_WRONG);
    start(&g);
    const char of_other[] = "\0\0\5\2\0\0\0\0\3\0\0\0\5\x10";
    assert_int_equal(feed(&g, of_other, 14, NULL), HG_H2_GO_ON);
}

int test_h2_guard(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bucket_empties_and_fills_with_time),
        cmocka_unit_test(whole_input_comes_out_in_one_run),
        cmocka_unit_test(frame_headers_come_out_whole),
        cmocka_unit_test(frames_that_carry_nothing_are_counted),
        cmocka_unit_test(window_updates_are_paid_for_by_our_data),
        cmocka_unit_test(load_is_free),
        cmocka_unit_test(resets_have_accounts_of_their_own),
        cmocka_unit_test(ids_only_rise),
        cmocka_unit_test(nothing_follows_the_peers_own_end),
        cmocka_unit_test(priority_is_looked_at),
    };
    return cmocka_run_group_tests_name("proto/h2/h2_guard", tests, NULL, NULL);
}
