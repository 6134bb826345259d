/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/client.h"

#include <sys/eventfd.h>

#include "base/clock.h"
#include "support/http_peer.h"
#include "unit/fetch/tests.h"

#define OK(length, body) "HTTP/1.1 200 OK\r\nContent-Length: " length "\r\n\r\n" body

static struct hg_fetch_client *new_client(int stop_fd) {
    struct hg_fetch_setup setup = {.is_direct = true, .stop_fd = stop_fd};
    struct hg_fetch_client *c = hg_fetch_client_new(&setup);
    assert_non_null(c);
    return c;
}

/* What came piece by piece, and when to end. */
struct taken {
    struct hg_buf bytes;
    int status;
    size_t stop_at; /* bytes; 0: never */
    bool refuses_head;
};

static bool on_head(void *arg, const struct hg_fetch_answer *answer) {
    struct taken *t = arg;
    t->status = answer->status;
    return !t->refuses_head;
}

static bool on_body(void *arg, struct hg_slice bytes) {
    struct taken *t = arg;
    hg_buf_put_slice(&t->bytes, bytes);
    return t->stop_at == 0 || t->bytes.len < t->stop_at;
}

static const struct hg_fetch_ops take_ops = {.on_head = on_head, .on_body = on_body};

static void a_get_gathers_the_answer(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {
        {"HTTP/1.1 404 Nope\r\nX-Why: Because\r\nContent-Length: 4\r\n\r\nbody", HTTP_PEER_CLOSE}};
    struct http_peer *peer = http_peer_start(steps, 1);
    struct hg_fetch_client *c = new_client(-1);
    struct hg_field fields[] = {{HG_SLICE("Accept"), HG_SLICE("text/plain")},
                                {HG_SLICE("X-Empty"), HG_SLICE("")}};
    struct hg_fetch_request r = {
        .url = http_peer_url(peer, "/a?b=c"), .fields = fields, .n_fields = 2};
    struct hg_fetch_answer a = {0};
    struct hg_slice value;
    hg_fetch_run(c, &r, &a);
    assert_int_equal(a.outcome, HG_FETCH_ANSWERED);
    assert_int_equal(a.status, 404);
    unit_assert_slice(hg_buf_slice(&a.body), "body");
    assert_true(hg_fetch_field(&a, HG_SLICE("x-why"), &value));
    unit_assert_slice(value, "Because");
    const char *request = http_peer_request(peer, 0);
    assert_non_null(strstr(request, "GET /a?b=c HTTP/1.1\r\n"));
    assert_non_null(strstr(request, "\r\nAccept: text/plain\r\n"));
    assert_non_null(strstr(request, "\r\nX-Empty:\r\n"));
    assert_non_null(strstr(request, "\r\nUser-Agent: headgate/"));
    assert_null(strcasestr(request, "content-type"));
    hg_fetch_answer_fini(&a);
    hg_fetch_client_free(&c);
    http_peer_stop(&peer);
}

static void a_post_sends_its_bytes_and_the_connection_is_kept(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {{OK("0", ""), HTTP_PEER_KEEP},
                                           {OK("2", "ok"), HTTP_PEER_CLOSE}};
    struct http_peer *peer = http_peer_start(steps, 2);
    struct hg_fetch_client *c = new_client(-1);
    struct hg_field type = {HG_SLICE("Content-Type"), HG_SLICE("application/x")};
    struct hg_fetch_request r = {.method = HG_FETCH_POST,
                                 .url = http_peer_url(peer, "/"),
                                 .fields = &type,
                                 .n_fields = 1,
                                 .body = {"a\0b", 3}};
    struct hg_fetch_answer a = {0};
    hg_fetch_run(c, &r, &a);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.body.len, 0);
    r.body = (struct hg_slice){NULL, 0};
    hg_fetch_run(c, &r, &a);
    assert_int_equal(a.status, 200);
    unit_assert_slice(hg_buf_slice(&a.body), "ok");
    const char *request = http_peer_request(peer, 0);
    assert_non_null(strstr(request, "POST / HTTP/1.1\r\n"));
    assert_non_null(strstr(request, "\r\nContent-Length: 3\r\n"));
    assert_memory_equal(strstr(request, "\r\n\r\n") + 4, "a\0b", 3);
    assert_non_null(strstr(http_peer_request(peer, 1), "\r\nContent-Length: 0\r\n"));
    hg_fetch_answer_fini(&a);
    hg_fetch_client_free(&c);
    http_peer_stop(&peer);
}

