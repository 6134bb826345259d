/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/edge/rig.h"

#define SAID(listen) "server { listen " listen "; location / { say x; } }\n"

static void servers_of_one_address_share_a_port(void **state) {
    struct generation g;
    (void)state;
    generation_open(&g, "server { listen 8080; listen [::1]:8081; location / { say x; } }\n"
                        "server { listen *:8080; server_name b.test; location / { say y; } }\n"
                        "server { listen unix:/tmp/x.sock; location / { say z; } }\n");
    assert_int_equal(hg_site_ports(g.site), 3);
    assert_int_equal(g.site->ports[0].n_servers, 2);
    assert_ptr_equal(g.site->ports[0].servers[1], &g.site->servers[1]);
    assert_int_equal(g.site->ports[1].n_servers, 1);
    assert_int_equal(hg_site_port_addr(g.site, 2)->sa.any.sa_family, AF_UNIX);
    assert_false(hg_site_port_is_tls(g.site, 0));
    generation_close(&g);
}

static void faults_of_servers_are_told_all_at_once(void **state) {
    (void)state;
    const char *text = "server { listen 8080; authenticate none;\n"
                       "location /x { stream_heartbeat 1s; }\n"
                       "location y { say y; }\n"
                       "location /z { say z; }\n"
                       "location /z { say z; } }\n";
    generation_assert_fault(text, "t.conf:3: location: it answers nothing");
    generation_assert_fault(text, "t.conf:4: location: \"y\" is no path");
    generation_assert_fault(text, "t.conf:6: location: this location stands in the server already");
}

static void the_same_location_stands_once(void **state) {
    struct generation g;
    (void)state;
    generation_assert_fault(
        "server { listen 1; location = /a { say x; } location = /a { say y; } }",
        "this location stands in the server already");
    generation_assert_fault("server { listen 1; location /{topic}/a { say x; } "
                            "location = /{topic}/a { say y; } }",
                            "this location stands in the server already");
    generation_open(&g, "server { listen 1; location = /a { say x; } location /a { say y; } "
                        "location /{topic}/a { say x; } location /{topic}/b { say y; } }");
    generation_close(&g);
}

static void a_site_needs_a_server(void **state) {
    (void)state;
    generation_assert_fault(
        "", "t.conf:1: main: there is no server; expected at least one server block");
}

static void a_server_listens_once_on_an_address(void **state) {
    (void)state;
    generation_assert_fault("server { listen 8080; listen 0.0.0.0:8080; location / { say x; } }",
                            "the server listens on this address already");
}

static void topics_that_locations_name_are_told(void **state) {
    struct generation g;
    (void)state;
    generation_open(&g, SERVER("location /a { accept cloudevents; publish demo.a; dead_letter on; }"
                               "location /s { stream demo.s; }"
                               "location /t/{topic} { accept cloudevents; publish $topic allow=x; }"
                               "location /b { accept cloudevents; publish demo.b; "
                               "client_max_body_size 9000; }"));
    unit_assert_slice(hg_site_named_topic(g.site, 0), "demo.a");
    assert_true(hg_site_has_dead_letters(g.site, 0));
    unit_assert_slice(hg_site_named_topic(g.site, 1), "demo.b");
    assert_false(hg_site_has_dead_letters(g.site, 1));
    assert_int_equal(hg_site_named_topic(g.site, 2).len, 0);
    assert_int_equal(hg_site_topic_bytes_max(g.site, HG_SLICE("demo.a")), 4 << 20);
    assert_int_equal(hg_site_topic_bytes_max(g.site, HG_SLICE("demo.b")), 9000);
    assert_int_equal(hg_site_topic_bytes_max(g.site, HG_SLICE("demo.s")), 0);
    assert_false(hg_site_has_dead_letters(g.site, 2));
    generation_close(&g);
}

