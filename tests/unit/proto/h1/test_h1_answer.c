/* SPDX-License-Identifier: Apache-2.0 */
/* test_h1_answer.c - what goes out: lengths, chunks, upgrades, early answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "../upper.h"
#include "tests.h"

#define WEBSOCKET                                                                                  \
    "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"                 \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

static int set_up(void **state) {
    upper_set_up(state);
    ((struct upper *)*state)->mode = UPPER_MANUAL;
    return 0;
}

static void ask(struct upper *u, const char *request) {
    if (u->fd < 0) {
        upper_connect(u);
    }
    upper_send(u, hg_slice_of(request));
    assert_non_null(u->stream);
}

static const char *body_of(struct upper *u) {
    const char *end = strstr(upper_received(u), "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

static void answers_without_a_body_have_none(void **state) {
    struct upper *u = *state;
    ask(u, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    hg_stream_answer(u->stream, 200, NULL, 0, HG_SLICE("hello"));
    upper_wait(u, "\r\n\r\n");
    assert_non_null(strstr(upper_received(u), "content-length: 5\r\n"));
    assert_string_equal(body_of(u), "");
    upper_forget(u);
    ask(u, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    hg_stream_answer(u->stream, 204, NULL, 0, HG_SLICE(""));
    upper_wait(u, "\r\n\r\n");
    assert_null(strstr(upper_received(u), "content-length"));
    upper_forget(u);
    ask(u, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    hg_stream_begin(u->stream, 200, NULL, 0);
    hg_stream_put(u->stream, "dropped", 7);
    hg_stream_end(u->stream);
    upper_wait_told(u, "gone 1; ");
    upper_turn(u);
    assert_string_equal(body_of(u), "");
}

static void writes_of_one_turn_are_one_chunk(void **state) {
    struct upper *u = *state;
    struct hg_blob *blob = hg_blob_new("0123456789", 10);
    ask(u, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    hg_stream_begin(u->stream, 200, NULL, 0);
    hg_stream_write(u->stream, blob, 2, 5);
    hg_stream_put(u->stream, "ab", 2);
    hg_stream_write(u->stream, blob, 0, 10);
    hg_stream_put(u->stream, "", 0);
    upper_wait(u, "\r\n\r\n11\r\n23456ab0123456789\r\n");
    assert_non_null(strstr(upper_received(u), "transfer-encoding: chunked\r\n"));
    assert_null(strstr(upper_received(u), "content-length"));
    hg_stream_put(u->stream, "x", 1);
    upper_wait(u, "\r\n1\r\nx\r\n");
    hg_stream_put(u->stream, "y", 1);
    hg_stream_end(u->stream);
    upper_wait(u, "\r\n1\r\ny\r\n0\r\n\r\n");
    assert_non_null(strstr(upper_told(u), "gone 1; "));
    assert_int_equal(blob->refs, 1);
    hg_blob_unref(&blob);
}

static void many_writes_of_one_turn_are_one_chunk(void **state) {
    struct upper *u = *state;
    struct hg_blob *blob = hg_blob_new("abcdefghij", 10);
    ask(u, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    hg_stream_begin(u->stream, 200, NULL, 0);
    for (int i = 0; i < 410; i++) {
        hg_stream_write(u->stream, blob, 0, 10);
    }
    hg_stream_end(u->stream);
    upper_wait(u, "0\r\n\r\n");
    assert_memory_equal(body_of(u), "1004\r\nabcdefghij", 16);
    assert_int_equal(strlen(body_of(u)), 6 + 4100 + 2 + 5);
    hg_blob_unref(&blob);
}

static void http_1_0_is_delimited_by_the_end(void **state) {
    struct upper *u = *state;
    ask(u, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    hg_stream_begin(u->stream, 200, NULL, 0);
    hg_stream_put(u->stream, "stream", 6);
    hg_stream_end(u->stream);
    upper_wait_eof(u);
    assert_non_null(strstr(upper_received(u), "connection: close\r\n"));
    assert_string_equal(body_of(u), "stream");
}

static void http_1_0_stays_when_it_asks_and_the_length_is_known(void **state) {
    struct upper *u = *state;
    ask(u, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    hg_stream_answer(u->stream, 200, NULL, 0, HG_SLICE("one"));
    upper_wait(u, "one");
    assert_non_null(strstr(upper_received(u), "connection: keep-alive\r\n"));
    ask(u, "GET / HTTP/1.0\r\n\r\n");
    hg_stream_answer(u->stream, 200, NULL, 0, HG_SLICE("two"));
    upper_wait_eof(u);
}

static void known_length_needs_no_chunks(void **state) {
    struct upper *u = *state;
    const struct hg_field length = {HG_SLICE("content-length"), HG_SLICE("3")};
    ask(u, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    hg_stream_begin(u->stream, 200, &length, 1);
    hg_stream_put(u->stream, "abc", 3);
    hg_stream_end(u->stream);
    upper_wait_told(u, "gone 1; ");
    upper_wait(u, "abc");
    assert_string_equal(body_of(u), "abc");
    assert_null(strstr(upper_received(u), "chunked"));
}

static void fields_cannot_be_split(void **state) {
    struct upper *u = *state;
    const struct hg_field fields[] = {{HG_SLICE("a"), HG_SLICE("b\r\nevil: 1")},
                                      {HG_SLICE("c d"), HG_SLICE("e")},
                                      {HG_SLICE("connection"), HG_SLICE("x")},
                                      {HG_SLICE("good"), HG_SLICE("1")}};
    ask(u, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    hg_stream_answer(u->stream, 200, fields, 4, HG_SLICE("done"));
    upper_wait(u, "done");
    assert_non_null(strstr(upper_received(u), "\r\ngood: 1\r\n"));
    assert_null(strstr(upper_received(u), "evil"));
    assert_null(strstr(upper_received(u), "c d"));
    assert_null(strstr(upper_received(u), "connection"));
}

static void large_body_and_fields_go_out_whole(void **state) {
    struct upper *u = *state;
    static char text[100000];
    memset(text, 'x', sizeof(text));
    const struct hg_field fields[] = {{HG_SLICE("long"), {text, 3000}},
                                      {HG_SLICE("b"), {text, 900}}};
    ask(u, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    hg_stream_answer(u->stream, 200, fields, 2, (struct hg_slice){text, sizeof(text)});
    upper_wait_told(u, "gone 1; ");
    while (u->received.len < sizeof(text) + 3900) {
        upper_turn(u);
    }
    assert_int_equal(strlen(body_of(u)), sizeof(text));
    assert_non_null(strstr(upper_received(u), "\r\ncontent-length: 100000\r\n"));
}

static void continue_is_sent_once_when_it_is_waited_for(void **state) {
    struct upper *u = *state;
    ask(u, "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    upper_turn(u);
    assert_int_equal(u->received.len, 0);
    hg_stream_continue(u->stream);
    hg_stream_continue(u->stream);
    upper_wait(u, "HTTP/1.1 100 Continue\r\n\r\n");
    upper_send(u, HG_SLICE("ok"));
    hg_stream_answer(u->stream, 200, NULL, 0, HG_SLICE("end"));
    upper_wait(u, "end");
    assert_null(strstr(upper_received(u) + 25, "100 Continue"));
    assert_null(strstr(upper_received(u), "connection: close"));
}

static void final_answer_instead_of_continue_closes(void **state) {
    struct upper *u = *state;
    ask(u, "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 40\r\n\r\n");
    hg_stream_answer(u->stream, 401, NULL, 0, HG_SLICE("no"));
    upper_send(u, HG_SLICE("GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n"));
    upper_wait_eof(u);
    assert_non_null(strstr(upper_received(u), "connection: close\r\n"));
    assert_null(strstr(upper_told(u), "hidden"));
}

/* A031 */
static void early_answer_drains_exactly_the_body(void **state) {
    struct upper *u = *state;
    u->mode = UPPER_EARLY;
    upper_connect(u);
    upper_send(u, HG_SLICE("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 35\r\n\r\n"));
    upper_wait(u, "403 Forbidden");
    assert_null(strstr(upper_received(u), "connection: close"));
    upper_send(u, HG_SLICE("GET /hidden HTTP/1.1\r\nHost: hh\r\n\r\n\n"));
    upper_send(u, HG_SLICE("GET /next HTTP/1.1\r\nHost: h\r\n\r\n"));
    upper_wait_told(u, "head GET /next; gone 1; ");
    assert_null(strstr(upper_told(u), "hidden"));
}

