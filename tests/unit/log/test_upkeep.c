/* SPDX-License-Identifier: Apache-2.0 */
/* test_upkeep.c - what happens once a second by itself. */
#include "log/inner.h"

#include "base/counters.h"
#include "log/counters.h"
#include "support/fake_log.h"
#include "support/log_rig.h"
#include "unit/log/tests.h"

struct fixture {
    struct fake_log fake;
    struct log_rig rig;
    uint32_t topic;
};

static int set_up(void **state) {
    struct fixture *f = hg_alloc(sizeof *f);
    fake_log_init(&f->fake);
    struct hg_log_setup setup = {.driver = &fake_log_ops,
                                 .open = fake_log_open(&f->fake),
                                 .dedup_window_ms = 1000,
                                 .dedup_max = 100};
    rig_start(&f->rig, &setup);
    f->topic = rig_topic(&f->rig, "t");
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    rig_stop(&f->rig);
    fake_log_fini(&f->fake);
    hg_free(f);
    return 0;
}

static bool has_ticked(void *arg) {
    return atomic_load(&((struct fixture *)arg)->fake.ticks) >= 2;
}

static bool is_trimmed(void *arg) {
    struct fixture *f = arg;
    struct hg_log_range range;
    hg_log_topic_range(f->rig.log, f->topic, 0, &range);
    return range.first == 1;
}

static void the_driver_is_ticked_and_retention_is_shown(void **state) {
    struct fixture *f = *state;
    struct rig_publish p;
    assert_int_equal(rig_publish_one(&f->rig, &p, f->topic, "1", "x"), 0);
    rig_end(&p);
    assert_int_equal(fake_log_ops.trim(&f->fake, f->topic, 0, 1), 0);
    rig_until(&f->rig, is_trimmed, f);
    rig_until(&f->rig, has_ticked, f);
}

static bool has_entry(void *arg) {
    return hg_counter_read(&hg_dedup_entries) == *(const int64_t *)arg;
}

static void the_window_moves_and_is_counted(void **state) {
    struct fixture *f = *state;
    struct rig_publish p;
    int64_t none = hg_counter_read(&hg_dedup_entries), one = none + 1;
    assert_int_equal(rig_publish_one(&f->rig, &p, f->topic, "1", "x"), 0);
    rig_end(&p);
    rig_until(&f->rig, has_entry, &one);
    rig_until(&f->rig, has_entry, &none);
    assert_int_equal(rig_publish_one(&f->rig, &p, f->topic, "1", "x"), 0);
    assert_int_equal(p.items[0].stored, HG_STORED_NEW);
    rig_end(&p);
}

static bool is_patient(void *arg) {
    return hg_log_retry_after(arg) > 1;
}

static void who_is_refused_is_told_to_wait_longer_while_nothing_can_be_stored(void **state) {
    struct fixture *f = *state;
    struct rig_publish p;
    assert_int_equal(hg_log_retry_after(f->rig.log), 1);
    atomic_store(&f->fake.fail_next, HG_EIO);
    assert_int_equal(rig_publish_one(&f->rig, &p, f->topic, "1", "x"), HG_EIO);
    rig_end(&p);
    rig_until(&f->rig, is_patient, f->rig.log);
}

#define UPKEEP(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int test_upkeep(void) {
    const struct CMUnitTest tests[] = {
        UPKEEP(the_driver_is_ticked_and_retention_is_shown),
        UPKEEP(the_window_moves_and_is_counted),
        UPKEEP(who_is_refused_is_told_to_wait_longer_while_nothing_can_be_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
