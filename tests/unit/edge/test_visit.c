/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/edge/sock.h"

#include "base/alloc.h"
#include "base/counters.h"

#define PLACES                                                                                     \
    SERVER("location = /events { accept cloudevents; publish demo.a; stream demo.a; }"             \
           "location = /in { accept cloudevents; publish demo.a; }"                                \
           "location = /out { stream demo.a; }"                                                    \
           "location /say { say hello; }"                                                          \
           "location /topics/{topic}/events { accept cloudevents; publish demo.$topic "            \
           "allow=demo.*; }")

static void assert_status(struct rig *rig, const char *method, const char *target, int status) {
    struct ask a;
    ASK(&a, rig, method, target, "content-type", STRUCTURED);
    ask_until_answered(&a);
    if (a.stream.status != status) {
        fail_msg("%s %s: %d, not %d", method, target, a.stream.status, status);
    }
    ask_close(&a);
}

static void a_request_goes_to_whoever_answers_its_method(void **state) {
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open(&rig, PLACES);
    assert_status(&rig, "GET", "/events", 200);
    assert_status(&rig, "POST", "/events", 400); /* an empty body is no event */
    assert_status(&rig, "POST", "/in", 400);
    assert_status(&rig, "GET", "/out", 200);
    assert_status(&rig, "GET", "/say", 200);
    assert_status(&rig, "OPTIONS", "/in", 204);
    const struct {
        const char *method, *target, *allow;
    } wrong[] = {
        {"GET", "/in", "OPTIONS, POST"},
        {"HEAD", "/in", "OPTIONS, POST"},
        {"POST", "/out", "OPTIONS, GET"},
        {"HEAD", "/out", "OPTIONS, GET"},
        {"PUT", "/events", "OPTIONS, GET, POST"},
        {"get", "/out", "OPTIONS, GET"},
        {"BREW", "/say", "OPTIONS, GET, HEAD, PUT"},
    };
    for (size_t i = 0; i < HG_COUNT(wrong); i++) {
        ASK(&a, &rig, wrong[i].method, wrong[i].target, NULL);
        ask_assert_problem(&a, 405, "method-not-allowed");
        ask_assert_field(&a, "allow", wrong[i].allow);
        ask_close(&a);
    }
    rig_close(&rig);
}

static void a_websocket_is_opened_where_there_is_a_stream(void **state) {
    struct rig rig;
    struct sock s;
    (void)state;
    rig_open(&rig, PLACES);
    sock_open(&s, &rig, "/in", NULL);
    ask_assert_problem(&s.ask, 405, "method-not-allowed");
    sock_close(&s);
    sock_open(&s, &rig, "/nowhere", NULL);
    ask_assert_problem(&s.ask, 404, "not-found");
    sock_close(&s);
    sock_open(&s, &rig, "/out", NULL);
    assert_int_equal(s.ask.stream.status, 101);
    sock_close(&s);
    rig_close(&rig);
}

/* What routes, what decides rights and what is logged see one path: decoded
 * and with dots resolved. */
static void paths_are_compared_as_they_are_meant(void **state) {
    static const char *const same[] = {
        "/say",          "/say?x=y",       "/%73ay",           "//say",      "/./say", "/x/../say",
        "/x/%2e%2e/say", "/%2E/%73%61%79", "/say/../say/more", "/x//..//say"};
    static const char *const other[] = {"/Say", "/sa", "/x/say", "/say/..", "/", "/%2573ay"};
    static const char *const broken[] = {
        "/say%2Fmore", "/say%2fx",   "/say%5Cx", "/say%00", "/%zz", "/%",     "/%7",
        "/..",         "/say/../..", "/%FF",     "/a\\b",   "say",  "/say%0A"};
    struct rig rig;
    (void)state;
    rig_open(&rig, PLACES);
    for (size_t i = 0; i < HG_COUNT(same); i++) {
        assert_status(&rig, "GET", same[i], 200);
    }
    for (size_t i = 0; i < HG_COUNT(other); i++) {
        ask_refused(&rig, "GET", other[i], 404, "not-found");
    }
    for (size_t i = 0; i < HG_COUNT(broken); i++) {
        ask_refused(&rig, "GET", broken[i], 400, "request-invalid");
    }
    rig_close(&rig);
}

static void a_captured_topic_is_what_was_meant(void **state) {
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open(&rig, PLACES);
    ask_post(&a, &rig, "/topics/%62/./events", STRUCTURED, EVENT("1"));
    ask_until_answered(&a);
    assert_int_equal(a.stream.status, 202);
    ask_close(&a);
    unit_assert_slice(hg_log_topic_name(rig.log.log, rig.log.seen[0].topic), "demo.b");
    static const char *const odd[] = {"/topics/a%2Eb/events", "/topics/%2A/events",
                                      "/topics/$topic/events", "/topics/a%20/events"};
    for (size_t i = 0; i < HG_COUNT(odd); i++) {
        ask_post(&a, &rig, odd[i], STRUCTURED, EVENT("2"));
        ask_assert_problem(&a, 404, "topic-unknown");
        ask_close(&a);
    }
    rig_close(&rig);
}

