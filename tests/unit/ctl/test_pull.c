/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/stream.h"

#include "unit/ctl/rig.h"

#define BATCH(next, body)                                                                          \
    "HTTP/1.1 200 OK\r\nConnection: close\r\nLink: <?position=" next ">; "                         \
    "rel=\"next\"\r\n\r\n" body

static void batches_are_read_until_one_is_empty(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {
        {BATCH("p2", "[{\"id\":\"1\",\"hgposition\":\"p1\"},\n{\"id\":\"2\"}]"), HTTP_PEER_CLOSE},
        {ANSWER("429", "Retry-After: 0\r\n"), HTTP_PEER_CLOSE},
        {BATCH("p3", "[{\"id\":\"3\"}]"), HTTP_PEER_CLOSE},
        {BATCH("p4", "[]"), HTTP_PEER_CLOSE}};
    struct rig r;
    rig_open(&r, "");
    rig_serve(&r, steps, HG_COUNT(steps));
    assert_int_equal(
        rig_run(&r, "tail", http_peer_url(r.peer, "/e"), "--no-follow", "--type", "a.*", NULL), 0);
    assert_string_equal(r.out, "{\"id\":\"1\",\"hgposition\":\"p1\"}\n{\"id\":\"2\"}\n"
                               "{\"id\":\"3\"}\n");
    assert_has(http_peer_request(r.peer, 0), "GET /e?type=a.%2A&since=earliest HTTP/1.1\r\n");
    assert_has(http_peer_request(r.peer, 1), "GET /e?type=a.%2A&position=p2 HTTP/1.1\r\n");
    assert_has(http_peer_request(r.peer, 2), "GET /e?type=a.%2A&position=p2 HTTP/1.1\r\n");
    assert_has(http_peer_request(r.peer, 3), "GET /e?type=a.%2A&position=p3 HTTP/1.1\r\n");
    assert_has_not(http_peer_request(r.peer, 0), "text/event-stream");
    assert_has(r.err, "headgatectl: position p4\n");
    rig_close(&r);
}

static void counting_ends_inside_a_batch_at_its_own_position(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {
        {BATCH("p3", "[{\"hgposition\":\"p1\"},{\"hgposition\":\"p2\"}]"), HTTP_PEER_CLOSE}};
    struct rig r;
    rig_open(&r, "");
    rig_serve(&r, steps, 1);
    assert_int_equal(rig_run(&r, "tail", http_peer_url(r.peer, "/"), "--no-follow", "-c", "1",
                             "--since", "2026-01-02T03:04:05+01:00", NULL),
                     0);
    assert_has(http_peer_request(r.peer, 0), "GET /?since=2026-01-02T02%3A04%3A05.000Z HTTP");
    assert_string_equal(r.out, "{\"hgposition\":\"p1\"}\n");
    assert_string_equal(r.err, "headgatectl: position p1\n");
    rig_close(&r);
}

/* Asking for the same for ever would be worse than an end. */
static void a_link_that_does_not_move_on_is_the_end(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {{BATCH("p1", "[{\"id\":\"1\"}]"), HTTP_PEER_CLOSE},
                                           {BATCH("p1", "[{\"id\":\"1\"}]"), HTTP_PEER_CLOSE},
                                           {JSON_OK("[{}]"), HTTP_PEER_CLOSE}};
    struct rig r;
    rig_open(&r, "");
    rig_serve(&r, steps, HG_COUNT(steps));
    const char *url = http_peer_url(r.peer, "/");
    assert_int_equal(rig_run(&r, "tail", url, "--no-follow", NULL), 0);
    assert_int_equal(http_peer_seen(r.peer), 2);
    assert_int_equal(rig_run(&r, "tail", url, "--no-follow", NULL), 0);
    assert_int_equal(http_peer_seen(r.peer), 3);
    rig_close(&r);
}

static void what_is_no_batch_is_told(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {{JSON_OK("{}"), HTTP_PEER_CLOSE},
                                           {JSON_OK("[1"), HTTP_PEER_CLOSE},
                                           {JSON_OK(""), HTTP_PEER_CLOSE},
                                           {ANSWER("404", ""), HTTP_PEER_CLOSE},
                                           {JSON_OK("[5,{\"id\":\"1\"}]"), HTTP_PEER_CLOSE}};
    struct rig r;
    rig_open(&r, "");
    rig_serve(&r, steps, HG_COUNT(steps));
    const char *url = http_peer_url(r.peer, "/");
    assert_int_equal(rig_run(&r, "tail", url, "--no-follow", NULL), 1);
    assert_int_equal(rig_run(&r, "tail", url, "--no-follow", NULL), 1);
    assert_int_equal(rig_run(&r, "tail", url, "--no-follow", NULL), 1);
    assert_has(r.err, "tail: the answer is no batch of events");
    assert_int_equal(rig_run(&r, "tail", url, "--no-follow", NULL), 1);
    assert_has(r.err, "tail: 404\n");
    assert_int_equal(rig_run(&r, "tail", url, "--no-follow", NULL), 0);
    assert_has(r.err, "something that is no event");
    assert_string_equal(r.out, "{\"id\":\"1\"}\n");
    rig_close(&r);
}

static void patience_has_an_end(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {{ANSWER("503", "Retry-After: 0\r\n"), HTTP_PEER_CLOSE},
                                           {ANSWER("503", "Retry-After: 0\r\n"), HTTP_PEER_CLOSE},
                                           {BATCH("p", "[]"), HTTP_PEER_CLOSE}};
    struct rig r;
    rig_open(&r, "");
    rig_serve(&r, steps, HG_COUNT(steps));
    assert_int_equal(
        rig_run(&r, "tail", http_peer_url(r.peer, "/"), "--no-follow", "--retries", "1", NULL), 1);
    assert_int_equal(http_peer_seen(r.peer), 2);
    rig_close(&r);
}

int test_pull(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_are_read_until_one_is_empty),
        cmocka_unit_test(counting_ends_inside_a_batch_at_its_own_position),
        cmocka_unit_test(a_link_that_does_not_move_on_is_the_end),
        cmocka_unit_test(what_is_no_batch_is_told),
        cmocka_unit_test(patience_has_an_end),
    };
    return cmocka_run_group_tests_name("pull", tests, NULL, NULL);
}
