/* SPDX-License-Identifier: Apache-2.0 */
#include "server/crew.h"

#include "base/alloc.h"
#include "unit/server/rig.h"

struct fixture {
    struct rig rig;
    struct hg_plan plan;
    struct hg_sockets sockets;
    struct hg_crew crew;
    struct rig_log log;
};

static void open_fixture(struct fixture *f) {
    struct hg_why why = {""};
    *f = (struct fixture){.sockets = {.is_owner = true}};
    rig_open(&f->rig);
    rig_write(&f->rig, "", "");
    rig_plan(&f->rig, &f->plan);
    assert_int_equal(hg_sockets_open(&f->sockets, f->plan.site, f->plan.server->admin, 2, &why), 0);
    assert_int_equal(hg_crew_init(&f->crew, 2, f->rig.registry), 0);
    rig_log_open_crew(&f->log, &f->crew);
    assert_int_equal(hg_crew_start_modules(&f->crew, &why), 0);
    assert_int_equal(hg_crew_start(&f->crew, f->log.log, 1 << 20), 0);
    assert_int_equal(hg_crew_start_modules(&f->crew, &why), 0);
}

static void shut(struct fixture *f) {
    hg_crew_shut(&f->crew);
    rig_log_close(&f->log);
    hg_crew_fini(&f->crew);
    hg_sockets_fini(&f->sockets);
    hg_plan_fini(&f->plan);
    hg_registry_stop(f->rig.registry);
    rig_close(&f->rig);
}

static void all_loops_serve_what_was_taken(void **state) {
    struct fixture f;
    char body[4096];
    (void)state;
    open_fixture(&f);
    assert_int_equal(hg_crew_take(&f.crew, f.plan.site, &f.sockets), 0);
    for (int i = 0; i < 20; i++) { /* the kernel spreads them over both */
        assert_int_equal(rig_get(f.rig.port, "/hello", body), 200);
        assert_string_equal(body, "there\n");
    }
    assert_int_equal(hg_crew_visits(&f.crew), 0);
    shut(&f);
}

static void all_loops_take_it_or_none(void **state) {
    struct fixture f;
    (void)state;
    open_fixture(&f);
    int64_t n = 0, n_refused = 0;
    for (bool is_over = false; !is_over; n++) {
        hg_alloc_fail_after(n);
        int err = hg_crew_take(&f.crew, f.plan.site, &f.sockets);
        is_over = hg_alloc_fail_is_pending();
        hg_alloc_fail_after(-1);
        assert_true(err == 0 || (err == HG_ENOMEM && !is_over)); /* some is done without */
        n_refused += err != 0;
    }
    assert_true(n_refused > 1);
    assert_int_equal(rig_get(f.rig.port, "/hello", NULL), 200);
    shut(&f);
}

static void a_drained_crew_accepts_no_more(void **state) {
    struct fixture f;
    (void)state;
    open_fixture(&f);
    assert_int_equal(hg_crew_take(&f.crew, f.plan.site, &f.sockets), 0);
    hg_crew_drain(&f.crew);
    hg_sockets_prune(&f.sockets, NULL);
    assert_false(rig_connects(f.rig.port));
    assert_int_equal(hg_crew_visits(&f.crew), 0);
    shut(&f);
}

static void a_crew_without_memory_is_none(void **state) {
    struct rig rig;
    int64_t n_refused = 0;
    (void)state;
    rig_open(&rig);
    for (int64_t n = 0, is_over = 0; !is_over; n++) {
        struct hg_crew crew = {0};
        hg_alloc_fail_after(n);
        int err = hg_crew_init(&crew, 2, rig.registry);
        is_over = hg_alloc_fail_is_pending();
        hg_alloc_fail_after(-1);
        assert_true(err == 0 || !is_over);
        n_refused += err != 0;
        hg_crew_fini(&crew);
    }
    assert_true(n_refused > 1);
    rig_close(&rig);
}

int test_crew(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_loops_serve_what_was_taken),
        cmocka_unit_test(all_loops_take_it_or_none),
        cmocka_unit_test(a_drained_crew_accepts_no_more),
        cmocka_unit_test(a_crew_without_memory_is_none),
    };
    return cmocka_run_group_tests_name("crew", tests, NULL, NULL);
}
