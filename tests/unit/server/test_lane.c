/* SPDX-License-Identifier: Apache-2.0 */
#include "server/lane.h"

#include <pthread.h>

#include "unit/server/rig.h"

struct seen {
    pthread_t thread;
    struct hg_loop *loop;
    unsigned n;
};

static void see(struct hg_lane *lane, void *arg) {
    struct seen *s = arg;
    (void)lane;
    s->thread = pthread_self();
    s->loop = hg_loop_current();
    s->n++;
}

static void a_call_runs_on_the_lane_s_own_loop_and_is_over_when_it_returns(void **state) {
    struct rig rig;
    struct hg_lane lane = {0};
    struct rig_log log;
    struct seen seen = {.n = 0};
    (void)state;
    rig_open(&rig);
    assert_int_equal(hg_lane_init(&lane, 3, rig.registry), 0);
    assert_int_equal(hg_loop_index(lane.loop), 3);
    assert_ptr_equal(hg_loop_user(lane.loop), &lane);
    rig_log_open(&log, &lane.loop, 1);
    assert_int_equal(hg_lane_start(&lane, log.log, 1 << 20), 0);
    for (unsigned i = 1; i <= 100; i++) {
        hg_lane_call(&lane, see, &seen);
        assert_int_equal(seen.n, i);
    }
    assert_ptr_equal(seen.loop, lane.loop);
    assert_false(pthread_equal(seen.thread, pthread_self()));
    hg_lane_stop(&lane);
    assert_false(lane.is_running);
    hg_lane_stop(&lane); /* nothing */
    rig_log_close(&log);
    hg_lane_fini(&lane);
    hg_lane_fini(&lane);
    rig_close(&rig);
}

static void one_that_was_never_started_is_freed_too(void **state) {
    struct rig rig;
    struct hg_lane lane = {0};
    (void)state;
    rig_open(&rig);
    assert_int_equal(hg_lane_init(&lane, 0, rig.registry), 0);
    hg_lane_on_tail(lane.loop, NULL, NULL); /* no feed yet: nobody follows anything */
    hg_lane_stop(&lane);
    hg_lane_fini(&lane);
    rig_close(&rig);
}

static void modules_are_started_once_on_each_loop(void **state) {
    struct rig rig;
    struct hg_lane lane = {0};
    struct hg_why why = {""};
    const struct hg_module *m;
    (void)state;
    rig_open(&rig);
    assert_int_equal(hg_registry_load(rig.registry, HG_SLICE("hello"), &m, &why), 0);
    assert_int_equal(hg_lane_init(&lane, 0, rig.registry), 0);
    assert_int_equal(hg_lane_start_modules(&lane, &why), 0);
    assert_ptr_equal(lane.started, m);
    assert_int_equal(hg_registry_load(rig.registry, HG_SLICE("file"), &m, &why), 0);
    assert_int_equal(hg_lane_start_modules(&lane, &why), 0);
    assert_ptr_equal(lane.started, m); /* the one that a reload brought */
    hg_lane_fini(&lane);
    rig_close(&rig);
}

int test_lane(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_runs_on_the_lane_s_own_loop_and_is_over_when_it_returns),
        cmocka_unit_test(one_that_was_never_started_is_freed_too),
        cmocka_unit_test(modules_are_started_once_on_each_loop),
    };
    return cmocka_run_group_tests_name("lane", tests, NULL, NULL);
}
