/* SPDX-License-Identifier: Apache-2.0 */
/* test_topic_open.c - topics made while loops run. */
#include <stdio.h>

#include "log/inner.h"
#include "support/fake_log.h"
#include "support/log_rig.h"
#include "unit/log/tests.h"

struct fixture {
    struct fake_log fake;
    struct log_rig rig;
};

static int set_up(void **state) {
    struct fixture *f = hg_alloc(sizeof *f);
    fake_log_init(&f->fake);
    struct hg_log_setup setup = {.driver = &fake_log_ops,
                                 .open = fake_log_open(&f->fake),
                                 .dedup_window_ms = 60000,
                                 .dedup_max = 100};
    rig_start(&f->rig, &setup);
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

struct made {
    struct hg_log_make m;
    bool is_done;
    int err;
    uint32_t id;
};

static void on_made(struct hg_log_make *m, int err, uint32_t id) {
    struct made *made = HG_CONTAINER(m, struct made, m);
    assert_false(made->is_done);
    made->is_done = true;
    made->err = err;
    made->id = id;
}

static bool is_made(void *arg) {
    return ((struct made *)arg)->is_done;
}

static void ask(struct fixture *f, struct made *m, const char *name) {
    *m = (struct made){
        .m = {.topic = {.name = hg_slice_of(name), .partitions = 1}, .done = on_made}};
    assert_int_equal(hg_log_topic_make(f->rig.log, &m->m), 0);
}

static void who_asks_for_one_name_gets_one_topic(void **state) {
    struct fixture *f = *state;
    struct made m[3];
    ask(f, &m[0], "made.a");
    ask(f, &m[1], "made.b");
    ask(f, &m[2], "made.a");
    for (int i = 0; i < 3; i++) {
        rig_until(&f->rig, is_made, &m[i]);
        assert_int_equal(m[i].err, 0);
    }
    assert_int_equal(m[0].id, m[2].id);
    assert_int_not_equal(m[0].id, m[1].id);
    assert_int_equal(hg_log_topic_count(f->rig.log), 2);
    struct rig_publish p;
    assert_int_equal(rig_publish_one(&f->rig, &p, m[1].id, "1", "x"), 0);
    rig_end(&p);
}

static void a_topic_that_cannot_be_made_is_told(void **state) {
    struct fixture *f = *state;
    struct made m;
    char name[16];
    for (int i = 0; i < FAKE_TOPICS; i++) {
        (void)snprintf(name, sizeof name, "t%d", i);
        (void)rig_topic(&f->rig, name);
    }
    ask(f, &m, "one.too.many");
    rig_until(&f->rig, is_made, &m);
    assert_int_equal(m.err, HG_EFULL);
    assert_int_equal(hg_log_topic_count(f->rig.log), FAKE_TOPICS);
}

/* A topic that was there before the start is not new: its ids are known. */
static void a_topic_made_again_after_a_start_is_known_to_dedup(void **state) {
    struct fixture *f = *state;
    struct made m;
    struct rig_publish p;
    ask(f, &m, "made.a");
    rig_until(&f->rig, is_made, &m);
    assert_int_equal(rig_publish_one(&f->rig, &p, m.id, "1", "x"), 0);
    rig_end(&p);
    struct hg_log_setup setup = f->rig.setup;
    rig_stop(&f->rig);
    rig_start(&f->rig, &setup);
    ask(f, &m, "made.a");
    rig_until(&f->rig, is_made, &m);
    assert_int_equal(rig_publish_one(&f->rig, &p, m.id, "1", "x"), 0);
    assert_int_equal(p.items[0].stored, HG_STORED_BEFORE);
    rig_end(&p);
}

#define OPEN(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* Whoever starts on a log has to know what lies in it. */
static void what_the_driver_keeps_is_listed(void **state) {
    struct fixture *f = *state;
    const struct hg_log_patterns none = {NULL, 0};
    struct hg_log_kept *kept = NULL;
    size_t n = 7;
    assert_int_equal(hg_log_kept(f->rig.log, &none, &kept, &n), 0);
    assert_int_equal(n, 0);
    hg_free(kept);
    (void)snprintf(f->fake.topics[0].name, sizeof f->fake.topics[0].name, "left.over");
    (void)snprintf(f->fake.topics[1].name, sizeof f->fake.topics[1].name, "no/topic of ours");
    f->fake.topics[0].epoch = f->fake.topics[1].epoch = 1;
    f->fake.topics[0].partitions = 3;
    rig_topic(&f->rig, "new");
    assert_int_equal(hg_log_kept(f->rig.log, &none, &kept, &n), 0);
    assert_int_equal(n, 2);
    assert_true(hg_slice_eq(kept[0].topic.name, HG_SLICE("left.over")));
    assert_int_equal(kept[0].topic.partitions, 3);
    assert_true(hg_slice_eq(kept[1].topic.name, HG_SLICE("new")));
    hg_free(kept);
    atomic_store(&f->fake.list_err, HG_EIO);
    assert_int_equal(hg_log_kept(f->rig.log, &none, &kept, &n), HG_EIO);
}

static int renew(void *state, const struct hg_log_open *open, struct hg_why *why) {
    (void)state;
    hg_why_set(why, "%zu arguments", open->n_args);
    return open->n_args == 1 ? 0 : HG_EDENIED;
}

static void what_a_reload_brings_goes_to_a_driver_that_takes_it(void **state) {
    struct fixture *f = *state;
    struct hg_log_open open = {.n_args = 1};
    struct hg_log_ops ops = fake_log_ops;
    struct hg_log_setup setup = f->rig.setup;
    struct hg_why why = {""};
    assert_int_equal(hg_log_renew(f->rig.log, &open, &why), 0);
    assert_string_equal(why.text, "");
    rig_stop(&f->rig);
    ops.renew = renew;
    setup.driver = &ops;
    rig_start(&f->rig, &setup);
    assert_int_equal(hg_log_renew(f->rig.log, &open, &why), 0);
    open.n_args = 2;
    assert_int_equal(hg_log_renew(f->rig.log, &open, &why), HG_EDENIED);
    assert_string_equal(why.text, "2 arguments");
    rig_stop(&f->rig);
    setup.driver = &fake_log_ops;
    rig_start(&f->rig, &setup);
}

int test_topic_open(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_the_driver_keeps_is_listed, set_up, tear_down),
        OPEN(who_asks_for_one_name_gets_one_topic),
        OPEN(a_topic_that_cannot_be_made_is_told),
        OPEN(a_topic_made_again_after_a_start_is_known_to_dedup),
        OPEN(what_a_reload_brings_goes_to_a_driver_that_takes_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
