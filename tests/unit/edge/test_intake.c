/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/edge/rig.h"

#include <fcntl.h>
#include <stdlib.h>

/* The lines of an access log with this format, over a file on disk. */
struct lines {
    char path[32];
    char conf[512];
    char text[4096];
};

static void lines_open(struct lines *l, const char *format, const char *server) {
    snprintf(l->path, sizeof(l->path), "/tmp/hg-edge-XXXXXX");
    close(mkstemp(l->path));
    int fd = open(l->path, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(hg_access_file_set(hg_slice_of(l->path), fd), 0);
    snprintf(l->conf, sizeof(l->conf), "log_format f \"%s\";\naccess_log %s f;\n%s", format,
             l->path, server);
}

static const char *lines_read(struct lines *l, struct rig *rig) {
    hg_access_flush(&rig->edge->pens);
    int fd = open(l->path, O_RDONLY);
    ssize_t n = read(fd, l->text, sizeof(l->text) - 1);
    assert_true(n >= 0);
    l->text[n] = 0;
    close(fd);
    return l->text;
}

static void lines_close(struct lines *l) {
    unlink(l->path);
    hg_access_file_sweep();
    assert_null(hg_access_file_find(hg_slice_of(l->path))); /* no site holds it any more */
}

static void an_event_is_stored_and_the_answer_has_its_position(void **state) {
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    ask_post(&a, &rig, "/events", STRUCTURED, EVENT("1"));
    ask_until_answered(&a);
    assert_int_equal(a.stream.status, 202);
    assert_int_equal(strlen(fake_stream_field(&a.stream, "headgate-position")),
                     HG_POSITION_TEXT_LEN);
    assert_int_equal(a.stream.body.len, 0);
    ask_close(&a);
    assert_int_equal(rig.log.n_seen, 1);
    rig_close(&rig);
}

static void a_body_may_come_in_any_pieces(void **state) {
    const char *event = EVENT("1");
    struct rig rig;
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    for (size_t at = 0; at <= strlen(event); at++) {
        struct ask a;
        fake_request_init(&a.request, "POST", "/events", "content-type", STRUCTURED, NULL);
        fake_request_body(&a.request, -1);
        ask_send(&a, &rig);
        struct hg_stream *s = &a.stream.stream;
        s->ops->on_body(s, event, at, false);
        s->ops->on_body(s, event + at, strlen(event) - at, false);
        assert_int_equal(a.stream.status, 0);
        s->ops->on_body(s, NULL, 0, true);
        ask_until_answered(&a);
        assert_int_equal(a.stream.status, 202);
        assert_int_equal(fake_stream_field(&a.stream, "headgate-duplicate") != NULL, at > 0);
        ask_close(&a);
    }
    assert_int_equal(rig.log.n_seen, 1);
    rig_close(&rig);
}

#define SMALL                                                                                      \
    SERVER("location = /events { accept cloudevents; publish demo.a; client_max_body_size 1k; "    \
           "}")

static void a_body_above_the_limit_is_refused_when_it_is_announced(void **state) {
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open(&rig, SMALL);
    fake_request_init(&a.request, "POST", "/events", "content-type", STRUCTURED, NULL);
    fake_request_body(&a.request, 1025);
    a.request.head.expects_continue = true;
    ask_send(&a, &rig);
    ask_assert_problem(&a, 413, "body-too-large");
    assert_false(a.stream.is_continued);
    ask_close(&a);
    rig_close(&rig);
}

static void a_body_above_the_limit_is_refused_where_it_passes_it(void **state) {
    char bytes[1024];
    struct rig rig;
    struct ask a;
    (void)state;
    memset(bytes, ' ', sizeof(bytes));
    rig_open(&rig, SMALL);
    fake_request_init(&a.request, "POST", "/events", "content-type", STRUCTURED, NULL);
    fake_request_body(&a.request, -1);
    ask_send(&a, &rig);
    struct hg_stream *s = &a.stream.stream;
    s->ops->on_body(s, bytes, sizeof(bytes), false); /* as many as may be */
    assert_int_equal(a.stream.status, 0);
    s->ops->on_body(s, bytes, 1, false);
    ask_assert_problem(&a, 413, "body-too-large");
    s->ops->on_body(s, bytes, 1, true); /* what is still on its way */
    ask_close(&a);
    rig_close(&rig);
}

/* Memory goes from one request to the next, what was in it does not. */
static void a_request_knows_nothing_of_the_one_before(void **state) {
    const char *event = EVENT("1");
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    for (int i = 0; i < 3; i++) {
        fake_request_init(&a.request, "POST", "/events", "content-type", STRUCTURED, NULL);
        fake_request_body(&a.request, -1);
        ask_send(&a, &rig);
        a.stream.stream.ops->on_body(&a.stream.stream, event, strlen(event), false);
        ask_close(&a); /* gone before the end of the body */
    }
    ask_post(&a, &rig, "/events", STRUCTURED, "{}");
    ask_until_answered(&a);
    assert_int_equal(a.stream.status, 400);
    ask_close(&a);
    ask_post(&a, &rig, "/events", STRUCTURED, EVENT("2"));
    ask_until_answered(&a);
    assert_int_equal(a.stream.status, 202);
    ask_close(&a);
    assert_int_equal(rig.log.n_seen, 1);
    rig_close(&rig);
}

static void the_peer_is_told_to_go_on_when_the_fields_are_good(void **state) {
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    fake_request_init(&a.request, "POST", "/events", "content-type", STRUCTURED, NULL);
    fake_request_body(&a.request, 10);
    a.request.head.expects_continue = true;
    ask_send(&a, &rig);
    assert_true(a.stream.is_continued);
    ask_close(&a);
    fake_request_init(&a.request, "POST", "/events", "content-type", "text/plain", NULL);
    fake_request_body(&a.request, 10);
    a.request.head.expects_continue = true;
    ask_send(&a, &rig);
    ask_assert_problem(&a, 415, "media-type-unsupported");
    assert_false(a.stream.is_continued);
    ask_close(&a);
    rig_close(&rig);
}

static void what_is_not_taken_says_what_is(void **state) {
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    ask_post(&a, &rig, "/events", "text/plain", "x");
    ask_assert_problem(&a, 415, "media-type-unsupported");
    ask_assert_field(&a, "accept-post",
                     "application/cloudevents+json, application/cloudevents-batch+json, */*");
    ask_close(&a);
    rig_close(&rig);
}

static void an_empty_body_is_no_event(void **state) {
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    ask_post(&a, &rig, "/events", STRUCTURED, "");
    ask_assert_problem(&a, 400, "json-invalid");
    ask_close(&a);
    ask_post(&a, &rig, "/events", BATCH, "[]");
    ask_until_answered(&a);
    assert_int_equal(a.stream.status, 204);
    ask_close(&a);
    rig_close(&rig);
}

static void who_may_not_publish_sends_no_body(void **state) {
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open(&rig, SERVER("location = /events { accept cloudevents; publish secret.a; }"
                          "location = /key { accept cloudevents; publish demo.a; "
                          "authenticate key; }"));
    fake_request_init(&a.request, "POST", "/events", "content-type", STRUCTURED, NULL);
    fake_request_body(&a.request, 10);
    ask_send(&a, &rig);
    ask_assert_problem(&a, 403, "forbidden");
    ask_close(&a);
    fake_request_init(&a.request, "POST", "/key", "content-type", STRUCTURED, NULL);
    fake_request_body(&a.request, 10);
    ask_send(&a, &rig);
    ask_assert_problem(&a, 401, "unauthenticated");
    ask_assert_field(&a, "www-authenticate", "Key realm=\"test\"");
    ask_close(&a);
    rig_close(&rig);
}

static void the_access_log_counts_events(void **state) {
    struct lines l;
    struct rig rig;
    struct ask a;
    (void)state;
    lines_open(&l, "$request_method $status $events $duplicates $request_length $problem",
               SERVER(EVENTS));
    rig_open(&rig, l.conf);
    ask_post(&a, &rig, "/events", BATCH, "[" EVENT("1") "," EVENT("2") "]");
    ask_until_answered(&a);
    ask_close(&a);
    ask_post(&a, &rig, "/events", BATCH, "[" EVENT("2") "," EVENT("3") "," EVENT("1") "]");
    ask_until_answered(&a);
    ask_close(&a);
    ask_post(&a, &rig, "/events", BATCH, "[" EVENT("4") ",{}]");
    ask_close(&a);
    ask_refused(&rig, "PATCH", "/events", 405, "method-not-allowed");
    char want[256];
    snprintf(want, sizeof(want),
             "POST 202 2 0 %zu -\nPOST 202 1 2 %zu -\nPOST 400 0 0 %zu event-invalid\n"
             "PATCH 405 0 0 0 method-not-allowed\n",
             strlen("[" EVENT("1") "," EVENT("2") "]"),
             strlen("[" EVENT("2") "," EVENT("3") "," EVENT("1") "]"),
             strlen("[" EVENT("4") ",{}]"));
    assert_string_equal(lines_read(&l, &rig), want);
    rig_close(&rig);
    lines_close(&l);
}

static bool has_held(void *arg) {
    return atomic_load(&((struct rig *)arg)->fake.n_held) == 1;
}
static bool is_empty(void *arg) {
    return hg_edge_visits(((struct rig *)arg)->edge) == 0;
}

/* The client does not know that it was stored; the log has it all the same. */
static void an_event_whose_sender_has_gone_is_counted(void **state) {
    struct lines l;
    struct rig rig;
    struct ask a;
    (void)state;
    lines_open(&l, "$status $events $problem", SERVER(EVENTS));
    rig_open(&rig, l.conf);
    rig.fake.is_manual = true;
    ask_post(&a, &rig, "/events", STRUCTURED, EVENT("1"));
    rig_until(&rig.log, has_held, &rig);
    ask_close(&a);
    assert_int_equal(hg_edge_visits(rig.edge), 1);
    fake_log_answer(&rig.fake, 1, 0);
    rig_until(&rig.log, is_empty, &rig);
    ask_post(&a, &rig, "/events", STRUCTURED, EVENT("2"));
    rig_until(&rig.log, has_held, &rig);
    ask_close(&a);
    fake_log_answer(&rig.fake, 1, HG_EIO);
    rig_until(&rig.log, is_empty, &rig);
    assert_string_equal(lines_read(&l, &rig), "499 1 -\n499 0 log-failed\n");
    rig_close(&rig);
    lines_close(&l);
}

static void a_sender_that_goes_within_the_body_leaves_nothing(void **state) {
    struct lines l;
    struct rig rig;
    struct ask a;
    (void)state;
    lines_open(&l, "$remote_addr $status $events", SERVER(EVENTS));
    rig_open(&rig, l.conf);
    fake_request_init(&a.request, "POST", "/events", "content-type", STRUCTURED, NULL);
    fake_request_body(&a.request, 1000);
    ask_send(&a, &rig);
    a.stream.stream.ops->on_body(&a.stream.stream, "{", 1, false);
    ask_close(&a);
    assert_int_equal(hg_edge_visits(rig.edge), 0);
    assert_string_equal(lines_read(&l, &rig), "192.0.2.7 499 0\n");
    rig_close(&rig);
    lines_close(&l);
}

#define HANDLERS                                                                                   \
    SERVER("location /say { say hello; } location /tea { say teapot; } "                           \
           "location /fail { say fail; } location /no { say refuse; } "                            \
           "location /choke { say choke; } "                                                       \
           "location /mine { say mine; authenticate key; cors_origin *; }")

static void a_handler_answers(void **state) {
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open(&rig, HANDLERS);
    ASK(&a, &rig, "GET", "/say/more?x=y", NULL);
    assert_int_equal(a.stream.status, 200);
    assert_string_equal(a.stream.body.ptr, "hello");
    ask_assert_field(&a, "content-type", "text/plain; charset=utf-8");
    ask_close(&a);
    ASK(&a, &rig, "HEAD", "/say", NULL);
    assert_int_equal(a.stream.status, 200);
    ask_close(&a);
    ASK(&a, &rig, "GET", "/tea", NULL);
    assert_int_equal(a.stream.status, 418);
    ask_assert_field(&a, "content-type", "text/x-tea");
    ask_close(&a);
    fake_request_init(&a.request, "PUT", "/say", NULL);
    fake_request_body(&a.request, 4);
    ask_send(&a, &rig);
    assert_int_equal(a.stream.status, 0);
    a.stream.stream.ops->on_body(&a.stream.stream, " you", 4, true);
    assert_string_equal(a.stream.body.ptr, "hello you");
    ask_close(&a);
    rig_close(&rig);
}

/* Answers when the test says so. */
static struct hg_reply *waiting;
static void on_start(const void *conf, const struct hg_request *r, struct hg_slice body,
                     struct hg_reply *reply) {
    (void)conf, (void)r, (void)body;
    waiting = reply;
}

static const char *const later_methods[] = {"GET", NULL};
static const struct hg_handler_ops later_ops = {
    .size = sizeof(later_ops), .name = "later", .methods = later_methods, .start = on_start};

/* The location of /say answers later. */
static void rig_open_later(struct rig *rig) {
    rig_open(rig, HANDLERS);
    ((struct hg_location *)&rig_now(rig)->site->servers[0].locations[0])->handler = &later_ops;
    waiting = NULL;
}

static void a_handler_may_answer_later(void **state) {
    struct hg_answer answer = {.status = 200};
    struct hg_problem problem = {.index = -1};
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open_later(&rig);
    ASK(&a, &rig, "GET", "/say", NULL);
    rig_turn(&rig);
    assert_int_equal(a.stream.status, 0);
    HG_BUF_LIT(&answer.body, "at last");
    hg_reply_send(waiting, &answer, NULL);
    assert_int_equal(a.stream.status, 200);
    assert_string_equal(a.stream.body.ptr, "at last");
    assert_null(answer.body.ptr);
    ask_close(&a);
    ASK(&a, &rig, "GET", "/say", NULL);
    hg_problem_set(&problem, 404, "not-found", "There is none.");
    hg_reply_send(waiting, &answer, &problem);
    ask_assert_problem(&a, 404, "not-found");
    ask_close(&a);
    rig_close(&rig);
}

static void an_answer_that_nobody_waits_for_is_dropped(void **state) {
    struct hg_answer answer = {.status = 200};
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open_later(&rig);
    ASK(&a, &rig, "GET", "/say", NULL);
    ask_close(&a);
    assert_int_equal(hg_edge_visits(rig.edge), 1);
    HG_BUF_LIT(&answer.body, "too late");
    hg_reply_send(waiting, &answer, NULL);
    assert_int_equal(hg_edge_visits(rig.edge), 0);
    rig_close(&rig);
}

static void a_handler_that_fails_is_answered_for(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig, HANDLERS);
    ask_refused(&rig, "GET", "/fail", 500, "internal");
    ask_refused(&rig, "GET", "/no", 403, "forbidden");
    ask_refused(&rig, "GET", "/choke", 503, "overloaded");
    rig_close(&rig);
}

