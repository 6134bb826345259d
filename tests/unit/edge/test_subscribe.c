/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "unit/edge/sock.h"

#define SSE "accept", "text/event-stream"

static bool is_live(void *arg) {
    size_t live, catching;
    hg_feed_count(((struct rig *)arg)->feed, &live, &catching);
    return live > 0 && catching == 0;
}

/* --- what the request asks for --- */

static void assert_content_type(struct rig *rig, const char *accept, const char *type) {
    struct ask a;
    ASK(&a, rig, "GET", "/events", accept != NULL ? "accept" : NULL, accept);
    ask_until_answered(&a);
    assert_int_equal(a.stream.status, 200);
    ask_assert_field(&a, "content-type", type);
    ask_assert_field(&a, "cache-control", "no-store");
    assert_int_equal(a.stream.is_begun, strcmp(type, "text/event-stream") == 0);
    ask_close(&a);
}

static void accept_decides_between_a_stream_and_a_batch(void **state) {
    struct rig rig;
    const char *batch = "application/cloudevents-batch+json", *sse = "text/event-stream";
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    assert_content_type(&rig, NULL, batch);
    assert_content_type(&rig, "*/*", batch);
    assert_content_type(&rig, "application/json", batch);
    assert_content_type(&rig, "text/html, */*;q=0.1", batch);
    assert_content_type(&rig, "text/event-stream", sse);
    assert_content_type(&rig, "TEXT/Event-Stream;charset=utf-8", sse);
    assert_content_type(&rig, "application/json, text/event-stream;q=0.5", sse);
    assert_content_type(&rig, "text/event-stream;q=0, */*", batch);
    assert_content_type(&rig, "text/event-streams", batch);
    rig_close(&rig);
}

static void assert_handshake(struct rig *rig, bool is_websocket, const char *version,
                             const char *origin, int status, const char *slug) {
    struct ask a;
    fake_request_init(&a.request, "GET", "/events", "upgrade", "websocket",
                      version != NULL ? "sec-websocket-version" : "x",
                      version != NULL ? version : "y", origin != NULL ? "origin" : NULL, origin,
                      NULL);
    a.request.head.is_websocket = is_websocket;
    a.request.head.websocket_key = HG_SLICE("dGhlIHNhbXBsZSBub25jZQ==");
    ask_send(&a, rig);
    if (status == 101) {
        assert_int_equal(a.stream.status, 101);
    } else {
        ask_assert_problem(&a, status, slug);
    }
    assert_int_equal(fake_stream_field(&a.stream, "sec-websocket-version") != NULL, status == 426);
    ask_close(&a);
}

static void a_handshake_is_answered_by_its_faults(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig, SERVER("cors_origin https://a.test; " EVENTS));
    assert_handshake(&rig, true, "13", NULL, 101, NULL);
    assert_handshake(&rig, true, "13", "https://a.test", 101, NULL);
    assert_handshake(&rig, true, "13", "http://gate.test:8443", 101, NULL); /* of this host */
    assert_handshake(&rig, true, "13", "https://evil.test", 403, "origin-refused");
    assert_handshake(&rig, false, "8", NULL, 426, "upgrade-required");
    assert_handshake(&rig, false, NULL, NULL, 426, "upgrade-required");
    assert_handshake(&rig, false, "13", NULL, 400, "request-invalid");
    rig_close(&rig);
}

static void a_subprotocol_is_agreed_on_only_where_it_is_offered(void **state) {
    static const struct {
        const char *offer, *agreed;
    } offers[] = {
        {"cloudevents.json", "cloudevents.json"},
        {" a ,\tcloudevents.json ,b", "cloudevents.json"},
        {"cloudevents.avro", NULL},
        {"cloudevents.jsonx", NULL},
        {"xcloudevents.json", NULL},
        {"Cloudevents.json", NULL},
        {",", NULL},
    };
    struct rig rig;
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    for (size_t i = 0; i < HG_COUNT(offers); i++) {
        struct sock s;
        sock_open(&s, &rig, "/events",
                  (const char *const[]){"sec-websocket-protocol", offers[i].offer, NULL, NULL});
        assert_int_equal(s.ask.stream.status, 101);
        const char *got = fake_stream_field(&s.ask.stream, "sec-websocket-protocol");
        assert_int_equal(got != NULL, offers[i].agreed != NULL);
        assert_true(got == NULL || strcmp(got, offers[i].agreed) == 0);
        sock_close(&s);
    }
    rig_close(&rig);
}

