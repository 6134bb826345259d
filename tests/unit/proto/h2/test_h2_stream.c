/* SPDX-License-Identifier: Apache-2.0 */
/* test_h2_stream.c - answers, windows, pauses, WebSocket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "peer.h"
#include "tests.h"

static int set_up(void **state) {
    static struct both b;
    upper_init(&b.u);
    b.u.mode = UPPER_MANUAL;
    peer_init(&b.p, &b.u);
    peer_ack(&b.p);
    *state = &b;
    return 0;
}

static struct hg_stream *get(struct both *b, uint32_t id) {
    if (b->u.fd < 0) {
        upper_connect(&b->u);
    }
    peer_get(&b->p, id, "/");
    peer_go(&b->p);
    assert_non_null(b->u.stream);
    return b->u.stream;
}

static struct hg_stream *post(struct both *b, uint32_t id, const char *length) {
    if (b->u.fd < 0) {
        upper_connect(&b->u);
    }
    peer_post(&b->p, id, "/", length);
    peer_go(&b->p);
    assert_non_null(b->u.stream);
    return b->u.stream;
}

static void writes_of_one_turn_are_one_frame(void **state) {
    struct both *b = *state;
    struct hg_blob *blob = hg_blob_new("0123456789", 10);
    struct hg_stream *s = get(b, 1);
    hg_stream_begin(s, 200, NULL, 0);
    hg_stream_write(s, blob, 2, 5);
    hg_stream_put(s, "ab", 2);
    hg_stream_write(s, blob, 0, 10);
    hg_stream_put(s, "", 0);
    peer_wait(&b->p, "HEADERS 1 200; DATA 1 17; ");
    hg_stream_put(s, "x", 1);
    peer_wait(&b->p, "DATA 1 1; ");
    hg_stream_put(s, "y", 1);
    hg_stream_end(s);
    peer_wait(&b->p, "DATA 1 1 end; ");
    assert_memory_equal(b->p.data.ptr, "23456ab0123456789xy", 19);
    assert_non_null(strstr(upper_told(&b->u), "gone 1; "));
    assert_int_equal(blob->refs, 1);
    hg_blob_unref(&blob);
}

static void stream_may_end_without_a_byte(void **state) {
    struct both *b = *state;
    struct hg_stream *s = get(b, 1);
    hg_stream_begin(s, 200, NULL, 0);
    peer_wait(&b->p, "HEADERS 1 200; ");
    hg_stream_end(s);
    peer_wait(&b->p, "DATA 1 0 end; ");
    assert_non_null(strstr(upper_told(&b->u), "gone 1; "));
}

static void answers_without_a_body_have_none(void **state) {
    struct both *b = *state;
    const char *const head[] = {":method", "HEAD",       ":scheme", "https", ":path",
                                "/",       ":authority", "h",       NULL};
    hg_stream_answer(get(b, 1), 204, NULL, 0, HG_SLICE(""));
    peer_wait(&b->p, "HEADERS 1 204 end; ");
    peer_headers(&b->p, F_END_STREAM, 3, head);
    peer_go(&b->p);
    hg_stream_answer(b->u.stream, 200, NULL, 0, HG_SLICE("hello"));
    peer_wait(&b->p, "HEADERS 3 200 end; ");
    peer_headers(&b->p, F_END_STREAM, 5, head);
    peer_go(&b->p);
    struct hg_stream *s = b->u.stream;
    hg_stream_begin(s, 200, NULL, 0);
    hg_stream_put(s, "dropped", 7);
    hg_stream_end(s);
    peer_wait(&b->p, "HEADERS 5 200; DATA 5 0 end; ");
}

static void room_follows_the_streams_window(void **state) {
    struct both *b = *state;
    static char bytes[70000];
    peer_setting(&b->p, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 100);
    struct hg_stream *s = get(b, 1);
    assert_int_equal(hg_stream_room(s), 100);
    hg_stream_begin(s, 200, NULL, 0);
    hg_stream_put(s, bytes, 60);
    assert_int_equal(hg_stream_room(s), 40);
    peer_wait(&b->p, "DATA 1 60; ");
    assert_int_equal(hg_stream_room(s), 40);
    hg_stream_put(s, bytes, 50); /* the last piece may be above it */
    assert_int_equal(hg_stream_room(s), 0);
    peer_wait(&b->p, "DATA 1 40; ");
    assert_int_equal(hg_stream_room(s), 0);
    assert_null(strstr(upper_told(&b->u), "room"));
    peer_window(&b->p, 1, 5);
    peer_wait(&b->p, "DATA 1 5; ");
    assert_null(strstr(upper_told(&b->u), "room"));
    peer_window(&b->p, 1, 20);
    peer_wait(&b->p, "DATA 1 5; ");
    peer_wait_told(&b->p, "room; ");
    assert_int_equal(hg_stream_room(s), 15);
    hg_stream_end(s);
    peer_wait(&b->p, "DATA 1 0 end; ");
}