static void a_2xx_body_is_streamed_and_another_is_gathered(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n"
         "X-Trailer: 1\r\n\r\n",
         HTTP_PEER_KEEP},
        {"HTTP/1.1 500 Oh\r\nContent-Length: 3\r\n\r\nwhy", HTTP_PEER_CLOSE}};
    struct http_peer *peer = http_peer_start(steps, 2);
    struct hg_fetch_client *c = new_client(-1);
    struct taken t = {.bytes = {0}};
    struct hg_fetch_request r = {.url = http_peer_url(peer, "/"), .ops = &take_ops, .arg = &t};
    struct hg_fetch_answer a = {0};
    struct hg_slice value;
    hg_fetch_run(c, &r, &a);
    assert_int_equal(a.outcome, HG_FETCH_ANSWERED);
    unit_assert_slice(hg_buf_slice(&t.bytes), "abcde");
    assert_int_equal(a.body.len, 0);
    assert_false(hg_fetch_field(&a, HG_SLICE("x-trailer"), &value));
    hg_fetch_run(c, &r, &a);
    assert_int_equal(t.status, 500);
    unit_assert_slice(hg_buf_slice(&t.bytes), "abcde");
    unit_assert_slice(hg_buf_slice(&a.body), "why");
    hg_buf_fini(&t.bytes);
    hg_fetch_answer_fini(&a);
    hg_fetch_client_free(&c);
    http_peer_stop(&peer);
}

static void an_interim_answer_is_not_the_answer(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {
        {"HTTP/1.1 103 Early Hints\r\nLink: <x>; rel=next\r\n\r\n" OK("1", "x"), HTTP_PEER_CLOSE}};
    struct http_peer *peer = http_peer_start(steps, 1);
    struct hg_fetch_client *c = new_client(-1);
    struct taken t = {.bytes = {0}};
    struct hg_fetch_request r = {.url = http_peer_url(peer, "/"), .ops = &take_ops, .arg = &t};
    struct hg_fetch_answer a = {0};
    struct hg_slice value;
    hg_fetch_run(c, &r, &a);
    assert_int_equal(a.status, 200);
    assert_false(hg_fetch_field(&a, HG_SLICE("link"), &value));
    hg_buf_fini(&t.bytes);
    hg_fetch_answer_fini(&a);
    hg_fetch_client_free(&c);
    http_peer_stop(&peer);
}

static void callbacks_end_a_transfer(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {{OK("100", "0123456789"), HTTP_PEER_HOLD},
                                           {OK("100", "0123456789"), HTTP_PEER_HOLD}};
    struct http_peer *peer = http_peer_start(steps, 2);
    struct hg_fetch_client *c = new_client(-1);
    struct taken t = {.stop_at = 10};
    struct hg_fetch_request r = {.url = http_peer_url(peer, "/"), .ops = &take_ops, .arg = &t};
    struct hg_fetch_answer a = {0};
    hg_fetch_run(c, &r, &a);
    assert_int_equal(a.outcome, HG_FETCH_STOPPED);
    assert_int_equal(t.bytes.len, 10);
    t.refuses_head = true;
    hg_fetch_run(c, &r, &a);
    assert_int_equal(a.outcome, HG_FETCH_STOPPED);
    assert_int_equal(a.status, 200);
    assert_int_equal(t.bytes.len, 10);
    hg_buf_fini(&t.bytes);
    hg_fetch_answer_fini(&a);
    hg_fetch_client_free(&c);
    http_peer_stop(&peer);
}

static void the_word_to_stop_ends_a_wait_at_once(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {{NULL, HTTP_PEER_HOLD}};
    struct http_peer *peer = http_peer_start(steps, 1);
    int stop_fd = eventfd(1, EFD_CLOEXEC);
    struct hg_fetch_client *c = new_client(stop_fd);
    struct hg_fetch_request r = {.url = http_peer_url(peer, "/")};
    struct hg_fetch_answer a = {0};
    int64_t began_ms = hg_clock_mono_ms();
    hg_fetch_run(c, &r, &a);
    assert_int_equal(a.outcome, HG_FETCH_STOPPED);
    assert_true(hg_clock_mono_ms() - began_ms < 5000);
    hg_fetch_answer_fini(&a);
    hg_fetch_client_free(&c);
    close(stop_fd);
    http_peer_stop(&peer);
}

static void expect_outcome(const struct http_peer_step *step, struct hg_fetch_limits limits,
                           enum hg_fetch_outcome want) {
    struct http_peer *peer = http_peer_start(step, 1);
    struct hg_fetch_client *c = new_client(-1);
    struct hg_fetch_request r = {.url = http_peer_url(peer, "/"), .limits = limits};
    struct hg_fetch_answer a = {0};
    hg_fetch_run(c, &r, &a);
    assert_int_equal(a.outcome, want);
    assert_true(a.text[0] != 0);
    hg_fetch_answer_fini(&a);
    hg_fetch_client_free(&c);
    http_peer_stop(&peer);
}

