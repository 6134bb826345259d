/* SPDX-License-Identifier: Apache-2.0 */
/* test_h1.c - requests on a real connection: order, pipelines, limits of time
 * and number, ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "../upper.h"
#include "tests.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"
#define POST(path, body, n)                                                                        \
    "POST " path " HTTP/1.1\r\nHost: h\r\nContent-Length: " n "\r\n\r\n" body

static size_t count_of(const char *text, const char *what) {
    size_t n = 0;
    while ((text = strstr(text, what)) != NULL) {
        n++;
        text += strlen(what);
    }
    return n;
}

static void request_is_answered_and_the_next_one_too(void **state) {
    struct upper *u = *state;
    upper_connect(u);
    upper_send(u, HG_SLICE(POST("/a", "hello", "5")));
    upper_wait(u, "hello");
    assert_non_null(strstr(upper_received(u), "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(upper_received(u), "\r\ncontent-length: 5\r\n"));
    assert_non_null(strstr(upper_received(u), "\r\ndate: "));
    assert_non_null(strstr(upper_received(u), "\r\nserver: headgate\r\n"));
    assert_null(strstr(upper_received(u), "connection:"));
    upper_send(u, HG_SLICE(GET("/b")));
    upper_wait_told(u, "head GET /b; gone 1; ");
    assert_string_equal(upper_told(u), "head POST /a body; body hello last; gone 1; "
                                       "head GET /b; gone 1; ");
}

static void every_cut_gives_the_same_answers(void **state) {
    struct upper *u = *state;
    struct hg_slice all =
        HG_SLICE(GET("/1") "POST /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "2\r\nab\r\n1\r\nc\r\n0\r\nt: x\r\n\r\n" POST("/3", "xyz", "3"));
    for (size_t cut = 1; cut < all.len; cut++) {
        upper_connect(u);
        upper_send(u, (struct hg_slice){all.ptr, cut});
        upper_send(u, (struct hg_slice){all.ptr + cut, all.len - cut});
        upper_wait_told(u, "body xyz last; gone 1; ");
        assert_string_equal(upper_told(u), "head GET /1; gone 1; head POST /2 body; body abc last; "
                                           "gone 1; head POST /3 body; body xyz last; gone 1; ");
        upper_wait(u, "xyz");
        upper_forget(u);
        close(u->fd);
        u->fd = -1;
    }
}

static void pipelined_requests_wait_for_their_answers(void **state) {
    struct upper *u = *state;
    u->mode = UPPER_MANUAL;
    upper_connect(u);
    upper_send(u, HG_SLICE(GET("/1") GET("/2") GET("/3")));
    assert_string_equal(upper_told(u), "head GET /1; ");
    for (int i = 1; i <= 3; i++) {
        char want[64];
        hg_stream_answer(u->stream, 202, NULL, 0, HG_SLICE(""));
        snprintf(want, sizeof(want), "head GET /%d; gone 1; ", i);
        upper_wait_told(u, want);
    }
    upper_turn(u);
    assert_int_equal(count_of(upper_received(u), "HTTP/1.1 202 Accepted\r\n"), 3);
}

static void long_pipeline_is_bounded_and_loses_nothing(void **state) {
    struct upper *u = *state;
    struct hg_buf all = {0};
    u->mode = UPPER_MANUAL;
    u->is_quiet = true;
    u->setup.limits.keepalive_requests = 100000;
    upper_connect(u);
    for (int i = 0; i < 20000; i++) { /* 700 KB: more than the socket and we hold */
        HG_BUF_LIT(&all, GET("/"));
    }
    size_t sent = 0, answered = 0;
    while (answered < 20000) {
        ssize_t n = send(u->fd, all.ptr + sent, all.len - sent, MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        upper_turn(u);
        hg_buf_clear(&u->told);
        if (u->stream != NULL && (n < 0 || sent == all.len)) {
            hg_stream_answer(u->stream, 204, NULL, 0, HG_SLICE(""));
            answered++;
        }
    }
    upper_turn(u);
    assert_int_equal(count_of(upper_received(u), "204 No Content"), 20000);
    hg_buf_fini(&all);
}