static void the_host_chooses_the_server(void **state) {
    static const struct {
        const char *authority, *says;
    } hosts[] = {{"a.test", "a"}, {"A.TEST:8080", "a"}, {"x.b.test", "b"},  {"b.test", "a"},
                 {"", "a"},       {"c.test.", "c"},     {"[::1]:8080", "a"}};
    struct rig rig;
    (void)state;
    rig_open(&rig, "server { listen 127.0.0.1:8080; server_name a.test; location / { say a; } }\n"
                   "server { listen 127.0.0.1:8080; server_name *.b.test; location / { say b; } }\n"
                   "server { listen 127.0.0.1:8080; server_name c.test; location / { say c; } }\n");
    for (size_t i = 0; i < HG_COUNT(hosts); i++) {
        struct ask a;
        fake_request_init(&a.request, "GET", "/", NULL);
        a.request.head.authority = hg_slice_of(hosts[i].authority);
        ask_send(&a, &rig);
        assert_int_equal(a.stream.status, 200);
        assert_string_equal(a.stream.body.ptr, hosts[i].says);
        ask_close(&a);
    }
    rig_close(&rig);
}

static int64_t count(size_t class) {
    return hg_counter_read(hg_visit__counters[class]);
}

static void answers_are_counted_by_class(void **state) {
    int64_t before[] = {count(0), count(1), count(2)};
    struct rig rig;
    (void)state;
    rig_open(&rig, SERVER(EVENTS "location /fail { say choke; }"));
    rig_publish(&rig, "/events", EVENT("1"), NULL);
    assert_status(&rig, "GET", "/events", 200);
    ask_refused(&rig, "GET", "/nowhere", 404, "not-found");
    ask_refused(&rig, "GET", "/fail", 503, "overloaded");
    assert_int_equal(count(0) - before[0], 2);
    assert_int_equal(count(1) - before[1], 1);
    assert_int_equal(count(2) - before[2], 1);
    rig_close(&rig);
}

/* More at once than are kept for the next ones. */
static void many_visits_come_and_go(void **state) {
    enum { N = 150 };
    struct rig rig;
    static struct ask asks[N];
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < N; i++) {
            ASK(&asks[i], &rig, "GET", "/events", "accept", "text/event-stream");
        }
        assert_int_equal(hg_edge_visits(rig.edge), N);
        char event[128];
        snprintf(event, sizeof(event), EVENT("%d"), round);
        rig_publish(&rig, "/events", event, NULL);
        for (size_t i = 0; i < N; i++) {
            ask_until_said(&asks[i], "\"source\":\"/t\"");
            ask_close(&asks[i]);
        }
        assert_int_equal(hg_edge_visits(rig.edge), 0);
    }
    rig_close(&rig);
}

/* Whatever fails, there is an answer or a reset, and nothing is left behind. */
static void without_memory_a_request_is_answered_or_cut(void **state) {
    static const char *const targets[] = {"/say/%78", "/out?type=a%20b", "/nowhere", "/in"};
    struct rig rig;
    (void)state;
    rig_open(&rig, PLACES);
    for (size_t i = 0; i < HG_COUNT(targets); i++) {
        bool was_over = false;
        for (int n = 0; !was_over && n < 100; n++) {
            struct ask a;
            fake_request_init(&a.request, "GET", targets[i], NULL);
            hg_alloc_fail_after(n);
            ask_send(&a, &rig);
            was_over = hg_alloc_fail_is_pending();
            hg_alloc_fail_after(-1);
            if (!a.stream.is_reset) {
                ask_until_answered(&a);
                assert_int_not_equal(a.stream.status, 400); /* it is not the caller's fault */
            }
            ask_close(&a);
            rig_turn(&rig);
            assert_int_equal(hg_edge_visits(rig.edge), 0);
        }
        assert_true(was_over);
    }
    rig_close(&rig);
}

static void a_retired_port_begins_nothing(void **state) {
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open(&rig, PLACES);
    struct hg_edge__port *port = rig_port(&rig);
    struct hg_edge__port retired = {.edge = rig.edge};
    assert_non_null(port);
    fake_request_init(&a.request, "GET", "/say", NULL);
    a.rig = &rig;
    a.is_gone = false;
    fake_stream_init(&a.stream, &hg_edge__stream_ops);
    a.stream.conn.listener_arg = &retired;
    hg_edge__stream_ops.on_head(&a.stream.stream, &a.request.head);
    ask_assert_problem(&a, 503, "draining");
    hg_edge__stream_ops.on_body(&a.stream.stream, "x", 1, true); /* nobody's */
    hg_edge__stream_ops.on_room(&a.stream.stream);
    ask_close(&a);
    rig_close(&rig);
}

int test_visit(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_goes_to_whoever_answers_its_method),
        cmocka_unit_test(a_websocket_is_opened_where_there_is_a_stream),
        cmocka_unit_test(paths_are_compared_as_they_are_meant),
        cmocka_unit_test(a_captured_topic_is_what_was_meant),
        cmocka_unit_test(the_host_chooses_the_server),
        cmocka_unit_test(answers_are_counted_by_class),
        cmocka_unit_test(many_visits_come_and_go),
        cmocka_unit_test(without_memory_a_request_is_answered_or_cut),
        cmocka_unit_test(a_retired_port_begins_nothing),
    };
    return cmocka_run_group_tests_name("visit", tests, NULL, NULL);
}