static void an_answer_that_does_not_end_is_lost(void **state) {
    (void)state;
    const struct http_peer_step hold = {OK("9", "x"), HTTP_PEER_HOLD};
    const struct http_peer_step silence = {NULL, HTTP_PEER_HOLD};
    const struct http_peer_step gone = {NULL, HTTP_PEER_CLOSE};
    const struct http_peer_step reset = {NULL, HTTP_PEER_RESET};
    const struct http_peer_step cut = {OK("9", "x"), HTTP_PEER_CLOSE};
    const struct http_peer_step noise = {"SSH-2.0-x\r\n", HTTP_PEER_CLOSE};
    expect_outcome(&hold, (struct hg_fetch_limits){.idle_ms = 30}, HG_FETCH_LOST);
    expect_outcome(&silence, (struct hg_fetch_limits){.idle_ms = 30}, HG_FETCH_LOST);
    expect_outcome(&silence, (struct hg_fetch_limits){.total_ms = 30}, HG_FETCH_LOST);
    expect_outcome(&gone, (struct hg_fetch_limits){.idle_ms = 0}, HG_FETCH_LOST);
    expect_outcome(&reset, (struct hg_fetch_limits){.idle_ms = 0}, HG_FETCH_LOST);
    expect_outcome(&cut, (struct hg_fetch_limits){.idle_ms = 0}, HG_FETCH_LOST);
    expect_outcome(&noise, (struct hg_fetch_limits){.idle_ms = 0}, HG_FETCH_LOST);
}

static void an_answer_above_a_limit_is_not_taken(void **state) {
    (void)state;
    const struct http_peer_step body = {OK("5", "12345"), HTTP_PEER_CLOSE};
    const struct http_peer_step head = {
        "HTTP/1.1 200 OK\r\nX: 1234567890123456789012\r\nContent-Length: 0\r\n\r\n",
        HTTP_PEER_CLOSE};
    expect_outcome(&body, (struct hg_fetch_limits){.body_bytes_max = 4}, HG_FETCH_OVERSIZE);
    expect_outcome(&head, (struct hg_fetch_limits){.head_bytes_max = 20}, HG_FETCH_OVERSIZE);
}

static void what_was_never_sent_is_told_apart(void **state) {
    (void)state;
    struct hg_fetch_client *c = new_client(-1);
    struct hg_fetch_request r = {.url = http_peer_nowhere()};
    struct hg_fetch_answer a = {0};
    hg_fetch_run(c, &r, &a);
    assert_int_equal(a.outcome, HG_FETCH_UNREACHED);
    assert_int_equal(a.status, 0);
    r.url = "nonsense://x";
    hg_fetch_run(c, &r, &a);
    assert_int_equal(a.outcome, HG_FETCH_UNUSABLE);
    hg_fetch_answer_fini(&a);
    hg_fetch_client_free(&c);
    assert_null(c);
    hg_fetch_client_free(&c);
}

static void a_redirect_is_not_followed(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {
        {"HTTP/1.1 307 Go\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n", HTTP_PEER_KEEP},
        {OK("0", ""), HTTP_PEER_CLOSE}};
    struct http_peer *peer = http_peer_start(steps, 2);
    struct hg_fetch_client *c = new_client(-1);
    struct hg_fetch_request r = {.url = http_peer_url(peer, "/")};
    struct hg_fetch_answer a = {0};
    hg_fetch_run(c, &r, &a);
    assert_int_equal(a.status, 307);
    assert_int_equal(http_peer_seen(peer), 1);
    hg_fetch_answer_fini(&a);
    hg_fetch_client_free(&c);
    http_peer_stop(&peer);
}

int test_client(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_get_gathers_the_answer),
        cmocka_unit_test(a_post_sends_its_bytes_and_the_connection_is_kept),
        cmocka_unit_test(a_2xx_body_is_streamed_and_another_is_gathered),
        cmocka_unit_test(an_interim_answer_is_not_the_answer),
        cmocka_unit_test(callbacks_end_a_transfer),
        cmocka_unit_test(the_word_to_stop_ends_a_wait_at_once),
        cmocka_unit_test(an_answer_that_does_not_end_is_lost),
        cmocka_unit_test(an_answer_above_a_limit_is_not_taken),
        cmocka_unit_test(what_was_never_sent_is_told_apart),
        cmocka_unit_test(a_redirect_is_not_followed),
    };
    return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
