/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/edge/rig.h"

static const char *const methods[] = {"GET", NULL};
static int handle(const void *conf, const struct hg_request *r, struct hg_slice body,
                  struct hg_answer *answer, struct hg_problem *problem) {
    (void)r, (void)body, (void)problem;
    hg_buf_put_slice(&answer->body, hg_slice_of(conf));
    return 0;
}
static const struct hg_handler_ops ops = {
    .size = sizeof(ops), .name = "fixed", .methods = methods, .handle = handle};

static int make(const struct generation *g, const char *address, struct hg_site **ret,
                struct hg_why *why) {
    const struct hg_site_path paths[] = {{"/healthz", &ops, "fine"}, {"/metrics", &ops, "many"}};
    return hg_site_new_fixed(g->text.conf, hg_slice_of(address), paths, HG_COUNT(paths), ret, why);
}

static void it_has_one_port_and_exact_paths(void **state) {
    struct generation g;
    struct hg_site *site = NULL;
    struct hg_why why = {""};
    struct hg_slice captured;
    (void)state;
    generation_open(&g, SERVER(EVENTS));
    assert_int_equal(make(&g, "127.0.0.1:9180", &site, &why), 0);
    assert_int_equal(hg_site_ports(site), 1);
    assert_false(hg_site_port_is_tls(site, 0));
    const struct hg_location *l =
        hg_site__locate(&site->servers[0], HG_SLICE("/metrics"), &captured);
    assert_non_null(l);
    assert_string_equal(l->handler_conf, "many");
    unit_assert_slice(l->allow, "OPTIONS, GET, HEAD");
    unit_assert_slice(site->servers[0].allow, "OPTIONS, GET, HEAD");
    assert_true(l->intake.proofs.is_none);
    assert_null(hg_site__locate(&site->servers[0], HG_SLICE("/metrics/x"), &captured));
    assert_null(hg_site__locate(&site->servers[0], HG_SLICE("/"), &captured));
    assert_int_equal(hg_site_named_topic(site, 0).len, 0);
    hg_site_unref(&site);
    generation_close(&g);
}

static void a_path_may_capture_a_topic(void **state) {
    struct generation g;
    struct hg_site *site = NULL;
    struct hg_why why = {""};
    struct hg_slice captured;
    const struct hg_site_path paths[] = {{"/dlq", &ops, "all"},
                                         {"/dlq/{topic}", &ops, "one"},
                                         {"/dlq/{topic}/purge", &ops, "purge"}};
    (void)state;
    generation_open(&g, SERVER(EVENTS));
    assert_int_equal(hg_site_new_fixed(g.text.conf, HG_SLICE("127.0.0.1:9180"), paths,
                                       HG_COUNT(paths), &site, &why),
                     0);
    const struct hg_server *server = &site->servers[0];
    assert_string_equal(hg_site__locate(server, HG_SLICE("/dlq"), &captured)->handler_conf, "all");
    assert_string_equal(hg_site__locate(server, HG_SLICE("/dlq/a.dlq"), &captured)->handler_conf,
                        "one");
    unit_assert_slice(captured, "a.dlq");
    assert_string_equal(
        hg_site__locate(server, HG_SLICE("/dlq/a.dlq/purge"), &captured)->handler_conf, "purge");
    unit_assert_slice(captured, "a.dlq");
    assert_null(hg_site__locate(server, HG_SLICE("/dlq/a.dlq/burn"), &captured));
    assert_null(hg_site__locate(server, HG_SLICE("/dlq/"), &captured));
    hg_site_unref(&site);
    generation_close(&g);
}

static void an_address_that_is_none_is_told(void **state) {
    struct generation g;
    struct hg_site *site = NULL;
    struct hg_why why = {""};
    (void)state;
    generation_open(&g, SERVER(EVENTS));
    assert_int_equal(make(&g, "nowhere", &site, &why), HG_EINVAL);
    assert_string_equal(why.text, "\"nowhere\" is no address");
    assert_null(site);
    generation_close(&g);
}

int test_site_fixed(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_has_one_port_and_exact_paths),
        cmocka_unit_test(a_path_may_capture_a_topic),
        cmocka_unit_test(an_address_that_is_none_is_told),
    };
    return cmocka_run_group_tests_name("site_fixed", tests, NULL, NULL);
}
