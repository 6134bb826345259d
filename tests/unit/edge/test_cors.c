/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/edge/rig.h"

#define CORS(rows)                                                                                 \
    SERVER("location = /events { accept cloudevents; publish demo.a; "                             \
           "stream demo.a; " rows " }")

static const char *const names[] = {"vary", "access-control-allow-origin",
                                    "access-control-allow-credentials",
                                    "access-control-expose-headers"};

/* What a page of the origin is told, in the order of names; "" is nothing. */
static void assert_told(struct rig *rig, const char *origin, const char *vary, const char *allowed,
                        const char *credentials) {
    struct ask a;
    const char *const wants[] = {vary, allowed, credentials};
    ASK(&a, rig, "GET", "/events", origin != NULL ? "origin" : NULL, origin);
    ask_until_answered(&a);
    assert_int_equal(a.stream.status, 200);
    for (size_t i = 0; i < HG_COUNT(wants); i++) {
        const char *got = fake_stream_field(&a.stream, names[i]);
        if (strcmp(got != NULL ? got : "", wants[i]) != 0) {
            fail_msg("%s: %s is %s, not %s", origin, names[i], got, wants[i]);
        }
    }
    assert_int_equal(fake_stream_field(&a.stream, names[3]) != NULL, allowed[0] != 0);
    ask_close(&a);
}

static void without_the_row_nothing_is_told(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig, CORS(""));
    assert_told(&rig, NULL, "", "", "");
    assert_told(&rig, "https://a.test", "", "", "");
    rig_close(&rig);
}

static void a_named_origin_is_told_its_own_name(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig, CORS("cors_origin https://a.test https://b.test:8443 null;"));
    assert_told(&rig, NULL, "origin", "", "");
    assert_told(&rig, "https://a.test", "origin", "https://a.test", "");
    assert_told(&rig, "https://b.test:8443", "origin", "https://b.test:8443", "");
    assert_told(&rig, "null", "origin", "null", "");
    const char *others[] = {"http://a.test",
                            "https://a.test:443",
                            "https://b.test",
                            "https://a.test.evil.test",
                            "https://evila.test",
                            "https://A.test",
                            ""};
    for (size_t i = 0; i < HG_COUNT(others); i++) {
        assert_told(&rig, others[i], "origin", "", "");
    }
    rig_close(&rig);
}

static void a_star_lets_every_page_in_without_cookies(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig, CORS("cors_origin *;"));
    assert_told(&rig, "https://any.test", "origin", "https://any.test", "");
    assert_told(&rig, "null", "origin", "null", "");
    rig_close(&rig);
}

static void cookies_are_let_in_by_name(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig, CORS("cors_origin https://a.test; cors_credentials on;"));
    assert_told(&rig, "https://a.test", "origin", "https://a.test", "true");
    assert_told(&rig, "https://b.test", "origin", "", "");
    rig_close(&rig);
}

static void a_page_is_told_why_it_is_refused(void **state) {
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open(&rig, CORS("cors_origin https://a.test;"));
    ASK(&a, &rig, "GET", "/events?typ=x", "origin", "https://a.test", NULL);
    ask_assert_problem(&a, 400, "query-invalid");
    ask_assert_field(&a, "access-control-allow-origin", "https://a.test");
    ask_close(&a);
    ASK(&a, &rig, "DELETE", "/events", "origin", "https://a.test", NULL);
    ask_assert_problem(&a, 405, "method-not-allowed");
    ask_assert_field(&a, "access-control-allow-origin", "https://a.test");
    ask_close(&a);
    rig_close(&rig);
}

static void options_says_what_the_location_takes(void **state) {
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open(&rig, CORS("client_max_body_size 2k; client_max_events 7;"));
    ASK(&a, &rig, "OPTIONS", "/events", NULL);
    assert_int_equal(a.stream.status, 204);
    assert_int_equal(a.stream.body.len, 0);
    ask_assert_field(&a, "allow", "OPTIONS, GET, POST");
    ask_assert_field(&a, "accept-post",
                     "application/cloudevents+json, application/cloudevents-batch+json, */*");
    ask_assert_field(&a, "headgate-max-body", "2048");
    ask_assert_field(&a, "headgate-max-events", "7");
    assert_null(fake_stream_field(&a.stream, "access-control-allow-methods"));
    assert_null(fake_stream_field(&a.stream, "access-control-allow-origin"));
    ask_close(&a);
    rig_close(&rig);
}

