/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/edge/rig.h"

static void a_server_has_the_defaults(void **state) {
    struct generation g;
    (void)state;
    generation_open(&g, SERVER(EVENTS));
    const struct hg_edge__conf *c = g.site->servers[0].locations[0].conf;
    assert_true(c->is_http2);
    assert_int_equal(c->handshake_timeout_ms, 5000);
    assert_int_equal(c->head_timeout_ms, 10000);
    assert_int_equal(c->head_bytes_max, 16384);
    assert_int_equal(c->heartbeat_ms, 15000);
    assert_int_equal(c->pull_events_max, 1000);
    assert_int_equal(c->pull_wait_max_ms, 30000);
    assert_int_equal(c->ping_ms, 30000);
    assert_int_equal(c->message_bytes_max, 1 << 20);
    assert_int_equal(c->cors_origins.n, 0);
    assert_int_equal(hg_access_path(&c->access_log).len, 0);
    generation_close(&g);
}

static void listen_lines_add_up_in_order(void **state) {
    struct generation g;
    (void)state;
    generation_open(&g, "server { listen 1; listen 127.0.0.1:2; listen [::1]:3; listen unix:/x; "
                        "location / { say x; } }");
    const struct hg_edge__listen *l = g.site->servers[0].conf->listens;
    unit_assert_slice(l->text, "1");
    unit_assert_slice(l->next->text, "127.0.0.1:2");
    unit_assert_slice(l->next->next->text, "[::1]:3");
    unit_assert_slice(l->next->next->next->text, "unix:/x");
    assert_null(l->next->next->next->next);
    generation_close(&g);
}

static void assert_listen_fault(const char *args, const char *part) {
    char text[256];
    snprintf(text, sizeof(text), "server { listen %s; location / { say x; } }", args);
    conf_text_assert_fault(rig_owners, text, part);
}

static void an_address_that_is_none_is_refused(void **state) {
    (void)state;
    assert_listen_fault("example.com:80", "\"example.com:80\" is no address; expected PORT");
    assert_listen_fault("70000", "is no address");
    assert_listen_fault("8443 tls", "\"tls\" is not known; expected ssl");
    assert_listen_fault("8443 ssl", "it listens with ssl; expected ssl_certificate and "
                                    "ssl_certificate_key");
    conf_text_assert_fault(rig_owners, "server { location / { say x; } }",
                           "it listens nowhere; expected a listen line");
}

static void assert_location_fault(const char *rows, const char *part) {
    char text[512];
    snprintf(text, sizeof(text), "server { listen 1; authenticate none; location /{topic} { %s } }",
             rows);
    conf_text_assert_fault(rig_owners, text, part);
}

static void a_stream_is_of_patterns(void **state) {
    struct generation g;
    (void)state;
    assert_location_fault("stream demo..a;", "stream: \"demo..a\" is no topic pattern");
    assert_location_fault("stream a b/c;", "stream: \"b/c\" is no topic pattern");
    assert_location_fault("stream demo.a allow=de*mo;", "\"de*mo\" is no topic pattern");
    assert_location_fault("stream demo.$topic;",
                          "a topic made from $topic needs the topics it may name; expected "
                          "allow=PATTERN");
    generation_open(&g, SERVER("location / { stream ** demo.* a.b; }"
                               "location /{topic} { stream demo.$topic x allow=demo.* allow=y; }"));
    generation_close(&g);
}

static void credentials_go_with_named_origins_only(void **state) {
    struct generation g;
    (void)state;
    const char *part = "cors_credentials with cors_origin *; expected origins by name";
    assert_location_fault("say x; cors_origin *; cors_credentials on;", part);
    assert_location_fault("say x; cors_origin https://a.test *; cors_credentials on;", part);
    conf_text_assert_fault(rig_owners,
                           "cors_credentials on;\nserver { listen 1; location / { say x; "
                           "cors_origin https://a.test *; } }",
                           part);
    generation_open(&g, SERVER("cors_credentials on; cors_origin https://a.test https://b.test;"
                               "location / { stream demo.a; }"));
    const struct hg_edge__conf *c = g.site->servers[0].locations[0].conf;
    assert_int_equal(c->cors_origins.n, 2);
    assert_true(c->is_cors_credentials);
    generation_close(&g);
}

/* It is compared with what browsers send: nothing else can ever be equal. */
static void an_origin_is_written_as_browsers_send_it(void **state) {
    struct generation g;
    (void)state;
    const char *wrong[] = {"https://a.test/",  "a.test",         "https://",
                           "https://a.test/x", "HTTPS://a.test", "https://A.test",
                           "https://*.a.test"};
    for (size_t i = 0; i < HG_COUNT(wrong); i++) {
        char rows[128];
        snprintf(rows, sizeof(rows), "say x; cors_origin %s;", wrong[i]);
        assert_location_fault(rows, "is no origin; expected scheme://host or scheme://host:port in "
                                    "lower case, null or *");
    }
    generation_open(&g, SERVER("cors_origin https://a.test http://localhost:3000 null "
                               "https://[::1]:8443 app://x;" EVENTS));
    generation_close(&g);
}

int test_settings(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_has_the_defaults),
        cmocka_unit_test(listen_lines_add_up_in_order),
        cmocka_unit_test(an_address_that_is_none_is_refused),
        cmocka_unit_test(a_stream_is_of_patterns),
        cmocka_unit_test(credentials_go_with_named_origins_only),
        cmocka_unit_test(an_origin_is_written_as_browsers_send_it),
    };
    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
