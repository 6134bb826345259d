/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/stream.h"

#include "unit/ctl/rig.h"

#define OPENED                                                                                     \
    "event: headgate.stream.opened\nretry: 1\ndata: {\"position\":\"p0\",\"resumed\":false}\n"     \
    "id: p0\n\n"
#define EVENT(n) "data: {\"id\":\"" n "\"}\nid: p" n "\n\n"

static void it_comes_back_where_it_was(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {
        {SSE_OK(OPENED EVENT("1") "id: p1b\n\ndata: {\"id\":\"cut\"}\n"), HTTP_PEER_CLOSE},
        {NULL, HTTP_PEER_RESET},
        {ANSWER("503", "Retry-After: 0\r\n"), HTTP_PEER_CLOSE},
        {SSE_OK(OPENED EVENT("2") EVENT("3")), HTTP_PEER_HOLD}};
    struct rig r;
    rig_open(&r, "");
    rig_serve(&r, steps, HG_COUNT(steps));
    const char *url = http_peer_url(r.peer, "/events?a=b");
    assert_int_equal(rig_run(&r, "tail", url, "--since", "earliest", "-c", "2", NULL), 0);
    assert_string_equal(r.out, "{\"id\":\"1\"}\n{\"id\":\"2\"}\n");
    const char *first = http_peer_request(r.peer, 0);
    assert_has(first, "GET /events?a=b&since=earliest HTTP/1.1\r\n");
    assert_has(first, "\r\nAccept: text/event-stream\r\n");
    assert_has_not(first, "Last-Event-ID");
    for (size_t i = 1; i < HG_COUNT(steps); i++) {
        assert_has(http_peer_request(r.peer, i), "\r\nLast-Event-ID: p1b\r\n");
    }
    assert_has(r.err, "stream opened: position=p0 resumed=false\n");
    assert_has(r.err, "stream ended (by the gateway); again in 0.");
    assert_has(r.err, "headgatectl: position p2\n");
    rig_close(&r);
}

static void a_gap_is_told_whatever_was_said_of_quiet(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {
        {SSE_OK(OPENED
                "event: headgate.stream.gap\ndata: {\"position\":\"p5\",\"topic\":\"a.b\","
                "\"reason\":\"trimmed\",\"retry_ms\":7}\n\n"
                "event: other\ndata: x\n\n" EVENT("1") "event: headgate.stream.gap\ndata: {}\n\n"),
         HTTP_PEER_HOLD}};
    struct rig r;
    rig_open(&r, "");
    rig_serve(&r, steps, 1);
    assert_int_equal(rig_run(&r, "tail", http_peer_url(r.peer, "/"), "-q", "-c1", NULL), 0);
    assert_string_equal(r.err, "headgatectl: stream gap, events are MISSING here: position=p5 "
                               "topic=a.b reason=trimmed retry_ms=7\n");
    assert_string_equal(r.out, "{\"id\":\"1\"}\n");
    rig_close(&r);
}

static void a_refusal_is_the_end(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {
        {PROBLEM("400", "{\"title\":\"Not a position\"}"), HTTP_PEER_CLOSE},
        {SSE_OK(OPENED), HTTP_PEER_CLOSE},
        {ANSWER("403", ""), HTTP_PEER_CLOSE}};
    struct rig r;
    rig_open(&r, "");
    rig_serve(&r, steps, HG_COUNT(steps));
    const char *url = http_peer_url(r.peer, "/");
    assert_int_equal(rig_run(&r, "tail", url, "--position", "x/y", NULL), 1);
    assert_has(http_peer_request(r.peer, 0), "GET /?position=x%2Fy HTTP/1.1\r\n");
    assert_has(r.err, "tail: 400 Not a position\n");
    assert_int_equal(rig_run(&r, "tail", url, NULL), 1);
    assert_has(r.err, "tail: 403\n");
    assert_has(r.err, "headgatectl: position p0\n");
    rig_close(&r);
}

static void what_is_no_stream_is_the_end(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {{JSON_OK("[]"), HTTP_PEER_CLOSE}};
    struct rig r;
    rig_open(&r, "");
    rig_serve(&r, steps, 1);
    assert_int_equal(rig_run(&r, "tail", http_peer_url(r.peer, "/"), NULL), 1);
    assert_has(r.err, "no event stream");
    rig_close(&r);
}

static void a_first_connection_that_fails_is_the_end(void **state) {
    (void)state;
    struct rig r;
    rig_open(&r, "");
    assert_int_equal(rig_run(&r, "tail", http_peer_nowhere(), NULL), 1);
    assert_has_not(r.err, "again in");
    rig_close(&r);
}

static void failures_in_a_row_are_counted_where_asked(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {{ANSWER("503", "Retry-After: 0\r\n"), HTTP_PEER_CLOSE},
                                           {SSE_OK(OPENED), HTTP_PEER_CLOSE},
                                           {ANSWER("503", "Retry-After: 0\r\n"), HTTP_PEER_CLOSE},
                                           {ANSWER("503", "Retry-After: 0\r\n"), HTTP_PEER_CLOSE}};
    struct rig r;
    rig_open(&r, "");
    rig_serve(&r, steps, HG_COUNT(steps));
    assert_int_equal(rig_run(&r, "tail", http_peer_url(r.peer, "/"), "--retries", "1", NULL), 1);
    assert_int_equal(http_peer_seen(r.peer), 4);
    rig_close(&r);
}

static void a_silent_stream_is_left(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {{SSE_OK(OPENED), HTTP_PEER_HOLD},
                                           {SSE_OK(EVENT("1")), HTTP_PEER_HOLD}};
    struct rig r;
    rig_open(&r, "");
    rig_serve(&r, steps, HG_COUNT(steps));
    assert_int_equal(
        rig_run(&r, "tail", http_peer_url(r.peer, "/"), "-c1", "--timeout", "50ms", NULL), 0);
    assert_has(r.err, "stream ended (nothing came within the idle limit)");
    rig_close(&r);
}

static void an_output_that_is_full_ends_it(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {{SSE_OK(OPENED EVENT("1")), HTTP_PEER_HOLD}};
    struct rig r;
    rig_open(&r, "");
    rig_serve(&r, steps, 1);
    FILE *memory = r.ctl.out;
    r.ctl.out = fopen("/dev/full", "w");
    char *argv[] = {"headgatectl", "tail", (char *)http_peer_url(r.peer, "/"), NULL};
    hg_ctl_run(&r.ctl, 3, argv);
    assert_int_not_equal(r.ctl.out_errno, 0);
    fclose(r.ctl.out);
    r.ctl.out = memory;
    rig_close(&r);
}

int test_follow(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_comes_back_where_it_was),
        cmocka_unit_test(a_gap_is_told_whatever_was_said_of_quiet),
        cmocka_unit_test(a_refusal_is_the_end),
        cmocka_unit_test(what_is_no_stream_is_the_end),
        cmocka_unit_test(a_first_connection_that_fails_is_the_end),
        cmocka_unit_test(failures_in_a_row_are_counted_where_asked),
        cmocka_unit_test(a_silent_stream_is_left),
        cmocka_unit_test(an_output_that_is_full_ends_it),
    };
    return cmocka_run_group_tests_name("follow", tests, NULL, NULL);
}
