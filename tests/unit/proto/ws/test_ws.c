/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "unit/proto/ws/client.h"

/* What the engine gave, as text: "T:hello P:x ". */
struct heard {
    struct hg_ws ws;
    struct hg_buf log;
    size_t stop_after; /* messages after which is_closed is set; 0 never */
    size_t fini_after; /* messages after which the session is freed */
    size_t n;
};

static void on_message(void *arg, enum hg_ws_op op, struct hg_slice payload) {
    struct heard *h = arg;
    static const char names[] = "?TB?????CPO";
    hg_buf_printf(&h->log, "%c:", names[op]);
    hg_buf_put_slice(&h->log, payload);
    HG_BUF_LIT(&h->log, " ");
    h->n++;
    if (h->n == h->stop_after) {
        h->ws.is_closed = true;
    }
    if (h->n == h->fini_after) {
        hg_ws_fini(&h->ws);
    }
}

static const struct hg_ws_ops ops = {.on_message = on_message};

static void heard_init(struct heard *h, size_t message_bytes_max) {
    *h = (struct heard){
        .ws = {.ops = &ops, .arg = h, .message_bytes_max = message_bytes_max, .fragments_max = 64}};
}

static void heard_fini(struct heard *h) {
    hg_ws_fini(&h->ws);
    hg_buf_fini(&h->log);
}

static void assert_heard(const struct heard *h, const char *want) {
    assert_int_equal(h->log.len, strlen(want));
    assert_memory_equal(h->log.ptr, want, h->log.len);
}

static void put_part(struct hg_buf *out, int op, bool is_final, const char *text) {
    put_client_frame(out, &(struct client_frame){.op = (uint8_t)op,
                                                 .is_final = is_final,
                                                 .payload = hg_slice_of(text)});
}

static int feed(struct heard *h, struct hg_buf *in) {
    int code = hg_ws_feed(&h->ws, in->ptr, in->len);
    hg_buf_fini(in);
    return code;
}

static void messages_come_whole_and_in_order(void **state) {
    struct heard h;
    struct hg_buf in = {0};
    (void)state;
    heard_init(&h, 1000);
    put_client(&in, HG_WS_TEXT, HG_SLICE("one"));
    put_client(&in, HG_WS_BINARY, HG_SLICE("\xff\xfe"));
    put_client(&in, HG_WS_TEXT, HG_SLICE(""));
    assert_int_equal(feed(&h, &in), 0);
    assert_heard(&h, "T:one B:\xff\xfe T: ");
    heard_fini(&h);
}

static void control_frames_overtake_the_message_they_stand_in(void **state) {
    struct heard h;
    struct hg_buf in = {0};
    (void)state;
    heard_init(&h, 1000);
    put_part(&in, HG_WS_TEXT, false, "a");
    put_part(&in, HG_WS_PING, true, "p");
    put_part(&in, 0, false, "b");
    put_part(&in, HG_WS_PONG, true, "o");
    put_part(&in, 0, true, "c");
    assert_int_equal(feed(&h, &in), 0);
    assert_heard(&h, "P:p O:o T:abc ");
    heard_fini(&h);
}

static void an_idle_socket_holds_no_parser(void **state) {
    struct heard h;
    struct hg_buf in = {0};
    (void)state;
    heard_init(&h, 1000);
    put_client(&in, HG_WS_TEXT, HG_SLICE("hello"));
    assert_false(hg_ws_is_waiting(&h.ws));
    for (size_t i = 0; i < in.len; i++) {
        assert_int_equal(hg_ws_feed(&h.ws, in.ptr + i, 1), 0);
        assert_int_equal(hg_ws_is_waiting(&h.ws), i + 1 < in.len);
    }
    assert_true(sizeof(struct hg_ws) <= 64);
    assert_null(h.ws.parser);
    hg_buf_fini(&in);
    heard_fini(&h);
}

static void an_unfinished_message_waits_between_its_frames(void **state) {
    struct heard h;
    struct hg_buf in = {0};
    (void)state;
    heard_init(&h, 1000);
    put_part(&in, HG_WS_TEXT, false, "");
    assert_int_equal(feed(&h, &in), 0);
    assert_true(hg_ws_is_waiting(&h.ws));
    put_part(&in, 0, true, "");
    assert_int_equal(feed(&h, &in), 0);
    assert_false(hg_ws_is_waiting(&h.ws));
    heard_fini(&h);
}