static void without_a_sink_that_fits_it_is_406(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    rig_now(&rig)->site->n_sinks = 2; /* no pull, no WebSocket */
    ask_refused(&rig, "GET", "/events", 406, "not-acceptable");
    rig_close(&rig);
}

/* Nothing of an answer has begun when it is refused. */
static void what_can_be_refused_is_refused_first(void **state) {
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open(&rig,
             SERVER(EVENTS "location /key { stream demo.a; authenticate key; }"
                           "location /gone { stream gone; } location /no { stream demo.z; }"));
    const struct {
        const char *target;
        int status;
        const char *slug;
    } cases[] = {
        {"/events?typ=x", 400, "query-invalid"},
        {"/events?position=x", 400, "position-invalid"},
        {"/key", 401, "unauthenticated"},
        {"/gone", 404, "topic-unknown"},
    };
    for (size_t i = 0; i < HG_COUNT(cases); i++) {
        ask_refused(&rig, "GET", cases[i].target, cases[i].status, cases[i].slug);
        ASK(&a, &rig, "GET", cases[i].target, SSE, NULL);
        ask_assert_problem(&a, cases[i].status, cases[i].slug);
        ask_close(&a);
    }
    ASK(&a, &rig, "GET", "/key", "x-key", "me:none", NULL);
    ask_assert_problem(&a, 403, "forbidden"); /* the role anonymous is not theirs */
    ask_close(&a);
    rig_close(&rig);
}

/* --- pull --- */

static void a_pull_says_where_to_go_on(void **state) {
    struct rig rig;
    struct ask a;
    char first[HG_POSITION_TEXT_LEN + 1], second[HG_POSITION_TEXT_LEN + 1], link[256];
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    rig_publish(&rig, "/events", EVENT("1"), first);
    rig_publish(&rig, "/events", EVENT("2"), second);
    ASK(&a, &rig, "GET", "/events?since=earliest&limit=1", NULL);
    ask_until_answered(&a);
    assert_int_equal(a.stream.body.ptr[0], '[');
    assert_true(ask_said(&a, "\"id\":\"1\""));
    assert_false(ask_said(&a, "\"id\":\"2\""));
    ask_assert_field(&a, "headgate-position", first);
    snprintf(link, sizeof(link), "<?position=%s&limit=1>; rel=\"next\"", first);
    ask_assert_field(&a, "link", link);
    assert_null(fake_stream_field(&a.stream, "headgate-gap"));
    ask_close(&a);
    snprintf(link, sizeof(link), "/events?position=%s&limit=1", first);
    ASK(&a, &rig, "GET", link, NULL);
    ask_until_answered(&a);
    assert_true(ask_said(&a, "\"id\":\"2\""));
    ask_assert_field(&a, "headgate-position", second);
    ask_close(&a);
    snprintf(link, sizeof(link), "/events?position=%s", second);
    ASK(&a, &rig, "GET", link, NULL);
    ask_until_answered(&a);
    assert_string_equal(a.stream.body.ptr, "[]");
    ask_assert_field(&a, "headgate-position", second);
    ask_close(&a);
    rig_close(&rig);
}

static void a_gap_is_a_field_of_a_pull(void **state) {
    struct hg_position p = {
        .topic_tag = hg_topic_tag(HG_SLICE("demo.a")), .epoch = 77, .offset = 5, .fingerprint = 1};
    char token[HG_POSITION_TEXT_LEN + 1], target[128];
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    rig_publish(&rig, "/events", EVENT("1"), NULL);
    hg_position_format(&p, token);
    snprintf(target, sizeof(target), "/events?position=%s", token);
    ASK(&a, &rig, "GET", target, NULL);
    ask_until_answered(&a);
    ask_assert_field(&a, "headgate-gap", "reset");
    assert_true(ask_said(&a, "\"id\":\"1\""));
    ask_close(&a);
    rig_close(&rig);
}

