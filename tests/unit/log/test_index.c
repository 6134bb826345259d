/* SPDX-License-Identifier: Apache-2.0 */
/* test_index.c - what dedup knows after a start. */
#include "log/inner.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "support/fake_log.h"
#include "support/log_rig.h"
#include "unit/log/tests.h"

struct fixture {
    struct fake_log fake;
    struct log_rig rig;
    struct hg_log_setup setup;
    uint32_t topics[2];
};

static void open_all(struct fixture *f) {
    rig_start(&f->rig, &f->setup);
    f->topics[0] = rig_topic(&f->rig, "a");
    f->topics[1] = rig_topic(&f->rig, "b");
}

static void start(struct fixture *f, size_t max) {
    fake_log_init(&f->fake);
    f->setup = (struct hg_log_setup){.driver = &fake_log_ops,
                                     .open = fake_log_open(&f->fake),
                                     .dedup_window_ms = 3600000,
                                     .dedup_max = max};
    open_all(f);
}

static void restart(struct fixture *f) {
    rig_stop(&f->rig);
    open_all(f);
}

static void stop(struct fixture *f) {
    rig_stop(&f->rig);
    fake_log_fini(&f->fake);
}

static enum hg_stored publish(struct fixture *f, int topic, int n) {
    struct rig_publish p;
    char id[16];
    (void)snprintf(id, sizeof id, "%d", n);
    assert_int_equal(rig_publish_one(&f->rig, &p, f->topics[topic], id, "x"), 0);
    rig_end(&p);
    return p.items[0].stored;
}

static void the_newest_of_all_topics_are_known(void **state) {
    (void)state;
    struct fixture f;
    int64_t now = hg_clock_wall_ms();
    start(&f, 10);
    for (int i = 0; i < 20; i++) { /* in turn */
        f.fake.log_time_ms = now - 20000 + i * 1000;
        assert_int_equal(publish(&f, i % 2, i), HG_STORED_NEW);
    }
    restart(&f);
    /* The newest first: each unknown one that is stored drops an old one. */
    for (int i = 19; i >= 10; i--) {
        assert_int_equal(publish(&f, i % 2, i), HG_STORED_BEFORE);
    }
    assert_int_equal(publish(&f, 1, 9), HG_STORED_NEW);
    assert_int_equal(publish(&f, 0, 8), HG_STORED_NEW);
    stop(&f);
}

static void what_left_the_window_is_not_known(void **state) {
    (void)state;
    struct fixture f;
    int64_t now = hg_clock_wall_ms();
    start(&f, 100);
    f.fake.log_time_ms = now - 3700000;
    assert_int_equal(publish(&f, 0, 1), HG_STORED_NEW);
    f.fake.log_time_ms = now - 3000000;
    assert_int_equal(publish(&f, 0, 2), HG_STORED_NEW);
    restart(&f);
    assert_int_equal(publish(&f, 0, 1), HG_STORED_NEW);
    assert_int_equal(publish(&f, 0, 2), HG_STORED_BEFORE);
    stop(&f);
}

static void log_times_of_the_future_do_no_harm(void **state) {
    (void)state;
    struct fixture f;
    start(&f, 100);
    f.fake.log_time_ms = hg_clock_wall_ms() + (int64_t)3650 * 86400000;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(publish(&f, 0, i), HG_STORED_NEW);
    }
    restart(&f);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(publish(&f, 0, i), HG_STORED_BEFORE);
    }
    stop(&f);
}

static void more_records_of_one_moment_than_fit_are_survived(void **state) {
    (void)state;
    struct fixture f;
    start(&f, 10);
    f.fake.log_time_ms = hg_clock_wall_ms();
    for (int i = 0; i < 50; i++) {
        assert_int_equal(publish(&f, 0, i), HG_STORED_NEW);
    }
    restart(&f);
    assert_int_equal(publish(&f, 0, 100), HG_STORED_NEW);
    stop(&f);
}

static void positions_and_conflicts_are_as_before(void **state) {
    (void)state;
    struct fixture f;
    struct rig_publish before, again;
    start(&f, 100);
    assert_int_equal(publish(&f, 0, 1), HG_STORED_NEW);
    assert_int_equal(rig_publish_one(&f.rig, &before, f.topics[0], "2", "x"), 0);
    rig_end(&before);
    restart(&f);
    assert_int_equal(rig_publish_one(&f.rig, &again, f.topics[0], "2", "x"), 0);
    assert_true(again.items[0].position.offset == before.items[0].position.offset);
    assert_int_equal(again.items[0].position.fingerprint, before.items[0].position.fingerprint);
    rig_end(&again);
    assert_int_equal(rig_publish_one(&f.rig, &again, f.topics[0], "2", "y"), HG_ECONFLICT);
    rig_end(&again);
    stop(&f);
}

static void events_without_dedup_are_left_out(void **state) {
    (void)state;
    struct fixture f;
    struct rig_publish p;
    start(&f, 100);
    rig_begin(&f.rig, &p);
    rig_add(&p, f.topics[0], "1", "x")->is_dedup_off = true;
    assert_int_equal(rig_send(&p), 0);
    rig_wait(&p);
    rig_end(&p);
    restart(&f);
    assert_int_equal(publish(&f, 0, 1), HG_STORED_NEW);
    stop(&f);
}

static void a_topic_declared_later_is_known_too(void **state) {
    (void)state;
    struct fixture f;
    struct rig_publish p;
    start(&f, 100);
    uint32_t late = rig_topic(&f.rig, "late");
    assert_int_equal(rig_publish_one(&f.rig, &p, late, "1", "x"), 0);
    rig_end(&p);
    restart(&f);
    assert_int_equal(publish(&f, 0, 5), HG_STORED_NEW);
    late = rig_topic(&f.rig, "late");
    assert_int_equal(rig_publish_one(&f.rig, &p, late, "1", "x"), 0);
    assert_int_equal(p.items[0].stored, HG_STORED_BEFORE);
    rig_end(&p);
    assert_int_equal(publish(&f, 0, 5), HG_STORED_BEFORE);
    stop(&f);
}

int test_index(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_of_all_topics_are_known),
        cmocka_unit_test(what_left_the_window_is_not_known),
        cmocka_unit_test(log_times_of_the_future_do_no_harm),
        cmocka_unit_test(more_records_of_one_moment_than_fit_are_survived),
        cmocka_unit_test(positions_and_conflicts_are_as_before),
        cmocka_unit_test(events_without_dedup_are_left_out),
        cmocka_unit_test(a_topic_declared_later_is_known_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
