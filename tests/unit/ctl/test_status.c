/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/command.h"

#include "unit/ctl/rig.h"

#define STATUS                                                                                     \
    "{\"generation\":3,\"uptime_s\":93784,\"draining\":false,\"writable\":true,\"topics\":["       \
    "{\"name\":\"a.b\",\"epoch\":1,\"first\":2,\"next\":12,\"bytes\":345},"                        \
    "{\"name\":\"a.much.longer.name\",\"epoch\":1,\"first\":0,\"next\":0,\"bytes\":0}]}"
#define METRICS                                                                                    \
    "# HELP x y\nheadgate_other 9\nheadgate_gaps_total{reason=\"reset\"} 4\n"                      \
    "headgate_connections_open 7\n"

static const struct http_peer_step well[] = {{JSON_OK("ok\n"), HTTP_PEER_CLOSE},
                                             {JSON_OK("ready\n"), HTTP_PEER_CLOSE},
                                             {JSON_OK(STATUS), HTTP_PEER_CLOSE},
                                             {JSON_OK(METRICS), HTTP_PEER_CLOSE}};

static const char *address(struct rig *r) {
    return http_peer_url(r->peer, "") + strlen("http://");
}

static void a_page_is_printed_for_people(void **state) {
    (void)state;
    struct rig r;
    rig_open(&r, "");
    rig_serve(&r, well, HG_COUNT(well));
    assert_int_equal(rig_run(&r, "status", "--admin", address(&r), NULL), 0);
    assert_has(r.out,
               "health      ok\nreadiness   ready\ngeneration  3\nuptime      1d 2h 3m 4s\n");
    assert_has(r.out,
               "\nTOPIC                     FIRST         NEXT       EVENTS           BYTES\n"
               "a.b                           2           12           10             345\n"
               "a.much.longer.name            0            0            0               0\n");
    assert_has(r.out, "\nheadgate_connections_open                                  7\n"
                      "headgate_gaps_total{reason=\"reset\"}                        4\n");
    assert_has_not(r.out, "headgate_other");
    assert_has(http_peer_request(r.peer, 0), "GET /healthz HTTP");
    assert_has(http_peer_request(r.peer, 1), "GET /readyz HTTP");
    assert_has(http_peer_request(r.peer, 2), "GET /status HTTP");
    assert_has(http_peer_request(r.peer, 3), "GET /metrics HTTP");
    rig_close(&r);
}

static void one_object_is_printed_for_programs(void **state) {
    (void)state;
    struct rig r;
    rig_open(&r, "");
    rig_serve(&r, well, HG_COUNT(well));
    assert_int_equal(rig_run(&r, "status", "--json", "--admin", http_peer_url(r.peer, "/"), NULL),
                     0);
    assert_string_equal(r.out, "{\"healthy\":true,\"ready\":true,\"status\":" STATUS
                               ",\"counters\":{\"headgate_connections_open\":7,"
                               "\"headgate_gaps_total{reason=\\\"reset\\\"}\":4}}\n");
    rig_close(&r);
}

static void a_gateway_that_is_not_ready_is_not_well(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {
        well[0], {PROBLEM("503", "draining\n"), HTTP_PEER_CLOSE}, well[2], well[3]};
    struct rig r;
    rig_open(&r, "");
    rig_serve(&r, steps, HG_COUNT(steps));
    assert_int_equal(rig_run(&r, "status", "--admin", address(&r), NULL), 1);
    assert_has(r.out, "readiness   NOT READY: draining\n");
    rig_close(&r);
}

static void whoever_is_no_gateway_is_told_apart(void **state) {
    (void)state;
    const struct http_peer_step steps[] = {{ANSWER("404", ""), HTTP_PEER_CLOSE},
                                           {ANSWER("404", ""), HTTP_PEER_CLOSE},
                                           {ANSWER("404", ""), HTTP_PEER_CLOSE}};
    struct rig r;
    rig_open(&r, "");
    rig_serve(&r, steps, HG_COUNT(steps));
    assert_int_equal(rig_run(&r, "status", "--admin", address(&r), NULL), 1);
    assert_has(r.err, "is no admin listener: /status gives 404\n");
    assert_int_equal(rig_run(&r, "status", "--admin", http_peer_nowhere(), NULL), 1);
    assert_has(r.err, "status: Failed to connect");
    assert_string_equal(r.out, "");
    rig_close(&r);
}

static void what_is_no_address_is_misuse(void **state) {
    (void)state;
    struct rig r;
    rig_open(&r, "");
    assert_int_equal(rig_run(&r, "status", "--admin", "", NULL), 2);
    assert_int_equal(rig_run(&r, "status", "--admin", "ftp://x/", NULL), 2);
    assert_int_equal(rig_run(&r, "status", "extra", NULL), 2);
    assert_has(r.err, "--admin: expected HOST:PORT");
    rig_close(&r);
}

int test_status(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_is_printed_for_people),
        cmocka_unit_test(one_object_is_printed_for_programs),
        cmocka_unit_test(a_gateway_that_is_not_ready_is_not_well),
        cmocka_unit_test(whoever_is_no_gateway_is_told_apart),
        cmocka_unit_test(what_is_no_address_is_misuse),
    };
    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