static void smaller_window_below_what_is_in_flight_resumes(void **state) { /* A082 */
    struct both *b = *state;
    static char bytes[1000];
    peer_setting(&b->p, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1000);
    struct hg_stream *s = get(b, 1);
    hg_stream_begin(s, 200, NULL, 0);
    hg_stream_put(s, bytes, 1000);
    peer_wait(&b->p, "DATA 1 1000; ");
    peer_setting(&b->p, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 10); /* now 990 below nothing */
    peer_go(&b->p);
    assert_int_equal(hg_stream_room(s), 0);
    peer_window(&b->p, 1, 990);
    peer_go(&b->p);
    assert_int_equal(hg_stream_room(s), 0);
    peer_window(&b->p, 1, 7);
    peer_wait_told(&b->p, "room; ");
    assert_int_equal(hg_stream_room(s), 7);
    hg_stream_end(s);
    peer_wait(&b->p, "end; ");
}

static void room_is_shared_by_the_connections_streams(void **state) {
    struct both *b = *state;
    static char bytes[65535];
    peer_setting(&b->p, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20);
    struct hg_stream *one = get(b, 1);
    struct hg_stream *two = get(b, 3);
    hg_stream_begin(one, 200, NULL, 0);
    hg_stream_begin(two, 200, NULL, 0);
    assert_int_equal(hg_stream_room(one), 65535);
    hg_stream_put(two, bytes, 65000);
    assert_int_equal(hg_stream_room(one), 535);
    hg_stream_put(one, bytes, 535);
    assert_int_equal(hg_stream_room(one), 0);
    assert_int_equal(hg_stream_room(two), 0);
    for (int i = 0; i < 10; i++) {
        peer_go(&b->p);
    }
    assert_int_equal(b->p.data.len, 65535);
    assert_null(strstr(upper_told(&b->u), "room"));
    peer_window(&b->p, 0, 100);
    peer_wait_told(&b->p, "room; room; ");
    assert_int_equal(hg_stream_room(one), 100);
    hg_stream_end(one);
    hg_stream_end(two);
    peer_wait(&b->p, "DATA 3 0 end; ");
}

static void dropped_stream_gives_its_room_back(void **state) {
    struct both *b = *state;
    static char bytes[65535];
    peer_setting(&b->p, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 70000);
    struct hg_stream *one = get(b, 1);
    struct hg_stream *two = get(b, 3);
    peer_frame(&b->p, F_DATA, 0, 0, "", 0); /* not sent: see the next line */
    hg_buf_clear(&b->p.out);
    hg_stream_begin(one, 200, NULL, 0);
    hg_stream_begin(two, 200, NULL, 0);
    hg_stream_put(one, bytes, 65535);
    assert_int_equal(hg_stream_room(two), 0);
    peer_go(&b->p); /* the window is used up by what was sent */
    hg_stream_put(one, bytes, 4000);
    peer_window(&b->p, 0, 10);
    peer_go(&b->p);
    assert_int_equal(hg_stream_room(two), 0); /* 3,990 of the other one are first */
    peer_frame(&b->p, F_RST, 0, 1, "\0\0\0\x08", 4);
    peer_window(&b->p, 0, 10);
    peer_wait_told(&b->p, "room; ");
    assert_int_equal(hg_stream_room(two), 10);
    hg_stream_end(two);
}