static void unread_answers_are_bounded(void **state) {
    struct upper *u = *state;
    struct hg_buf all = {0};
    u->is_quiet = true;
    u->setup.limits.keepalive_requests = 100000;
    upper_connect(u);
    for (int i = 0; i < 40; i++) { /* 40 answers of 50,000 bytes */
        HG_BUF_LIT(&all, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 50000\r\n\r\n");
        for (int k = 0; k < 5000; k++) {
            HG_BUF_LIT(&all, "0123456789");
        }
    }
    size_t sent = 0;
    for (int idle = 0; idle < 20; idle++) { /* without reading */
        ssize_t n = send(u->fd, all.ptr + sent, all.len - sent, MSG_NOSIGNAL);
        if (n > 0) {
            sent += (size_t)n;
            idle = 0;
        }
        hg_loop_turn(u->loop, false);
    }
    assert_true(u->n_heads < 20);
    assert_true(hg_conn_queued(u->conn) < HG_CONN_HIGH_BYTES + 60000);
    while (sent < all.len) { /* and with */
        ssize_t n = send(u->fd, all.ptr + sent, all.len - sent, MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        upper_turn(u);
    }
    while (u->n_gone < 40) {
        upper_turn(u);
    }
    hg_buf_fini(&all);
}

static void bad_request_in_the_middle_ends_the_pipeline(void **state) {
    struct upper *u = *state;
    upper_connect(u);
    upper_send(u, HG_SLICE(GET("/1") GET("/2") "GET /3 HTTP/1.1\r\nHost : h\r\n\r\n" GET("/4")));
    upper_wait_eof(u);
    assert_int_equal(count_of(upper_received(u), "200 OK"), 2);
    assert_int_equal(count_of(upper_received(u), "400 Bad Request"), 1);
    assert_non_null(strstr(upper_received(u), "connection: close\r\n"));
    assert_non_null(strstr(upper_received(u), "content-type: application/problem+json\r\n"));
    assert_non_null(strstr(upper_received(u), "\"urn:headgate:problem:request-invalid\""));
    assert_null(strstr(upper_told(u), "/4"));
}

static void broken_body_is_refused_before_the_answer(void **state) {
    struct upper *u = *state;
    upper_connect(u);
    upper_send(u, HG_SLICE("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "2\r\nabX\r\n"));
    upper_wait_eof(u);
    assert_non_null(strstr(upper_received(u), "HTTP/1.1 400 Bad Request\r\n"));
    assert_string_equal(upper_told(u), "head POST / body; gone 0; ");
}

static void refusals_say_what_is_allowed(void **state) {
    struct upper *u = *state;
    upper_connect(u);
    upper_send(u, HG_SLICE("CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n"));
    upper_wait_eof(u);
    assert_non_null(strstr(upper_received(u), "HTTP/1.1 405 Method Not Allowed\r\n"));
    assert_non_null(strstr(upper_received(u), "\r\nallow: GET, HEAD, POST, OPTIONS\r\n"));
    upper_forget(u);
    close(u->fd);
    u->is_peer_eof = false;
    upper_connect(u);
    upper_send(u, HG_SLICE("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade"
                           "\r\nSec-WebSocket-Version: 8\r\n\r\n"));
    upper_wait_eof(u);
    assert_non_null(strstr(upper_received(u), "HTTP/1.1 426 Upgrade Required\r\n"));
    assert_non_null(strstr(upper_received(u), "\r\nsec-websocket-version: 13\r\n"));
    assert_non_null(strstr(upper_received(u), "\r\nupgrade: websocket\r\n"));
}

static void expect_refusal(struct upper *u, struct hg_slice bytes, const char *want) {
    upper_connect(u);
    upper_send(u, bytes);
    upper_wait_eof(u);
    assert_string_equal(upper_refused(u), want);
    upper_forget(u);
    close(u->fd);
    u->fd = -1;
}

/* Also of what is refused here the layer above may keep a record. */
static void refusals_are_told_with_what_was_read(void **state) {
    struct upper *u = *state;
    u->setup.limits.head_timeout_ms = u->setup.limits.body_timeout_ms = 20;
    expect_refusal(u, HG_SLICE("nonsense\r\n"), "400 request-invalid   alone; ");
    expect_refusal(u, HG_SLICE("GET /a?b HTTP/2.0\r\n"),
                   "505 version-unsupported GET /a?b alone; ");
    expect_refusal(u, HG_SLICE("GET /a HTTP/1.1\r\nHost : x\r\n"),
                   "400 request-invalid GET /a alone; ");
    expect_refusal(u, HG_SLICE("CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n"),
                   "405 method-not-allowed CONNECT h:1 alone; ");
    expect_refusal(u, HG_SLICE("GET /a HTTP/1.1\r\nHo"), "408 timeout GET /a alone; ");
    expect_refusal(u, HG_SLICE(GET("/") "GET "), "408 timeout   alone; ");
    expect_refusal(u, HG_SLICE(POST("/", "hel", "5")), "408 timeout POST / known; ");
    u->mode = UPPER_EARLY; /* that answer stands */
    expect_refusal(u, HG_SLICE(POST("/", "hel", "5")), "");
}

static void number_of_requests_is_limited(void **state) {
    struct upper *u = *state;
    u->setup.limits.keepalive_requests = 2;
    upper_connect(u);
    upper_send(u, HG_SLICE(GET("/1") GET("/2") GET("/3")));
    upper_wait_eof(u);
    assert_int_equal(count_of(upper_received(u), "200 OK"), 2);
    assert_int_equal(count_of(upper_received(u), "connection: close"), 1);
    assert_null(strstr(upper_told(u), "/3"));
}

static void silence_is_closed_without_a_word(void **state) {
    struct upper *u = *state;
    u->setup.limits.head_timeout_ms = 20;
    upper_connect(u);
    upper_wait_eof(u);
    assert_int_equal(u->received.len, 0);
}

static void slow_head_is_timed_out(void **state) {
    struct upper *u = *state;
    u->setup.limits.head_timeout_ms = 20;
    upper_connect(u);
    upper_send(u, HG_SLICE("GET / HTTP/1.1\r\nHo"));
    upper_wait_eof(u);
    assert_non_null(strstr(upper_received(u), "HTTP/1.1 408 Request Timeout\r\n"));
}

static void slow_second_head_is_timed_out(void **state) {
    struct upper *u = *state;
    u->setup.limits.head_timeout_ms = 20;
    upper_connect(u);
    upper_send(u, HG_SLICE(GET("/") "GET "));
    upper_wait_eof(u);
    assert_int_equal(count_of(upper_received(u), "200 OK"), 1);
    assert_int_equal(count_of(upper_received(u), "408 Request Timeout"), 1);
}

static void slow_body_is_timed_out(void **state) {
    struct upper *u = *state;
    u->setup.limits.body_timeout_ms = 20;
    upper_connect(u);
    upper_send(u, HG_SLICE(POST("/", "hel", "5")));
    upper_wait_eof(u);
    assert_non_null(strstr(upper_received(u), "HTTP/1.1 408 Request Timeout\r\n"));
    assert_string_equal(upper_told(u), "head POST / body; gone 0; ");
}

static void slow_answer_is_not_the_peers_fault(void **state) {
    struct upper *u = *state;
    u->mode = UPPER_MANUAL;
    u->setup.limits.head_timeout_ms = u->setup.limits.body_timeout_ms = 20;
    upper_connect(u);
    upper_send(u, HG_SLICE(POST("/", "hello", "5")));
    int64_t from_ms = hg_loop_now_ms(u->loop);
    while (hg_loop_now_ms(u->loop) < from_ms + 60) {
        upper_turn(u);
    }
    assert_false(u->is_peer_eof);
    hg_stream_answer(u->stream, 200, NULL, 0, HG_SLICE("late"));
    upper_wait(u, "late");
}

static void idle_connection_is_closed(void **state) {
    struct upper *u = *state;
    u->setup.limits.keepalive_timeout_ms = 20;
    upper_connect(u);
    upper_send(u, HG_SLICE(GET("/")));
    upper_wait_eof(u);
    assert_int_equal(count_of(upper_received(u), "HTTP/1.1"), 1);
}

static void end_of_input_after_a_request_leaves_its_answer(void **state) {
    struct upper *u = *state;
    u->mode = UPPER_MANUAL;
    upper_connect(u);
    upper_send(u, HG_SLICE(GET("/1") GET("/2")));
    shutdown(u->fd, SHUT_WR);
    upper_turn(u);
    hg_stream_answer(u->stream, 200, NULL, 0, HG_SLICE("one"));
    upper_wait_told(u, "/2");
    hg_stream_answer(u->stream, 200, NULL, 0, HG_SLICE("two"));
    upper_wait_eof(u);
    assert_non_null(strstr(upper_received(u), "one"));
    assert_non_null(strstr(upper_received(u), "two"));
}

static void end_of_input_inside_a_body_stores_nothing(void **state) {
    struct upper *u = *state;
    upper_connect(u);
    upper_send(u, HG_SLICE(POST("/", "hel", "5")));
    shutdown(u->fd, SHUT_WR);
    upper_wait_eof(u);
    assert_string_equal(upper_told(u), "head POST / body; gone 0; ");
    assert_int_equal(u->received.len, 0);
}

static void peer_that_vanishes_is_told_above(void **state) {
    struct upper *u = *state;
    u->mode = UPPER_MANUAL;
    upper_connect(u);
    upper_send(u, HG_SLICE(GET("/")));
    close(u->fd);
    u->fd = -1;
    upper_turn(u);
    hg_stream_begin(u->stream, 200, NULL, 0);
    hg_stream_put(u->stream, "x", 1);
    upper_wait_told(u, "gone 0; ");
}

static void draining_closes_idle_and_after_the_answer(void **state) {
    struct upper *u = *state;
    u->mode = UPPER_MANUAL;
    upper_connect(u);
    upper_send(u, HG_SLICE(GET("/")));
    hg_http_drain(u->conn);
    upper_turn(u);
    assert_false(u->is_peer_eof);
    hg_stream_answer(u->stream, 200, NULL, 0, HG_SLICE("bye"));
    upper_wait_eof(u);
    assert_non_null(strstr(upper_received(u), "connection: close\r\n"));
    close(u->fd);
    u->is_peer_eof = false;
    upper_connect(u);
    hg_http_drain(u->conn);
    upper_wait_eof(u);
}

static void reset_closes_at_once(void **state) {
    struct upper *u = *state;
    u->mode = UPPER_MANUAL;
    upper_connect(u);
    upper_send(u, HG_SLICE(GET("/1") GET("/2")));
    hg_stream_reset(u->stream);
    upper_wait_eof(u);
    assert_string_equal(upper_told(u), "head GET /1; gone 0; ");
    assert_int_equal(u->received.len, 0);
}

static void paused_body_stops_and_goes_on(void **state) {
    struct upper *u = *state;
    u->mode = UPPER_MANUAL;
    upper_connect(u);
    upper_send(u, HG_SLICE("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc"));
    hg_stream_pause(u->stream, true);
    upper_send(u, HG_SLICE("def" GET("/2")));
    assert_int_equal(u->body.len, 3);
    assert_null(strstr(upper_told(u), "last"));
    hg_stream_pause(u->stream, false);
    upper_wait_told(u, "body abcdef last; ");
    hg_stream_answer(u->stream, 200, NULL, 0, HG_SLICE(""));
    upper_wait_told(u, "head GET /2; ");
}

int test_h1(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(request_is_answered_and_the_next_one_too, upper_set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(every_cut_gives_the_same_answers, upper_set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(pipelined_requests_wait_for_their_answers, upper_set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(long_pipeline_is_bounded_and_loses_nothing, upper_set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(unread_answers_are_bounded, upper_set_up, upper_tear_down),
        cmocka_unit_test_setup_teardown(bad_request_in_the_middle_ends_the_pipeline, upper_set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(broken_body_is_refused_before_the_answer, upper_set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(refusals_are_told_with_what_was_read, upper_set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(refusals_say_what_is_allowed, upper_set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(number_of_requests_is_limited, upper_set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(silence_is_closed_without_a_word, upper_set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(slow_head_is_timed_out, upper_set_up, upper_tear_down),
        cmocka_unit_test_setup_teardown(slow_second_head_is_timed_out, upper_set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(slow_body_is_timed_out, upper_set_up, upper_tear_down),
        cmocka_unit_test_setup_teardown(slow_answer_is_not_the_peers_fault, upper_set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(idle_connection_is_closed, upper_set_up, upper_tear_down),
        cmocka_unit_test_setup_teardown(end_of_input_after_a_request_leaves_its_answer,
                                        upper_set_up, upper_tear_down),
        cmocka_unit_test_setup_teardown(end_of_input_inside_a_body_stores_nothing, upper_set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(peer_that_vanishes_is_told_above, upper_set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(draining_closes_idle_and_after_the_answer, upper_set_up,
                                        upper_tear_down),
        cmocka_unit_test_setup_teardown(reset_closes_at_once, upper_set_up, upper_tear_down),
        cmocka_unit_test_setup_teardown(paused_body_stops_and_goes_on, upper_set_up,
                                        upper_tear_down),
    };
    return cmocka_run_group_tests_name("proto/h1/h1", tests, NULL, NULL);
}
