/* SPDX-License-Identifier: Apache-2.0 */
/* test_errands.c - a driver on other machines is asked on a thread of its own. */
#include "log/errands.h"

#include "log/inner.h"
#include "support/log_rig.h"
#include "support/remote_log.h"
#include "unit/log/tests.h"

struct fixture {
    struct remote_log remote;
    struct hg_log_ops ops;
    struct log_rig rig;
    uint32_t topic;
};

static int set_up(void **state) {
    struct fixture *f = hg_alloc(sizeof *f);
    remote_log_init(&f->remote);
    f->ops = remote_log_ops();
    struct hg_log_setup setup = {.driver = &f->ops,
                                 .open = fake_log_open(&f->remote.fake),
                                 .dedup_window_ms = 60000,
                                 .dedup_max = 100};
    rig_start(&f->rig, &setup);
    f->topic = rig_topic(&f->rig, "there");
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    remote_log_hold(&f->remote, false);
    rig_stop(&f->rig);
    remote_log_fini(&f->remote);
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

static bool does_wait(void *arg) {
    return remote_log_waiting(arg) > 0;
}

static void a_topic_that_hangs_while_it_is_opened_holds_up_no_append(void **state) {
    struct fixture *f = *state;
    struct made m[2];
    struct rig_publish p;
    remote_log_hold(&f->remote, true);
    ask(f, &m[0], "hangs");
    ask(f, &m[1], "behind");
    rig_until(&f->rig, does_wait, &f->remote);
    for (int i = 0; i < 3; i++) {
        const char *const ids[] = {"1", "2", "3"};
        assert_int_equal(rig_publish_one(&f->rig, &p, f->topic, ids[i], "x"), 0);
        rig_end(&p);
    }
    assert_false(m[0].is_done);
    remote_log_hold(&f->remote, false);
    for (int i = 0; i < 2; i++) {
        rig_until(&f->rig, is_made, &m[i]);
        assert_int_equal(m[i].err, 0);
        assert_int_equal(m[i].id, f->topic + 1 + (uint32_t)i);
        assert_int_equal(rig_publish_one(&f->rig, &p, m[i].id, "1", "x"), 0);
        rig_end(&p);
    }
}

static void no_question_is_asked_on_the_log_thread_or_by_who_wants_to_know(void **state) {
    struct fixture *f = *state;
    const struct hg_log_patterns none = {NULL, 0};
    struct hg_log_kept *kept = NULL;
    size_t n = 0;
    assert_int_equal(hg_log_kept(f->rig.log, &none, &kept, &n), 0);
    assert_int_equal(n, 1);
    hg_free(kept);
    assert_true(pthread_equal(f->remote.asked, f->rig.log->errands.id));
    assert_false(pthread_equal(f->remote.asked, f->rig.log->thread.id));
    assert_true(f->remote.n_asked > 0);
}

/* Of one that failed nothing stays: its id is the next one's. */
static void what_cannot_be_opened_leaves_no_hole(void **state) {
    struct fixture *f = *state;
    struct made m;
    f->remote.fake.topics[1].epoch = 1; /* full */
    for (int i = 2; i < FAKE_TOPICS; i++) {
        f->remote.fake.topics[i].epoch = 1;
    }
    ask(f, &m, "one.too.many");
    rig_until(&f->rig, is_made, &m);
    assert_int_equal(m.err, HG_EFULL);
    f->remote.fake.topics[1].epoch = 0;
    ask(f, &m, "fits");
    rig_until(&f->rig, is_made, &m);
    assert_int_equal(m.err, 0);
    assert_int_equal(m.id, f->topic + 1);
}

static void what_was_asked_before_the_stop_is_answered(void **state) {
    struct fixture *f = *state;
    struct made m[8];
    for (size_t i = 0; i < HG_COUNT(m); i++) {
        static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
        ask(f, &m[i], names[i]);
    }
    struct hg_log_setup setup = f->rig.setup;
    rig_stop(&f->rig);
    for (size_t i = 0; i < HG_COUNT(m); i++) {
        assert_true(m[i].is_done);
        assert_int_equal(m[i].err, 0);
    }
    rig_start(&f->rig, &setup);
}

#define ERRANDS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int test_errands(void) {
    const struct CMUnitTest tests[] = {
        ERRANDS(a_topic_that_hangs_while_it_is_opened_holds_up_no_append),
        ERRANDS(no_question_is_asked_on_the_log_thread_or_by_who_wants_to_know),
        ERRANDS(what_cannot_be_opened_leaves_no_hole),
        ERRANDS(what_was_asked_before_the_stop_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