static void options_of_a_stream_has_no_limits_of_bodies(void **state) {
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open(&rig, SERVER("location /s { stream demo.a; } location /h { say x; }"));
    ASK(&a, &rig, "OPTIONS", "/s", NULL);
    ask_assert_field(&a, "allow", "OPTIONS, GET");
    assert_null(fake_stream_field(&a.stream, "accept-post"));
    assert_null(fake_stream_field(&a.stream, "headgate-max-body"));
    ask_close(&a);
    ASK(&a, &rig, "OPTIONS", "/h", NULL);
    assert_int_equal(a.stream.status, 204);
    ask_assert_field(&a, "allow", "OPTIONS, GET, HEAD, PUT");
    ask_close(&a);
    ask_refused(&rig, "OPTIONS", "/nowhere", 404, "not-found");
    rig_close(&rig);
}

static void options_of_the_server_names_each_method_once(void **state) {
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open(&rig, SERVER("location = /a { stream demo.a; } location = /b { say x; } "
                          "location = /c { accept cloudevents; publish demo.a; }"));
    ASK(&a, &rig, "OPTIONS", "*", NULL);
    assert_int_equal(a.stream.status, 204);
    ask_assert_field(&a, "allow", "OPTIONS, GET, HEAD, PUT, POST");
    assert_int_equal(a.stream.body.len, 0);
    ask_close(&a);
    rig_close(&rig);
}

static void a_preflight_is_answered_by_the_same_rule(void **state) {
    struct rig rig;
    struct ask a;
    (void)state;
    rig_open(&rig, CORS("cors_origin https://a.test; cors_credentials on; authenticate key;"));
    ASK(&a, &rig, "OPTIONS", "/events", "origin", "https://a.test", "access-control-request-method",
        "POST", "access-control-request-headers", "content-type,ce-id", NULL);
    assert_int_equal(a.stream.status, 204); /* nobody has to say who they are yet */
    ask_assert_field(&a, "access-control-allow-origin", "https://a.test");
    ask_assert_field(&a, "access-control-allow-credentials", "true");
    ask_assert_field(&a, "access-control-allow-methods", "OPTIONS, GET, POST");
    ask_assert_field(&a, "access-control-allow-headers", "content-type,ce-id");
    ask_assert_field(&a, "access-control-max-age", "7200");
    ask_assert_field(&a, "headgate-max-events", "1000");
    assert_int_equal(fake_stream_count(&a.stream, "access-control-allow-origin"), 1);
    ask_close(&a);
    ASK(&a, &rig, "OPTIONS", "/events", "origin", "https://b.test", "access-control-request-method",
        "POST", "access-control-request-headers", "ce-id", NULL);
    assert_int_equal(a.stream.status, 204);
    ask_assert_field(&a, "vary", "origin");
    ask_assert_field(&a, "allow", "OPTIONS, GET, POST");
    assert_null(fake_stream_field(&a.stream, "access-control-allow-origin"));
    assert_null(fake_stream_field(&a.stream, "access-control-allow-methods"));
    assert_null(fake_stream_field(&a.stream, "access-control-allow-headers"));
    ask_close(&a);
    rig_close(&rig);
}

/* A request as the two judges below see it. */
struct page {
    struct fake_request request;
    struct fake_stream stream;
    struct hg_arena arena;
    struct hg_visit visit;
};

static void page_open(struct page *p, const char *authority, const char *origin, bool is_tls) {
    static char tls; /* only whether there is any is looked at */
    memset(p, 0, sizeof(*p));
    fake_request_init(&p->request, "GET", "/x", origin != NULL ? "origin" : NULL, origin, NULL);
    p->request.head.authority = hg_slice_of(authority);
    assert_int_equal(hg_request_init(&p->visit.request, &p->request.head, &p->arena), 0);
    fake_stream_init(&p->stream, NULL);
    p->stream.conn.tls = is_tls ? (struct hg_conn_tls *)&tls : NULL;
    p->visit.stream = &p->stream.stream;
}

static void page_close(struct page *p) {
    hg_arena_fini(&p->arena);
    fake_stream_fini(&p->stream);
}

