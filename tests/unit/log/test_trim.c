/* SPDX-License-Identifier: Apache-2.0 */
/* test_trim.c - the beginning of a topic is removed. */
#include "log/log.h"

#include <stdio.h>

#include "support/fake_log.h"
#include "support/log_rig.h"
#include "unit/log/tests.h"

struct fixture {
    struct fake_log fake;
    struct log_rig rig;
    uint32_t topic;
};

static void open_fixture(struct fixture *f, const struct hg_log_ops *ops) {
    *f = (struct fixture){.topic = 0};
    fake_log_init(&f->fake);
    struct hg_log_setup setup = {.driver = ops, .open = fake_log_open(&f->fake)};
    rig_start(&f->rig, &setup);
    f->topic = rig_topic(&f->rig, "t");
    for (int i = 0; i < 5; i++) {
        struct rig_publish p;
        char id[16];
        (void)snprintf(id, sizeof id, "%d", i);
        assert_int_equal(rig_publish_one(&f->rig, &p, f->topic, id, "x"), 0);
        rig_end(&p);
    }
}

static void shut(struct fixture *f) {
    rig_stop(&f->rig);
    fake_log_fini(&f->fake);
}

struct trimmed {
    struct hg_log_trim t;
    bool is_done;
    int err;
};

static void on_trimmed(struct hg_log_trim *t, int err) {
    struct trimmed *done = HG_CONTAINER(t, struct trimmed, t);
    assert_false(done->is_done);
    done->is_done = true;
    done->err = err;
}

static bool is_done(void *arg) {
    return ((struct trimmed *)arg)->is_done;
}

static void what_stands_before_is_gone_and_the_range_says_so(void **state) {
    struct fixture f;
    struct hg_log_range range;
    (void)state;
    open_fixture(&f, &fake_log_ops);
    struct trimmed t = {.t = {.topic = f.topic, .before = 3, .done = on_trimmed}};
    assert_int_equal(hg_log_trim(f.rig.log, &t.t), 0);
    rig_until(&f.rig, is_done, &t);
    assert_int_equal(t.err, 0);
    hg_log_topic_range(f.rig.log, f.topic, 0, &range);
    assert_int_equal(range.first, 3);
    assert_int_equal(range.next, 5);
    shut(&f);
}

static void what_cannot_be_trimmed_is_told(void **state) {
    struct hg_log_ops ops = fake_log_ops;
    struct fixture f;
    (void)state;
    ops.caps &= ~(unsigned)HG_LOG_TRIM;
    open_fixture(&f, &ops);
    struct hg_log_trim t = {.topic = f.topic, .before = 3, .done = on_trimmed};
    assert_int_equal(hg_log_trim(f.rig.log, &t), HG_ENOTSUP);
    shut(&f);
    open_fixture(&f, &fake_log_ops);
    t = (struct hg_log_trim){.topic = f.topic + 1, .done = on_trimmed};
    assert_int_equal(hg_log_trim(f.rig.log, &t), HG_ENOENT);
    t = (struct hg_log_trim){.topic = f.topic, .partition = 1, .done = on_trimmed};
    assert_int_equal(hg_log_trim(f.rig.log, &t), HG_ENOENT);
    shut(&f);
}

int test_trim(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_stands_before_is_gone_and_the_range_says_so),
        cmocka_unit_test(what_cannot_be_trimmed_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