static void a_handler_s_methods_are_held_to(void **state) {
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open(&rig, HANDLERS);
    ASK(&a, &rig, "POST", "/say", NULL);
    ask_assert_problem(&a, 405, "method-not-allowed");
    ask_assert_field(&a, "allow", "OPTIONS, GET, HEAD, PUT");
    ask_close(&a);
    rig_close(&rig);
}

static void a_handler_s_caller_may_have_to_say_who(void **state) {
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open(&rig, HANDLERS);
    ASK(&a, &rig, "GET", "/mine", "origin", "https://a.test", NULL);
    ask_assert_problem(&a, 401, "unauthenticated");
    ask_assert_field(&a, "www-authenticate", "Key realm=\"test\"");
    ask_assert_field(&a, "access-control-allow-origin", "https://a.test");
    ask_close(&a);
    ASK(&a, &rig, "GET", "/mine", "x-key", "me:user", "origin", "https://a.test", NULL);
    assert_int_equal(a.stream.status, 200);
    ask_assert_field(&a, "access-control-allow-origin", "https://a.test");
    ask_close(&a);
    rig_close(&rig);
}

int test_intake(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_stored_and_the_answer_has_its_position),
        cmocka_unit_test(a_body_may_come_in_any_pieces),
        cmocka_unit_test(a_body_above_the_limit_is_refused_when_it_is_announced),
        cmocka_unit_test(a_body_above_the_limit_is_refused_where_it_passes_it),
        cmocka_unit_test(a_request_knows_nothing_of_the_one_before),
        cmocka_unit_test(the_peer_is_told_to_go_on_when_the_fields_are_good),
        cmocka_unit_test(what_is_not_taken_says_what_is),
        cmocka_unit_test(an_empty_body_is_no_event),
        cmocka_unit_test(who_may_not_publish_sends_no_body),
        cmocka_unit_test(the_access_log_counts_events),
        cmocka_unit_test(an_event_whose_sender_has_gone_is_counted),
        cmocka_unit_test(a_sender_that_goes_within_the_body_leaves_nothing),
        cmocka_unit_test(a_handler_answers),
        cmocka_unit_test(a_handler_may_answer_later),
        cmocka_unit_test(an_answer_that_nobody_waits_for_is_dropped),
        cmocka_unit_test(a_handler_that_fails_is_answered_for),
        cmocka_unit_test(a_handler_s_methods_are_held_to),
        cmocka_unit_test(a_handler_s_caller_may_have_to_say_who),
    };
    return cmocka_run_group_tests_name("intake", tests, NULL, NULL);
}