static void assert_may_open(const char *authority, const char *origin, bool is_tls, bool may) {
    struct hg_slice listed[] = {HG_SLICE("https://listed.test")};
    struct hg_edge__conf conf = {.cors_origins = {listed, 1}};
    struct hg_location location = {.conf = &conf};
    struct page p;
    page_open(&p, authority, origin, is_tls);
    p.visit.location = &location;
    if (hg_visit__origin_allowed(&p.visit, &p.request.head) != may) {
        fail_msg("%s at %s", origin, authority);
    }
    page_close(&p);
}

static void a_websocket_is_opened_by_pages_of_here_or_of_the_list(void **state) {
    (void)state;
    assert_may_open("a.test", NULL, true, true); /* no browser */
    assert_may_open("a.test", "https://a.test", true, true);
    assert_may_open("a.test:8443", "https://a.test:8443", true, true);
    assert_may_open("A.test", "https://a.test", true, true);
    assert_may_open("a.test", "http://a.test", false, true);
    assert_may_open("a.test", "https://listed.test", true, true);
    assert_may_open("a.test", "https://listed.test", false, true);
    assert_may_open("a.test", "http://listed.test", false, false);
    assert_may_open("a.test", "http://a.test", true, false);
    assert_may_open("a.test", "https://a.test", false, false);
    assert_may_open("a.test", "https://a.test:8443", true, false);
    assert_may_open("a.test", "https://a.test.evil.test", true, false);
    assert_may_open("a.test", "https://evil.test", true, false);
    assert_may_open("a.test", "null", true, false);
    assert_may_open("", "https://", true, true); /* equal, and no page has it */
}

static void assert_admin(const char *address, const char *authority, const char *origin, bool may) {
    struct hg_edge__port port = {.is_fixed = true};
    struct page p;
    assert_int_equal(hg_addr_parse(hg_slice_of(address), &port.addr), 0);
    page_open(&p, authority, origin, false);
    if (hg_visit__admin_allowed(&p.visit, &port, &p.request.head) != may) {
        fail_msg("%s at %s on %s", origin, authority, address);
    }
    page_close(&p);
}

/* A page that has its own name lead to 127.0.0.1 says that name as Host. */
static void no_page_asks_the_admin_listener(void **state) {
    (void)state;
    assert_admin("127.0.0.1:9180", "127.0.0.1:9180", NULL, true);
    assert_admin("127.0.0.1:9180", "localhost:9180", NULL, true);
    assert_admin("127.0.0.1:9180", "LOCALHOST", NULL, true);
    assert_admin("127.0.0.1:9180", "", NULL, true); /* HTTP/1.0 */
    assert_admin("[::1]:9180", "[::1]:9180", NULL, true);
    assert_admin("127.0.0.1:9180", "evil.test:9180", NULL, false);
    assert_admin("[::1]:9180", "evil.test", NULL, false);
    assert_admin("127.0.0.1:9180", "127.0.0.1.evil.test", NULL, false);
    assert_admin("127.0.0.1:9180", "localhost.evil.test", NULL, false);
    assert_admin("127.0.0.1:9180", "127.0.0.1:9180", "https://evil.test", false);
    assert_admin("127.0.0.1:9180", "127.0.0.1:9180", "null", false);
    assert_admin("127.0.0.1:9180", "127.0.0.1:9180", "http://127.0.0.1:9180", true);
    assert_admin("192.0.2.1:9180", "gate.test", NULL, true); /* somebody chose to show it */
    assert_admin("192.0.2.1:9180", "gate.test", "https://evil.test", false);
    assert_admin("unix:/x", "gate.test", NULL, true);
}

int test_cors(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_the_row_nothing_is_told),
        cmocka_unit_test(a_named_origin_is_told_its_own_name),
        cmocka_unit_test(a_star_lets_every_page_in_without_cookies),
        cmocka_unit_test(cookies_are_let_in_by_name),
        cmocka_unit_test(a_page_is_told_why_it_is_refused),
        cmocka_unit_test(options_says_what_the_location_takes),
        cmocka_unit_test(options_of_a_stream_has_no_limits_of_bodies),
        cmocka_unit_test(options_of_the_server_names_each_method_once),
        cmocka_unit_test(a_preflight_is_answered_by_the_same_rule),
        cmocka_unit_test(a_websocket_is_opened_by_pages_of_here_or_of_the_list),
        cmocka_unit_test(no_page_asks_the_admin_listener),
    };
    return cmocka_run_group_tests_name("cors", tests, NULL, NULL);
}