static void early_answer_to_a_large_body_closes(void **state) {
    struct upper *u = *state;
    u->mode = UPPER_EARLY;
    upper_connect(u);
    upper_send(u, HG_SLICE("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 70000\r\n\r\n"));
    upper_wait_eof(u);
    assert_non_null(strstr(upper_received(u), "connection: close\r\n"));
}

static void early_answer_to_endless_chunks_closes_at_the_bound(void **state) {
    struct upper *u = *state;
    u->mode = UPPER_EARLY;
    upper_connect(u);
    upper_send(u, HG_SLICE("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (int i = 0; i < 300 && !u->is_peer_eof; i++) {
        char chunk[0x400 + 7] = "400\r\n";
        memset(chunk + 5, 'x', 0x400);
        memcpy(chunk + 5 + 0x400, "\r\n", 2);
        upper_send(u, (struct hg_slice){chunk, sizeof(chunk)});
    }
    upper_wait_eof(u);
}

static void paused_body_is_drained_after_the_answer(void **state) {
    struct upper *u = *state;
    ask(u, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab");
    hg_stream_pause(u->stream, true);
    hg_stream_answer(u->stream, 413, NULL, 0, HG_SLICE("large"));
    upper_wait(u, "large");
    upper_send(u, HG_SLICE("cdGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"));
    upper_wait_told(u, "gone 1; head GET /2; ");
}

static void upgraded_connection_carries_raw_bytes(void **state) {
    struct upper *u = *state;
    const struct hg_field fields[] = {
        {HG_SLICE("sec-websocket-accept"), HG_SLICE("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")}};
    ask(u, WEBSOCKET "early");
    assert_non_null(strstr(upper_told(u), "websocket"));
    assert_int_equal(u->body.len, 0);
    hg_stream_upgrade(u->stream, fields, 1);
    upper_wait(u, "\r\n\r\n");
    assert_memory_equal(upper_received(u), "HTTP/1.1 101 Switching Protocols\r\n", 34);
    assert_non_null(strstr(upper_received(u), "\r\nupgrade: websocket\r\n"));
    assert_non_null(strstr(upper_received(u), "\r\nconnection: Upgrade\r\n"));
    assert_non_null(strstr(upper_received(u), "\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK"));
    upper_send(u, HG_SLICE(" GET / HTTP/1.1\r\n\r\n"));
    assert_memory_equal(u->body.ptr, "early GET / HTTP/1.1\r\n\r\n", 24);
    hg_stream_put(u->stream, "raw", 3);
    upper_wait(u, "\r\n\r\nraw");
    hg_stream_pause(u->stream, true);
    upper_send(u, HG_SLICE("later"));
    assert_int_equal(u->body.len, 24);
    hg_stream_pause(u->stream, false);
    upper_turn(u);
    assert_int_equal(u->body.len, 29);
    shutdown(u->fd, SHUT_WR);
    upper_wait_told(u, "last; ");
    hg_stream_end(u->stream);
    upper_wait_eof(u);
    assert_non_null(strstr(upper_told(u), "gone 1; "));
}

/* A035 */
static void refused_upgrade_closes_what_came_behind(void **state) {
    struct upper *u = *state;
    ask(u, WEBSOCKET "GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n");
    hg_stream_answer(u->stream, 403, NULL, 0, HG_SLICE("no"));
    upper_wait_eof(u);
    assert_null(strstr(upper_told(u), "hidden"));
    assert_non_null(strstr(upper_received(u), "connection: close\r\n"));
}

static void room_shrinks_and_comes_back(void **state) {
    struct upper *u = *state;
    struct hg_blob *blob = hg_blob_new_raw(65536);
    memset(blob->bytes, 'x', blob->len);
    ask(u, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    hg_stream_begin(u->stream, 200, NULL, 0);
    size_t written = 0;
    for (int rounds = 0; rounds < 100; rounds++) {
        while (hg_stream_room(u->stream) > 0) {
            hg_stream_write(u->stream, blob, 0, blob->len);
            written += blob->len;
        }
        hg_loop_turn(u->loop, false); /* without reading */
        if (strstr(upper_told(u), "room; ") != NULL) {
            hg_buf_clear(&u->told);
        } else {
            break;
        }
    }
    assert_int_equal(hg_stream_room(u->stream), 0);
    assert_true(written < 16 * 1024 * 1024);
    upper_wait_told(u, "room; ");
    assert_true(hg_stream_room(u->stream) > 0);
    hg_stream_end(u->stream);
    upper_wait(u, "\r\n0\r\n\r\n");
    hg_blob_unref(&blob);
}

int test_h1_answer(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_without_a_body_have_none, set_up, upper_tear_down),
        cmocka_unit_test_setup_teardown(writes_of_one_turn_are_one_chunk, set_up, upper_tear_down),
        cmocka_unit_test_setup_teardown(many_writes_of_one_turn_are_one_chunk, set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(http_1_0_is_delimited_by_the_end, set_up, upper_tear_down),
        cmocka_unit_test_setup_teardown(http_1_0_stays_when_it_asks_and_the_length_is_known, set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(known_length_needs_no_chunks, set_up, upper_tear_down),
        cmocka_unit_test_setup_teardown(fields_cannot_be_split, set_up, upper_tear_down),
        cmocka_unit_test_setup_teardown(large_body_and_fields_go_out_whole, set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(continue_is_sent_once_when_it_is_waited_for, set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(final_answer_instead_of_continue_closes, set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(early_answer_drains_exactly_the_body, set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(early_answer_to_a_large_body_closes, set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(early_answer_to_endless_chunks_closes_at_the_bound, set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(paused_body_is_drained_after_the_answer, set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(upgraded_connection_carries_raw_bytes, set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(refused_upgrade_closes_what_came_behind, set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(room_shrinks_and_comes_back, set_up, upper_tear_down),
    };
    return cmocka_run_group_tests_name("proto/h1/h1_answer", tests, NULL, NULL);
}