/* Many streams, small windows, slices of shared blobs: every byte arrives. */
static void slices_of_many_streams_arrive_whole(void **state) {
    struct both *b = *state;
    enum { N = 20, BYTES = 30000 };
    struct hg_stream *s[N];
    size_t written[N] = {0};
    struct hg_blob *blob = hg_blob_new_raw(BYTES);
    for (size_t i = 0; i < BYTES; i++) {
        blob->bytes[i] = (char)(i * 7);
    }
    for (uint32_t i = 0; i < N; i++) {
        s[i] = get(b, 2 * i + 1);
        hg_stream_begin(s[i], 200, NULL, 0);
    }
    srand(7);
    size_t left = (size_t)N * BYTES;
    while (left > 0) {
        size_t before = left;
        for (int i = 0; i < N; i++) {
            size_t n = (size_t)rand() % 900 + 1;
            n = n < BYTES - written[i] ? n : BYTES - written[i];
            if (n > 0 && hg_stream_room(s[i]) > 0) {
                hg_stream_write(s[i], blob, written[i], n);
                written[i] += n;
                left -= n;
            }
        }
        size_t got = b->p.data.len;
        peer_go(&b->p);
        if (b->p.data.len > got) {
            peer_window(&b->p, 0, (uint32_t)(b->p.data.len - got));
        }
        assert_true(before > left || b->p.data.len < got + 1);
    }
    for (int i = 0; i < N; i++) {
        hg_stream_end(s[i]);
    }
    peer_wait(&b->p, "DATA 39 0 end; ");
    assert_int_equal(b->p.data.len, (size_t)N * BYTES);
    assert_true(blob->refs <= 1 + 64); /* at most what the socket still holds */
    hg_blob_unref(&blob);
}

static void unread_output_is_bounded(void **state) {
    struct both *b = *state;
    struct hg_blob *blob = hg_blob_new_raw(16384);
    size_t written = 0;
    peer_setting(&b->p, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0x7fffffff);
    peer_window(&b->p, 0, 0x7fff0000);
    struct hg_stream *s = get(b, 1);
    hg_stream_begin(s, 200, NULL, 0);
    for (int idle = 0; idle < 5; idle++) {
        while (hg_stream_room(s) > 0) {
            hg_stream_write(s, blob, 0, blob->len);
            written += blob->len;
            idle = 0;
        }
        hg_loop_turn(b->u.loop, false); /* without reading */
    }
    assert_true(written < 2 * 1024 * 1024);
    hg_buf_clear(&b->u.told);
    peer_wait_told(&b->p, "room; ");
    hg_stream_end(s);
    peer_wait(&b->p, "end; ");
    assert_int_equal(b->p.data.len, written);
    hg_blob_unref(&blob);
}

static void paused_body_is_held_and_its_window_too(void **state) {
    struct both *b = *state;
    static char bytes[16384];
    struct hg_stream *s = post(b, 1, NULL);
    hg_stream_pause(s, true);
    for (int i = 0; i < 4; i++) {
        peer_frame(&b->p, F_DATA, i == 3 ? F_END_STREAM : 0, 1, bytes, sizeof(bytes));
    }
    peer_go(&b->p);
    assert_int_equal(b->u.body.len, 0);
    assert_null(strstr(peer_told(&b->p), "WINDOW 1"));
    b->u.is_quiet = true;
    hg_stream_pause(s, false);
    peer_go(&b->p);
    assert_int_equal(b->u.body.len, 65536);
    hg_stream_answer(s, 200, NULL, 0, HG_SLICE(""));
    peer_wait(&b->p, "HEADERS 1 200 end; ");
}

static void windows_open_as_the_body_is_taken(void **state) {
    struct both *b = *state;
    static char bytes[16384];
    struct hg_stream *s = post(b, 1, NULL);
    b->u.is_quiet = true;
    for (int i = 0; i < 64; i++) { /* 1 MiB through a window of 64 KiB */
        peer_frame(&b->p, F_DATA, i == 63 ? F_END_STREAM : 0, 1, bytes, sizeof(bytes));
        peer_go(&b->p);
    }
    assert_int_equal(b->u.body.len, 1 << 20);
    assert_int_equal(b->p.n_rst, 0);
    assert_non_null(strstr(peer_told(&b->p), "WINDOW 1 "));
    assert_non_null(strstr(peer_told(&b->p), "WINDOW 0 5")); /* half of the connection's */
    hg_stream_answer(s, 200, NULL, 0, HG_SLICE(""));
}

static void window_of_dropped_bodies_comes_back(void **state) {
    struct both *b = *state;
    static char bytes[16384];
    for (uint32_t id = 1; id < 161; id += 2) { /* 80 times 64 KiB through 1 MiB */
        struct hg_stream *s = post(b, id, NULL);
        hg_stream_pause(s, true);
        for (int i = 0; i < 4; i++) {
            peer_frame(&b->p, F_DATA, 0, id, bytes, sizeof(bytes));
        }
        peer_frame(&b->p, F_RST, 0, id, "\0\0\0\x08", 4);
        peer_go(&b->p);
    }
    assert_int_equal(b->p.n_rst, 0);
    assert_int_equal(b->p.goaway, -1);
}