static void a_pull_waits_for_an_event(void **state) {
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    ASK(&a, &rig, "GET", "/events?wait=30", NULL);
    rig_until(&rig.log, is_live, &rig);
    assert_int_equal(a.stream.status, 0);
    rig_publish(&rig, "/events", EVENT("1"), NULL);
    ask_until_answered(&a);
    assert_true(ask_said(&a, "\"id\":\"1\""));
    ask_close(&a);
    rig_close(&rig);
}

static void a_pull_that_waits_is_answered_at_the_drain(void **state) {
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    ASK(&a, &rig, "GET", "/events?wait=30", NULL);
    rig_until(&rig.log, is_live, &rig);
    hg_edge_drain(rig.edge);
    ask_until_answered(&a);
    assert_int_equal(a.stream.status, 200);
    assert_string_equal(a.stream.body.ptr, "[]");
    ask_close(&a);
    ask_refused(&rig, "GET", "/events", 503, "draining");
    rig_close(&rig);
}

static void a_pull_whose_client_goes_is_forgotten(void **state) {
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    ASK(&a, &rig, "GET", "/events?wait=30", NULL);
    rig_until(&rig.log, is_live, &rig);
    ask_close(&a);
    rig_publish(&rig, "/events", EVENT("1"), NULL);
    rig_close(&rig);
}

/* --- SSE --- */

static void a_stream_begins_with_where_it_stands(void **state) {
    struct rig rig;
    struct ask a;
    char position[HG_POSITION_TEXT_LEN + 1], id[64];
    (void)state;
    rig_open(&rig, SERVER("stream_retry 7s; " EVENTS));
    rig_publish(&rig, "/events", EVENT("1"), position);
    ASK(&a, &rig, "GET", "/events", SSE, NULL);
    ask_assert_field(&a, "x-accel-buffering", "no");
    ask_until_said(&a, "\n\n");
    assert_true(ask_said(&a, "event: headgate.stream.opened\nretry: 7000\n"));
    assert_true(ask_said(&a, "\"resumed\":false"));
    rig_publish(&rig, "/events", EVENT("2"), position);
    snprintf(id, sizeof(id), "\nid: %s\n\n", position);
    ask_until_said(&a, id);
    assert_false(ask_said(&a, "\"id\":\"1\""));
    ask_close(&a);
    ASK(&a, &rig, "GET", "/events?since=earliest", SSE, "last-event-id", position, NULL);
    ask_until_said(&a, "\"resumed\":true");
    rig_publish(&rig, "/events", EVENT("3"), NULL);
    ask_until_said(&a, "\"id\":\"3\"");
    assert_false(ask_said(&a, "\"id\":\"2\""));
    ask_close(&a);
    rig_close(&rig);
}

static void a_drain_tells_a_stream_and_ends_it(void **state) {
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open(&rig, SERVER("stream_retry 3s; " EVENTS));
    ASK(&a, &rig, "GET", "/events", SSE, NULL);
    ask_until_said(&a, "headgate.stream.opened");
    hg_edge_drain(rig.edge);
    assert_true(a.stream.is_ended);
    assert_true(ask_said(&a, "event: headgate.stream.closing\nretry: 3000\n"));
    assert_true(ask_said(&a, "\"reason\":\"drain\""));
    ask_close(&a);
    rig_close(&rig);
}

/* --- a new generation --- */

static void streams_go_on_under_new_rules(void **state) {
    struct rig rig;
    struct ask sse, pull;
    struct sock s;
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    ASK(&sse, &rig, "GET", "/events", SSE, NULL);
    ASK(&pull, &rig, "GET", "/events?wait=30", NULL);
    sock_open_well(&s, &rig, "/events");
    sock_take_text(&s, "headgate.stream.opened");
    ask_until_said(&sse, "headgate.stream.opened");
    rig_until(&rig.log, is_live, &rig);
    rig_reload(&rig, SERVER("websocket_message_size 200; location = /events { accept cloudevents; "
                            "publish demo.b; stream demo.*; }"));
    hg_site_unref(&rig.generations[0]->site);
    assert_true(rig.generations[0]->is_released); /* nothing holds the old one */
    rig_publish(&rig, "/events", EVENT("b"), NULL);
    ask_until_said(&sse, "\"id\":\"b\"");
    sock_take_text(&s, "\"id\":\"b\"");
    ask_until_answered(&pull);
    assert_true(ask_said(&pull, "\"id\":\"b\""));
    char large[300];
    snprintf(large, sizeof(large), "%0250d", 0);
    sock_send(&s, HG_WS_TEXT, large); /* the new limit holds */
    sock_assert_closed(&s, 1009);
    ask_close(&sse);
    ask_close(&pull);
    sock_close(&s);
    rig_close(&rig);
}