/* Feeds byte by byte; how many bytes went in before the code came, or 0. */
static size_t bytes_until(const char *bytes, size_t n, int code) {
    struct heard h;
    size_t at = 0;
    heard_init(&h, 1000);
    for (size_t i = 0; i < n && at == 0; i++) {
        int got = hg_ws_feed(&h.ws, bytes + i, 1);
        if (got != 0) {
            assert_int_equal(got, code);
            assert_true(h.ws.is_closed);
            assert_null(h.ws.parser);
            at = i + 1;
        }
    }
    heard_fini(&h);
    return at;
}

static void a_broken_head_is_refused_at_the_byte_that_breaks_it(void **state) {
    (void)state;
    for (int rsv = 1; rsv < 8; rsv++) {
        char first = (char)(0x81 | rsv << 4);
        assert_int_equal(bytes_until(&first, 1, 1002), 1);
    }
    assert_int_equal(bytes_until("\x83", 1, 1002), 1);             /* reserved */
    assert_int_equal(bytes_until("\x8b", 1, 1002), 1);             /* reserved control */
    assert_int_equal(bytes_until("\x09", 1, 1002), 1);             /* ping in fragments */
    assert_int_equal(bytes_until("\x80", 1, 1002), 1);             /* nothing to continue */
    assert_int_equal(bytes_until("\x81\x05", 2, 1002), 2);         /* not masked */
    assert_int_equal(bytes_until("\x89\xfe", 2, 1002), 2);         /* long ping */
    assert_int_equal(bytes_until("\x81\xfe\x00\x7d", 4, 1002), 4); /* could be shorter */
    assert_int_equal(bytes_until("\x81\xff\0\0\0\0\0\0\xff\xff", 10, 1002), 10);
    assert_int_equal(bytes_until("\x81\xff\x80\0\0\0\0\0\0\0", 10, 1002), 10);
}