static void early_answer_lets_a_short_body_come(void **state) {
    struct both *b = *state;
    hg_stream_answer(post(b, 1, "5"), 403, NULL, 0, HG_SLICE("no"));
    peer_wait(&b->p, "HEADERS 1 403; DATA 1 2 end; ");
    assert_non_null(strstr(upper_told(&b->u), "gone 1; "));
    peer_data(&b->p, F_END_STREAM, 1, "hello");
    peer_get(&b->p, 3, "/next");
    peer_go(&b->p);
    assert_non_null(strstr(upper_told(&b->u), "/next"));
    assert_int_equal(b->p.n_rst, 0);
}

static void early_answer_resets_a_long_body(void **state) {
    struct both *b = *state;
    hg_stream_answer(post(b, 1, "1000000"), 413, NULL, 0, HG_SLICE("no"));
    peer_wait(&b->p, "HEADERS 1 413; DATA 1 2 end; RST 1 0; ");
    assert_non_null(strstr(upper_told(&b->u), "gone 1; "));
}

/* A092 */
static void late_bodies_are_refused_and_reset(void **state) {
    struct both *b = *state;
    b->u.setup.limits.body_timeout_ms = 30;
    post(b, 1, "5");
    struct hg_stream *begun = post(b, 3, NULL);
    hg_stream_begin(begun, 200, NULL, 0);
    peer_wait(&b->p, "RST 1 0; ");
    peer_wait(&b->p, "RST 3 8; ");
    assert_non_null(strstr(peer_told(&b->p), "HEADERS 1 408; "));
    assert_non_null(strstr(upper_told(&b->u), "gone 0; gone 0; "));
    assert_string_equal(upper_refused(&b->u), "408 timeout POST / known; ");
}

/* A071: drips are no progress. */
static void answers_that_do_not_get_on_are_reset(void **state) {
    struct both *b = *state;
    b->u.setup.limits.body_timeout_ms = 50;
    peer_setting(&b->p, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0);
    hg_stream_answer(get(b, 1), 200, NULL, 0, HG_SLICE("hello"));
    struct hg_stream *two = get(b, 3);
    hg_stream_begin(two, 200, NULL, 0);
    hg_stream_put(two, "hello", 5);
    hg_stream_end(two);
    for (int i = 0; i < 3; i++) {
        peer_window(&b->p, 1, 1);
        peer_go(&b->p);
    }
    struct hg_stream *written = get(b, 5);
    hg_stream_begin(written, 200, NULL, 0);
    hg_stream_put(written, "hello", 5);
    peer_wait(&b->p, "RST 1 8; ");
    peer_wait(&b->p, "RST 3 8; ");
    peer_go(&b->p);
    assert_int_equal(b->p.n_rst, 2); /* who still writes judges by itself */
    hg_stream_reset(written);
}

/* A096 */
static void reset_by_the_peer_is_told_above(void **state) {
    struct both *b = *state;
    get(b, 1);
    peer_frame(&b->p, F_RST, 0, 1, "\0\0\0\x08", 4);
    peer_go(&b->p);
    assert_string_equal(upper_told(&b->u), "head GET /; gone 0; ");
    assert_null(b->u.stream);
}

static void reset_by_us_ends_the_stream_alone(void **state) {
    struct both *b = *state;
    struct hg_stream *s = get(b, 1);
    hg_stream_begin(s, 200, NULL, 0);
    hg_stream_put(s, "x", 1);
    hg_stream_reset(s);
    hg_stream_put(s, "y", 1);
    peer_wait(&b->p, "RST 1 8; ");
    assert_non_null(strstr(upper_told(&b->u), "gone 0; "));
    hg_stream_answer(get(b, 3), 200, NULL, 0, HG_SLICE(""));
    peer_wait(&b->p, "HEADERS 3 200 end; ");
}

static void reset_inside_the_head_is_safe(void **state) {
    struct both *b = *state;
    struct hg_stream *s = post(b, 1, NULL);
    hg_stream_reset(s);
    peer_data(&b->p, F_END_STREAM, 1, "late");
    peer_wait(&b->p, "RST 1 8; ");
    assert_non_null(strstr(upper_told(&b->u), "gone 0; "));
}