static void assert_ends(const char *second, const char *reason, int status, const char *slug) {
    struct rig rig;
    struct ask sse, pull;
    struct sock s;
    char want[64];
    rig_open(&rig, SERVER(EVENTS));
    ASK(&sse, &rig, "GET", "/events", SSE, NULL);
    ASK(&pull, &rig, "GET", "/events?wait=30", NULL);
    sock_open_well(&s, &rig, "/events");
    sock_take_text(&s, "headgate.stream.opened");
    ask_until_said(&sse, "headgate.stream.opened");
    rig_until(&rig.log, is_live, &rig);
    rig_reload(&rig, second);
    snprintf(want, sizeof(want), "\"reason\":\"%s\"", reason);
    assert_true(sse.stream.is_ended);
    assert_true(ask_said(&sse, want));
    sock_take_text(&s, want);
    sock_assert_closed(&s, 1001);
    ask_until_answered(&pull);
    if (status == 200) {
        assert_string_equal(pull.stream.body.ptr, "[]");
    } else {
        ask_assert_problem(&pull, status, slug);
    }
    ask_close(&sse);
    ask_close(&pull);
    sock_close(&s);
    rig_close(&rig);
}

static void what_the_new_rules_do_not_allow_ends(void **state) {
    (void)state;
    assert_ends(SERVER("location = /else { stream demo.a; }"), "location-gone", 404, "not-found");
    assert_ends(SERVER("location = /events { accept cloudevents; publish demo.a; }"),
                "location-gone", 404, "not-found");
    assert_ends(SERVER("location = /events { say x; }"), "location-gone", 404, "not-found");
    assert_ends(SERVER("location = /events { stream demo.z; }"), "rights-changed", 404,
                "topic-unknown");
    assert_ends(SERVER("location = /events { stream demo.a; authenticate key; }"), "rights-changed",
                401, "unauthenticated");
    assert_ends("role anonymous { subscribe demo.b; }\nserver { listen 127.0.0.1:8080; "
                "location = /events { stream demo.a; authenticate none; } }",
                "rights-changed", 403, "forbidden");
    assert_ends("role anonymous { subscribe demo.a; }\nserver { listen 127.0.0.1:8081; "
                "location = /events { stream demo.a; authenticate none; } }",
                "address-gone", 200, NULL);
}

/* Part of what it followed is gone: it goes on with the rest. */
static void a_stream_goes_on_with_the_rights_that_are_left(void **state) {
    struct rig rig;
    struct ask a;
    (void)state;
    const char *locations = "server { listen 127.0.0.1:8080; authenticate none; "
                            "location = /all { stream demo.*; } "
                            "location = /a { accept cloudevents; publish demo.a; } "
                            "location = /b { accept cloudevents; publish demo.b; } }";
    char text[1024];
    snprintf(text, sizeof(text), "role anonymous { publish **; subscribe demo.*; }\n%s", locations);
    rig_open(&rig, text);
    ASK(&a, &rig, "GET", "/all", SSE, NULL);
    ask_until_said(&a, "headgate.stream.opened");
    snprintf(text, sizeof(text), "role anonymous { publish **; subscribe demo.b; }\n%s", locations);
    rig_reload(&rig, text);
    rig_publish(&rig, "/a", EVENT("a"), NULL);
    rig_publish(&rig, "/b", EVENT("b"), NULL);
    ask_until_said(&a, "\"id\":\"b\"");
    assert_false(ask_said(&a, "\"id\":\"a\""));
    assert_false(a.stream.is_ended);
    ask_close(&a);
    rig_close(&rig);
}

