/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admin.h"

#include "base/clock.h"
#include "server/crew.h"
#include "server/metrics.h"
#include "unit/server/rig.h"

/* The admin listener alone, on one loop. */
struct fixture {
    struct rig rig;
    struct hg_plan plan;
    struct hg_sockets sockets;
    struct hg_crew crew;
    struct hg_admin admin;
    struct hg_site *site;
    struct rig_log log;
};

static void open_fixture(struct fixture *f) {
    struct hg_why why = {""};
    *f = (struct fixture){.sockets = {.is_owner = true}};
    rig_open(&f->rig);
    rig_write(&f->rig, "", "");
    rig_plan(&f->rig, &f->plan);
    hg_metrics_register();
    assert_int_equal(hg_sockets_open(&f->sockets, f->plan.site, f->plan.server->admin, 1, &why), 0);
    assert_int_equal(hg_admin_site(&f->admin, f->plan.conf, f->plan.server->admin, &f->site, &why),
                     0);
    assert_int_equal(hg_crew_init(&f->crew, 1, f->rig.registry), 0);
    rig_log_open_crew(&f->log, &f->crew);
    f->admin.log = f->log.log;
    f->admin.started_wall_ms = hg_clock_wall_ms();
    f->admin.phase = HG_PHASE_SERVING;
    assert_int_equal(hg_crew_start(&f->crew, f->log.log, 1 << 20), 0);
    assert_int_equal(hg_crew_open_admin(&f->crew, f->site, &f->sockets), 0);
}

static void shut(struct fixture *f) {
    hg_crew_shut(&f->crew);
    rig_log_close(&f->log);
    hg_crew_fini(&f->crew);
    hg_site_unref(&f->site);
    hg_sockets_fini(&f->sockets);
    hg_plan_fini(&f->plan);
    rig_close(&f->rig);
}

static void it_says_that_it_turns_and_what_it_counts(void **state) {
    struct fixture f;
    char body[4096];
    (void)state;
    open_fixture(&f);
    assert_int_equal(rig_get(f.rig.admin, "/healthz", body), 200);
    assert_string_equal(body, "ok\n");
    assert_int_equal(rig_get(f.rig.admin, "/readyz", body), 200);
    assert_int_equal(rig_get(f.rig.admin, "/status", body), 200);
    assert_string_equal(strchr(body, ','), ",\"uptime_s\":0,\"draining\":false,\"writable\":true,"
                                           "\"topics\":[]}\n");
    assert_int_equal(rig_get(f.rig.admin, "/metrics", body), 200);
    assert_non_null(strstr(body, "# TYPE headgate_"));
    assert_int_equal(rig_get(f.rig.admin, "/nothing", body), 404);
    assert_int_equal(rig_get(f.rig.admin, "/events", body), 404);
    shut(&f);
}

static void it_is_ready_neither_before_the_master_knows_nor_while_it_drains(void **state) {
    struct fixture f;
    char body[4096];
    (void)state;
    open_fixture(&f);
    f.admin.phase = HG_PHASE_STARTING;
    assert_int_equal(rig_get(f.rig.admin, "/readyz", body), 503);
    assert_string_equal(body, "starting\n");
    f.admin.phase = HG_PHASE_DRAINING;
    assert_int_equal(rig_get(f.rig.admin, "/readyz", body), 503);
    assert_string_equal(body, "draining\n");
    assert_int_equal(rig_get(f.rig.admin, "/healthz", body), 200);
    shut(&f);
}

static void an_address_that_is_none_is_a_fault(void **state) {
    struct fixture f;
    struct hg_why why = {""};
    struct hg_site *site;
    (void)state;
    open_fixture(&f);
    assert_int_equal(hg_admin_site(&f.admin, f.plan.conf, HG_SLICE("x"), &site, &why), HG_EINVAL);
    assert_string_equal(why.text, "\"x\" is no address");
    shut(&f);
}

int test_admin(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_that_it_turns_and_what_it_counts),
        cmocka_unit_test(it_is_ready_neither_before_the_master_knows_nor_while_it_drains),
        cmocka_unit_test(an_address_that_is_none_is_a_fault),
    };
    return cmocka_run_group_tests_name("admin", tests, NULL, NULL);
}