static void continue_is_sent_once(void **state) {
    struct both *b = *state;
    const char *const fields[] = {":method",    "POST", ":scheme", "https",        ":path", "/",
                                  ":authority", "h",    "expect",  "100-continue", NULL};
    upper_connect(&b->u);
    peer_headers(&b->p, 0, 1, fields);
    peer_go(&b->p);
    hg_stream_continue(b->u.stream);
    hg_stream_continue(b->u.stream);
    peer_wait(&b->p, "HEADERS 1 100; ");
    peer_data(&b->p, F_END_STREAM, 1, "ok");
    peer_go(&b->p);
    hg_stream_answer(b->u.stream, 200, NULL, 0, HG_SLICE(""));
    peer_wait(&b->p, "HEADERS 1 100; HEADERS 1 200 end; ");
}

/* RFC 8441 */
static void websocket_carries_raw_bytes(void **state) {
    struct both *b = *state;
    const char *const fields[] = {":method",
                                  "CONNECT",
                                  ":protocol",
                                  "websocket",
                                  ":scheme",
                                  "https",
                                  ":path",
                                  "/ws",
                                  ":authority",
                                  "h",
                                  "sec-websocket-version",
                                  "13",
                                  NULL};
    upper_connect(&b->u);
    peer_headers(&b->p, 0, 1, fields);
    peer_data(&b->p, 0, 1, "early");
    peer_go(&b->p);
    struct hg_stream *s = b->u.stream;
    assert_string_equal(upper_told(&b->u), "head GET /ws websocket; ");
    assert_int_equal(b->u.body.len, 0);
    hg_stream_upgrade(s, NULL, 0);
    peer_wait(&b->p, "HEADERS 1 200; ");
    assert_int_equal(b->u.body.len, 5);
    peer_data(&b->p, 0, 1, " bird");
    hg_stream_put(s, "raw", 3);
    peer_wait(&b->p, "DATA 1 3; ");
    assert_memory_equal(b->u.body.ptr, "early bird", 10);
    peer_data(&b->p, F_END_STREAM, 1, "");
    peer_wait_told(&b->p, "last; ");
    hg_stream_end(s);
    peer_wait(&b->p, "DATA 1 0 end; ");
    assert_non_null(strstr(upper_told(&b->u), "gone 1; "));
    assert_int_equal(b->p.n_rst, 0);
}

int test_h2_stream(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes_of_one_turn_are_one_frame, set_up, both_fini),
        cmocka_unit_test_setup_teardown(stream_may_end_without_a_byte, set_up, both_fini),
        cmocka_unit_test_setup_teardown(answers_without_a_body_have_none, set_up, both_fini),
        cmocka_unit_test_setup_teardown(room_follows_the_streams_window, set_up, both_fini),
        cmocka_unit_test_setup_teardown(smaller_window_below_what_is_in_flight_resumes, set_up,
                                        both_fini),
        cmocka_unit_test_setup_teardown(room_is_shared_by_the_connections_streams, set_up,
                                        both_fini),
        cmocka_unit_test_setup_teardown(dropped_stream_gives_its_room_back, set_up, both_fini),
        cmocka_unit_test_setup_teardown(slices_of_many_streams_arrive_whole, set_up, both_fini),
        cmocka_unit_test_setup_teardown(unread_output_is_bounded, set_up, both_fini),
        cmocka_unit_test_setup_teardown(paused_body_is_held_and_its_window_too, set_up, both_fini),
        cmocka_unit_test_setup_teardown(windows_open_as_the_body_is_taken, set_up, both_fini),
        cmocka_unit_test_setup_teardown(window_of_dropped_bodies_comes_back, set_up, both_fini),
        cmocka_unit_test_setup_teardown(early_answer_lets_a_short_body_come, set_up, both_fini),
        cmocka_unit_test_setup_teardown(early_answer_resets_a_long_body, set_up, both_fini),
        cmocka_unit_test_setup_teardown(late_bodies_are_refused_and_reset, set_up, both_fini),
        cmocka_unit_test_setup_teardown(answers_that_do_not_get_on_are_reset, set_up, both_fini),
        cmocka_unit_test_setup_teardown(reset_by_the_peer_is_told_above, set_up, both_fini),
        cmocka_unit_test_setup_teardown(reset_by_us_ends_the_stream_alone, set_up, both_fini),
        cmocka_unit_test_setup_teardown(reset_inside_the_head_is_safe, set_up, both_fini),
        cmocka_unit_test_setup_teardown(continue_is_sent_once, set_up, both_fini),
        cmocka_unit_test_setup_teardown(websocket_carries_raw_bytes, set_up, both_fini),
    };
    return cmocka_run_group_tests_name("proto/h2/h2_stream", tests, NULL, NULL);
}