static void patterns_are_told_of_streams_and_of_what_templates_may_make(void **state) {
    static const char *const wanted[] = {"demo.s", "demo.**", "shop.*", "made.*"};
    struct generation g;
    struct hg_slice *items = NULL;
    size_t n = 0;
    (void)state;
    generation_open(&g, SERVER("location /a { accept cloudevents; publish demo.a; }"
                               "location /s { stream demo.s demo.**; }"
                               "location /s/{topic} { stream $topic allow=shop.*; }"
                               "location /t/{topic} { accept cloudevents; "
                               "publish made.$topic allow=made.*; }"));
    assert_int_equal(hg_site_patterns(g.site, &items, &n), 0);
    assert_int_equal(n, HG_COUNT(wanted));
    for (size_t i = 0; i < n; i++) {
        unit_assert_slice(items[i], wanted[i]);
    }
    hg_free(items);
    generation_close(&g);
}

static void what_a_path_accepts_is_found(void **state) {
    struct generation g;
    struct hg_slice captured;
    (void)state;
    generation_open(&g, SERVER("location = /a { accept cloudevents; publish demo.a; }"
                               "location /s { stream demo.s; }"
                               "location /t/{topic} { accept cloudevents; publish $topic "
                               "allow=x; }"));
    const struct hg_intake *a = hg_site_intake(g.site, 0, HG_SLICE("/a"), &captured);
    assert_non_null(a);
    unit_assert_slice(hg_intake_literal_topic(a), "demo.a");
    assert_int_equal(captured.len, 0);
    assert_non_null(hg_site_intake(g.site, 0, HG_SLICE("/t/x"), &captured));
    unit_assert_slice(captured, "x");
    assert_null(hg_site_intake(g.site, 0, HG_SLICE("/s"), &captured));
    assert_null(hg_site_intake(g.site, 0, HG_SLICE("/nowhere"), &captured));
    generation_close(&g);
}

static void access_logs_of_servers_and_locations_are_told(void **state) {
    struct generation g;
    (void)state;
    generation_open(&g, "access_log /l/main;\n"
                        "server { listen 1; location / { say x; access_log /l/x; } "
                        "location /off { say x; access_log off; } }\n"
                        "server { listen 2; access_log off; location / { say x; } }\n");
    unit_assert_slice(hg_site_access_log(g.site, 0), "/l/x");
    unit_assert_slice(hg_site_access_log(g.site, 1), "/l/main");
    assert_int_equal(hg_site_access_log(g.site, 2).len, 0);
    generation_close(&g);
}

static void release_comes_with_the_last_reference(void **state) {
    struct generation g;
    (void)state;
    generation_open(&g, SAID("1"));
    struct hg_site *second = hg_site_ref(g.site);
    hg_site_unref(&second);
    assert_null(second);
    assert_false(g.is_released);
    hg_site_unref(&second); /* NULL is nothing */
    generation_close(&g);
}

#define BAD_TLS                                                                                    \
    "server { listen 8443 ssl; ssl_certificate bad.pem; ssl_certificate_key bad.pem; "             \
    "location / { say x; } }\n"

static void a_certificate_that_is_none_is_a_fault_of_its_server(void **state) {
    (void)state;
    generation_assert_fault(BAD_TLS, "t.conf:2: server: ");
}

static void one_address_is_with_ssl_or_without(void **state) {
    (void)state;
    generation_assert_fault(SAID("8443") BAD_TLS,
                            "t.conf:3: listen: another server listens on this address with and "
                            "this one without ssl");
}

int test_site(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers_of_one_address_share_a_port),
        cmocka_unit_test(faults_of_servers_are_told_all_at_once),
        cmocka_unit_test(the_same_location_stands_once),
        cmocka_unit_test(a_site_needs_a_server),
        cmocka_unit_test(a_server_listens_once_on_an_address),
        cmocka_unit_test(topics_that_locations_name_are_told),
        cmocka_unit_test(patterns_are_told_of_streams_and_of_what_templates_may_make),
        cmocka_unit_test(what_a_path_accepts_is_found),
        cmocka_unit_test(access_logs_of_servers_and_locations_are_told),
        cmocka_unit_test(release_comes_with_the_last_reference),
        cmocka_unit_test(a_certificate_that_is_none_is_a_fault_of_its_server),
        cmocka_unit_test(one_address_is_with_ssl_or_without),
    };
    return cmocka_run_group_tests_name("site", tests, NULL, NULL);
}