/* The same path may mean another topic. */
static void a_captured_topic_is_captured_again(void **state) {
#define INTO                                                                                       \
    "location = /a { accept cloudevents; publish demo.a; } "                                       \
    "location = /b { accept cloudevents; publish demo.b; } "
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open(&rig, SERVER(INTO "location /b/{topic} { stream demo.$topic allow=demo.*; }"));
    ASK(&a, &rig, "GET", "/b/a", "accept", "text/event-stream");
    ask_until_said(&a, "headgate.stream.opened");
    rig_publish(&rig, "/a", EVENT("first"), NULL);
    ask_until_said(&a, "\"id\":\"first\"");
    rig_reload(&rig, SERVER(INTO "location /{topic}/a { stream demo.$topic allow=demo.*; }"));
    rig_publish(&rig, "/a", EVENT("second"), NULL);
    rig_publish(&rig, "/b", EVENT("third"), NULL);
    ask_until_said(&a, "\"id\":\"third\"");
    assert_false(ask_said(&a, "second"));
    ask_close(&a);
    rig_close(&rig);
}

static void a_pull_tells_why_there_are_gaps(void **state) {
    struct hg_position a = {.topic_tag = hg_topic_tag(HG_SLICE("demo.a")), .epoch = 77};
    struct hg_position b = {
        .topic_tag = hg_topic_tag(HG_SLICE("demo.b")), .epoch = 1, .offset = 500, .fingerprint = 3};
    char tokens[2][HG_POSITION_TEXT_LEN + 1], target[256];
    struct rig rig;
    struct ask ask;
    (void)state;
    rig_open(&rig, SERVER("location = /all { stream demo.*; }"));
    hg_position_format(&a, tokens[0]);
    hg_position_format(&b, tokens[1]);
    snprintf(target, sizeof(target), "/all?position=%s.%s", tokens[0], tokens[1]);
    ASK(&ask, &rig, "GET", target, NULL);
    ask_until_answered(&ask);
    assert_int_equal(fake_stream_count(&ask.stream, "headgate-gap"), 1);
    ask_assert_field(&ask, "headgate-gap",
                     a.topic_tag < b.topic_tag ? "reset, unknown" : "unknown, reset");
    ask_close(&ask);
    rig_close(&rig);
}

static void without_memory_it_is_refused_or_cut(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig, SERVER(EVENTS));
    for (int kind = 0; kind < 2; kind++) {
        bool was_over = false;
        int n = 0;
        for (; !was_over && n < 100; n++) {
            struct ask a;
            hg_alloc_fail_after(n);
            ASK(&a, &rig, "GET", "/events?type=x", kind == 0 ? "accept" : "x", "text/event-stream");
            was_over = hg_alloc_fail_is_pending();
            hg_alloc_fail_after(-1);
            bool is_good = kind == 0 ? a.stream.is_begun && !a.stream.is_reset
                                     : a.stream.status == 0 && ask_visit(&a) != NULL;
            bool is_refused = a.stream.is_reset || a.stream.status >= 400;
            assert_true(is_good != is_refused);
            assert_true(is_good || !was_over);
            ask_close(&a);
        }
        assert_in_range(n, 5, 99);
    }
    rig_close(&rig);
}

int test_subscribe(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accept_decides_between_a_stream_and_a_batch),
        cmocka_unit_test(a_handshake_is_answered_by_its_faults),
        cmocka_unit_test(a_subprotocol_is_agreed_on_only_where_it_is_offered),
        cmocka_unit_test(without_a_sink_that_fits_it_is_406),
        cmocka_unit_test(what_can_be_refused_is_refused_first),
        cmocka_unit_test(a_pull_says_where_to_go_on),
        cmocka_unit_test(a_gap_is_a_field_of_a_pull),
        cmocka_unit_test(a_pull_waits_for_an_event),
        cmocka_unit_test(a_pull_that_waits_is_answered_at_the_drain),
        cmocka_unit_test(a_pull_whose_client_goes_is_forgotten),
        cmocka_unit_test(a_stream_begins_with_where_it_stands),
        cmocka_unit_test(a_drain_tells_a_stream_and_ends_it),
        cmocka_unit_test(streams_go_on_under_new_rules),
        cmocka_unit_test(what_the_new_rules_do_not_allow_ends),
        cmocka_unit_test(a_stream_goes_on_with_the_rights_that_are_left),
        cmocka_unit_test(a_captured_topic_is_captured_again),
        cmocka_unit_test(a_pull_tells_why_there_are_gaps),
        cmocka_unit_test(without_memory_it_is_refused_or_cut),
    };
    return cmocka_run_group_tests_name("subscribe", tests, NULL, NULL);
}