static void a_length_beyond_the_limit_is_refused_before_the_key(void **state) {
    (void)state;
    assert_int_equal(bytes_until("\x82\xfe\x03\xe9", 4, 1009), 4);
    assert_int_equal(bytes_until("\x82\xfe\x03\xe8", 4, 1009), 0);
    assert_int_equal(bytes_until("\x82\xff\0\0\0\0\0\1\0\0", 10, 1009), 10);
    assert_int_equal(bytes_until("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 10, 1009), 10);
}

static void a_new_message_inside_another_is_refused(void **state) {
    struct heard h;
    struct hg_buf in = {0};
    (void)state;
    heard_init(&h, 1000);
    put_part(&in, HG_WS_TEXT, false, "a");
    put_part(&in, HG_WS_BINARY, true, "b");
    assert_int_equal(feed(&h, &in), 1002);
    assert_heard(&h, "");
    heard_fini(&h);
}

static void the_limit_counts_all_fragments(void **state) {
    struct heard h;
    struct hg_buf in = {0};
    (void)state;
    heard_init(&h, 8);
    put_part(&in, HG_WS_BINARY, false, "1234");
    put_part(&in, HG_WS_PING, true, "not counted");
    put_part(&in, 0, false, "5678");
    put_part(&in, 0, true, "");
    put_part(&in, HG_WS_TEXT, true, "12345678");
    assert_int_equal(feed(&h, &in), 0);
    assert_heard(&h, "P:not counted B:12345678 T:12345678 ");
    put_part(&in, HG_WS_BINARY, false, "1234");
    put_part(&in, 0, true, "56789");
    assert_int_equal(feed(&h, &in), 1009);
    heard_fini(&h);
}

static void the_sum_of_lengths_does_not_wrap(void **state) {
    struct heard h;
    struct hg_buf in = {0};
    (void)state;
    heard_init(&h, INT64_MAX);
    put_part(&in, HG_WS_BINARY, false, "12345678");
    HG_BUF_LIT(&in, "\x80\xff\x7f\xff\xff\xff\xff\xff\xff\xff");
    assert_int_equal(feed(&h, &in), 1009);
    heard_fini(&h);
}

/* One message of n frames. */
static int feed_fragments(size_t n, const char *each) {
    struct heard h;
    struct hg_buf in = {0};
    heard_init(&h, 1000);
    for (size_t i = 0; i < n; i++) {
        put_part(&in, i == 0 ? HG_WS_TEXT : 0, i + 1 == n, each);
        put_part(&in, HG_WS_PONG, true, "");
    }
    int code = feed(&h, &in);
    heard_fini(&h);
    return code;
}

static void a_message_has_at_most_so_many_fragments(void **state) {
    (void)state;
    assert_int_equal(feed_fragments(64, "x"), 0);
    assert_int_equal(feed_fragments(64, ""), 0);
    assert_int_equal(feed_fragments(65, "x"), 1008);
    assert_int_equal(feed_fragments(10000, ""), 1008);
}

static void fragments_are_counted_for_each_message_alone(void **state) {
    struct heard h;
    struct hg_buf in = {0};
    (void)state;
    heard_init(&h, 1000);
    for (int i = 0; i < 200; i++) {
        put_part(&in, HG_WS_TEXT, false, "x");
        put_part(&in, 0, true, "y");
    }
    assert_int_equal(feed(&h, &in), 0);
    assert_int_equal(h.n, 200);
    heard_fini(&h);
}

static void bad_text_is_refused_as_soon_as_it_is_certain(void **state) {
    struct heard h;
    struct hg_buf in = {0};
    (void)state;
    heard_init(&h, 1000);
    put_part(&in, HG_WS_TEXT, false, "\xce\xba\xf4");
    assert_int_equal(feed(&h, &in), 0);
    put_part(&in, 0, false, "\x90rest");
    in.len -= 4; /* the frame goes on, but no byte could mend it */
    assert_int_equal(feed(&h, &in), 1007);
    heard_fini(&h);
}

static void a_text_that_ends_inside_a_character_is_refused(void **state) {
    struct heard h;
    struct hg_buf in = {0};
    (void)state;
    heard_init(&h, 1000);
    put_part(&in, HG_WS_TEXT, false, "\xe2\x82");
    put_part(&in, 0, true, "\xac");
    assert_int_equal(feed(&h, &in), 0);
    assert_heard(&h, "T:\xe2\x82\xac ");
    put_part(&in, HG_WS_TEXT, false, "\xe2\x82");
    put_part(&in, 0, true, "");
    assert_int_equal(feed(&h, &in), 1007);
    heard_fini(&h);
}

static void binary_messages_may_hold_any_bytes(void **state) {
    struct heard h;
    struct hg_buf in = {0};
    (void)state;
    heard_init(&h, 1000);
    put_client(&in, HG_WS_BINARY, HG_SLICE("\xff\x00\xc0"));
    assert_int_equal(feed(&h, &in), 0);
    assert_int_equal(h.log.len, 6);
    assert_memory_equal(h.log.ptr, "B:\xff\x00\xc0 ", 6);
    heard_fini(&h);
}

static void nothing_is_read_after_a_close_frame(void **state) {
    struct heard h;
    struct hg_buf in = {0};
    (void)state;
    heard_init(&h, 1000);
    put_part(&in, HG_WS_TEXT, false, "half");
    put_part(&in, HG_WS_CLOSE, true, "\x03\xe8");
    put_part(&in, HG_WS_PING, true, "x");
    HG_BUF_LIT(&in, "\xff\xff garbage");
    assert_int_equal(feed(&h, &in), 0);
    assert_true(h.ws.is_closed);
    assert_null(h.ws.parser);
    assert_heard(&h, "C:\x03\xe8 ");
    assert_int_equal(hg_ws_feed(&h.ws, "\x00", 1), 0);
    assert_int_equal(h.n, 1);
    heard_fini(&h);
}

static void nothing_is_read_after_a_fault(void **state) {
    struct heard h;
    struct hg_buf in = {0};
    (void)state;
    heard_init(&h, 1000);
    assert_int_equal(hg_ws_feed(&h.ws, "\xf1", 1), 1002);
    put_client(&in, HG_WS_TEXT, HG_SLICE("a"));
    assert_int_equal(feed(&h, &in), 0);
    assert_int_equal(h.n, 0);
    heard_fini(&h);
}

static void the_callee_may_stop_the_parser(void **state) {
    struct heard h;
    struct hg_buf in = {0};
    (void)state;
    heard_init(&h, 1000);
    h.stop_after = 2;
    for (int i = 0; i < 5; i++) {
        put_client(&in, HG_WS_PING, HG_SLICE("p"));
    }
    assert_int_equal(feed(&h, &in), 0);
    assert_int_equal(h.n, 2);
    assert_null(h.ws.parser);
    heard_fini(&h);
}

static void the_callee_may_free_the_parser(void **state) {
    (void)state;
    for (size_t after = 1; after <= 3; after++) {
        struct heard h;
        struct hg_buf in = {0};
        heard_init(&h, 1000);
        h.fini_after = after;
        put_client(&in, HG_WS_TEXT, HG_SLICE("whole"));
        put_part(&in, HG_WS_TEXT, false, "half");
        put_part(&in, HG_WS_PING, true, "inside");
        put_part(&in, 0, true, "half");
        put_part(&in, HG_WS_TEXT, true, "more");
        assert_int_equal(feed(&h, &in), 0);
        assert_int_equal(h.n, after);
        assert_null(h.ws.parser);
        heard_fini(&h);
    }
}

/* Every length and every cut around the eight bytes that are unmasked at once. */
static void a_mask_is_undone_at_every_offset(void **state) {
    char text[41];
    (void)state;
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (char)(i * 7 + 1);
    }
    for (size_t len = 0; len <= 40; len++) {
        struct hg_buf in = {0};
        put_client(&in, HG_WS_BINARY, (struct hg_slice){text, len});
        for (size_t a = 0; a <= in.len; a++) {
            for (size_t b = a; b <= in.len; b += 3) {
                struct heard h;
                heard_init(&h, 1000);
                assert_int_equal(hg_ws_feed(&h.ws, in.ptr, a), 0);
                assert_int_equal(hg_ws_feed(&h.ws, in.ptr + a, b - a), 0);
                assert_int_equal(hg_ws_feed(&h.ws, in.ptr + b, in.len - b), 0);
                assert_int_equal(h.log.len, len + 3);
                assert_memory_equal(h.log.ptr + 2, text, len);
                heard_fini(&h);
            }
        }
        hg_buf_fini(&in);
    }
}

/* Every allocation fails once: the answer is 1013, or nobody noticed. */
static void a_lack_of_memory_ends_the_session(void **state) {
    bool has_failed = true;
    (void)state;
    for (int64_t nth = 0; has_failed; nth++) {
        struct heard h;
        struct hg_buf in = {0};
        char big[400];
        memset(big, 'x', sizeof big);
        heard_init(&h, 1000);
        assert_int_equal(hg_buf_reserve(&h.log, 2000), 0);
        put_part(&in, HG_WS_TEXT, false, "begins");
        put_client_frame(&in, &(struct client_frame){.payload = {big, sizeof big}});
        put_part(&in, HG_WS_PING, true, "p");
        put_part(&in, 0, true, "");
        hg_alloc_fail_after(nth);
        int code = hg_ws_feed(&h.ws, in.ptr, in.len);
        has_failed = !hg_alloc_fail_is_pending();
        hg_alloc_fail_after(-1);
        assert_int_equal(code, has_failed ? 1013 : 0);
        assert_int_equal(h.n, has_failed ? 0 : 2);
        assert_null(h.ws.parser);
        hg_buf_fini(&in);
        heard_fini(&h);
    }
}

int test_ws(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_whole_and_in_order),
        cmocka_unit_test(control_frames_overtake_the_message_they_stand_in),
        cmocka_unit_test(an_idle_socket_holds_no_parser),
        cmocka_unit_test(an_unfinished_message_waits_between_its_frames),
        cmocka_unit_test(a_broken_head_is_refused_at_the_byte_that_breaks_it),
        cmocka_unit_test(a_length_beyond_the_limit_is_refused_before_the_key),
        cmocka_unit_test(a_new_message_inside_another_is_refused),
        cmocka_unit_test(the_limit_counts_all_fragments),
        cmocka_unit_test(the_sum_of_lengths_does_not_wrap),
        cmocka_unit_test(a_message_has_at_most_so_many_fragments),
        cmocka_unit_test(fragments_are_counted_for_each_message_alone),
        cmocka_unit_test(bad_text_is_refused_as_soon_as_it_is_certain),
        cmocka_unit_test(a_text_that_ends_inside_a_character_is_refused),
        cmocka_unit_test(binary_messages_may_hold_any_bytes),
        cmocka_unit_test(nothing_is_read_after_a_close_frame),
        cmocka_unit_test(nothing_is_read_after_a_fault),
        cmocka_unit_test(the_callee_may_stop_the_parser),
        cmocka_unit_test(the_callee_may_free_the_parser),
        cmocka_unit_test(a_mask_is_undone_at_every_offset),
        cmocka_unit_test(a_lack_of_memory_ends_the_session),
    };
    return cmocka_run_group_tests_name("ws/ws", tests, NULL, NULL);
}
