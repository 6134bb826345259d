/* SPDX-License-Identifier: Apache-2.0 */
/* test_recall.c - a log on other machines is read back when somebody publishes. */
#include "log/recall.h"

#include <stdio.h>

#include "base/clock.h"
#include "log/inner.h"
#include "support/log_rig.h"
#include "support/remote_log.h"
#include "unit/log/tests.h"

struct fixture {
    struct remote_log remote;
    struct hg_log_ops ops;
    struct hg_log_setup setup;
    struct log_rig rig;
    uint32_t a, b;
};

static void open_all(struct fixture *f) {
    rig_start(&f->rig, &f->setup);
    f->a = rig_topic(&f->rig, "a");
    f->b = rig_topic(&f->rig, "b");
}

static int set_up(void **state) {
    struct fixture *f = hg_alloc(sizeof *f);
    remote_log_init(&f->remote);
    f->ops = remote_log_ops();
    f->ops.caps &= ~(unsigned)HG_LOG_ATOMIC;
    f->setup = (struct hg_log_setup){.driver = &f->ops,
                                     .open = fake_log_open(&f->remote.fake),
                                     .dedup_window_ms = 3600000,
                                     .dedup_max = 1000,
                                     .hide_ms = 600000,
                                     .hide_max = 100};
    open_all(f);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    rig_stop(&f->rig);
    remote_log_fini(&f->remote);
    hg_free(f);
    return 0;
}

static void restart(struct fixture *f) {
    rig_stop(&f->rig);
    open_all(f);
}

static int publish(struct fixture *f, uint32_t topic, const char *id, const char *data,
                   struct hg_publish_item *ret) {
    struct rig_publish p;
    int err = rig_publish_one(&f->rig, &p, topic, id, data);
    *ret = p.items[0];
    rig_end(&p);
    return err;
}

static enum hg_stored stored(struct fixture *f, uint32_t topic, const char *id) {
    struct hg_publish_item item;
    assert_int_equal(publish(f, topic, id, "x", &item), 0);
    return item.stored;
}

static void send(struct fixture *f, struct rig_publish *p, uint32_t topic, const char *id) {
    rig_begin(&f->rig, p);
    rig_add(p, topic, id, "x");
    assert_int_equal(rig_send(p), 0);
}

static void what_stands_in_the_log_is_known_before_the_first_publish_is_judged(void **state) {
    struct fixture *f = *state;
    struct hg_publish_item first, again;
    assert_int_equal(publish(f, f->a, "0", "x", &first), 0);
    assert_int_equal(publish(f, f->a, "1", "x", &first), 0);
    restart(f);
    assert_int_equal(publish(f, f->a, "1", "x", &again), 0);
    assert_int_equal(again.stored, HG_STORED_BEFORE);
    assert_true(again.position.offset == 1);
    assert_int_equal(again.position.fingerprint, first.position.fingerprint);
    assert_int_equal(publish(f, f->a, "0", "other", &again), HG_ECONFLICT);
    assert_int_equal(stored(f, f->a, "2"), HG_STORED_NEW);
    assert_false(pthread_equal(f->remote.read_by, f->rig.log->thread.id));
    assert_false(pthread_equal(f->remote.read_by, f->rig.log->errands.id));
}

static bool is_read(void *arg) {
    return remote_log_reading(arg) > 0;
}

static void a_topic_that_cannot_be_read_holds_up_no_other(void **state) {
    struct fixture *f = *state;
    struct rig_publish held[3];
    const char *const ids[] = {"1", "2", "3"};
    assert_int_equal(stored(f, f->a, "1"), HG_STORED_NEW);
    assert_int_equal(stored(f, f->b, "1"), HG_STORED_NEW);
    restart(f);
    remote_log_hold_reads(&f->remote, f->a, true);
    for (int i = 0; i < 3; i++) {
        send(f, &held[i], f->a, ids[i]);
    }
    rig_until(&f->rig, is_read, &f->remote);
    assert_int_equal(stored(f, f->b, "1"), HG_STORED_BEFORE);
    assert_int_equal(stored(f, f->b, "2"), HG_STORED_NEW);
    assert_false(held[0].is_done);
    remote_log_hold_reads(&f->remote, f->a, false);
    for (int i = 0; i < 3; i++) {
        rig_wait(&held[i]);
        assert_int_equal(held[i].items[0].stored, i == 0 ? HG_STORED_BEFORE : HG_STORED_NEW);
        assert_true(held[i].items[0].position.offset == (uint64_t)i);
        rig_end(&held[i]);
    }
}

static void who_would_wait_too_long_is_refused(void **state) {
    struct fixture *f = *state;
    struct hg_publish_item item;
    assert_int_equal(stored(f, f->a, "1"), HG_STORED_NEW);
    restart(f);
    f->rig.log->recalls.hold_ms = 50;
    remote_log_hold_reads(&f->remote, f->a, true);
    assert_int_equal(publish(f, f->a, "1", "x", &item), HG_EAGAIN);
    assert_int_equal(item.stored, HG_STORED_NOT);
    assert_int_equal(publish(f, f->a, "2", "x", &item), HG_EAGAIN);
    remote_log_hold_reads(&f->remote, f->a, false);
    int64_t deadline = hg_clock_mono_ms() + 10000;
    while (publish(f, f->a, "1", "x", &item) == HG_EAGAIN && hg_clock_mono_ms() < deadline) {
    }
    assert_int_equal(item.stored, HG_STORED_BEFORE);
}

static void a_partition_whose_reads_fail_is_refused_and_tried_again(void **state) {
    struct fixture *f = *state;
    struct hg_publish_item item;
    assert_int_equal(stored(f, f->a, "1"), HG_STORED_NEW);
    restart(f);
    atomic_store(&f->remote.read_err, HG_EIO);
    assert_int_equal(publish(f, f->a, "1", "x", &item), HG_EAGAIN);
    assert_int_equal(stored(f, f->b, "1"), HG_STORED_NEW); /* which was empty */
    atomic_store(&f->remote.read_err, 0);
    int64_t deadline = hg_clock_mono_ms() + 10000;
    while (publish(f, f->a, "1", "x", &item) == HG_EAGAIN && hg_clock_mono_ms() < deadline) {
    }
    assert_int_equal(item.stored, HG_STORED_BEFORE);
}

static bool is_tried_again(void *arg) {
    struct remote_log *remote = arg;
    return atomic_load(&remote->n_reads) >= 3;
}

/* As where a transaction of another producer is open at its end. */
static void an_end_that_is_not_seen_for_a_moment_is_waited_for(void **state) {
    struct fixture *f = *state;
    struct rig_publish p;
    assert_int_equal(stored(f, f->a, "1"), HG_STORED_NEW);
    restart(f);
    atomic_store(&f->remote.n_reads, 0);
    atomic_store(&f->remote.read_err, HG_EAGAIN);
    send(f, &p, f->a, "1");
    rig_until(&f->rig, is_tried_again, &f->remote);
    atomic_store(&f->remote.read_err, 0);
    rig_wait(&p);
    assert_int_equal(p.err, 0);
    assert_int_equal(p.items[0].stored, HG_STORED_BEFORE);
    rig_end(&p);
}

static void no_more_is_read_than_the_stretch_before_the_end(void **state) {
    struct fixture *f = *state;
    char id[16];
    int64_t now = hg_clock_wall_ms();
    for (int i = 0; i < 120; i++) {
        f->remote.fake.log_time_ms = now;
        (void)snprintf(id, sizeof id, "%d", i);
        assert_int_equal(stored(f, f->a, id), HG_STORED_NEW);
        f->remote.fake.log_time_ms = i < 5 ? now - 700000 : now;
        assert_int_equal(stored(f, f->b, id), HG_STORED_NEW);
        if (i == 10) {
            i = 109;
        }
    }
    /* a: 21 records; b: the first five are too old. */
    restart(f);
    assert_int_equal(stored(f, f->a, "0"), HG_STORED_BEFORE);
    assert_int_equal(stored(f, f->b, "4"), HG_STORED_NEW);
    assert_int_equal(stored(f, f->b, "5"), HG_STORED_BEFORE);
    f->setup.hide_max = 20;
    restart(f);
    assert_int_equal(stored(f, f->a, "0"), HG_STORED_NEW);
    assert_int_equal(stored(f, f->a, "1"), HG_STORED_BEFORE);
}

static void more_than_fits_leaves_the_newest(void **state) {
    struct fixture *f = *state;
    char id[16];
    for (int i = 0; i < 30; i++) {
        (void)snprintf(id, sizeof id, "%d", i);
        assert_int_equal(stored(f, f->a, id), HG_STORED_NEW);
    }
    f->setup.dedup_max = 10;
    restart(f);
    for (int i = 29; i >= 20; i--) {
        (void)snprintf(id, sizeof id, "%d", i);
        assert_int_equal(stored(f, f->a, id), HG_STORED_BEFORE);
    }
    assert_int_equal(stored(f, f->a, "19"), HG_STORED_NEW);
}

static void records_of_others_have_no_id(void **state) {
    struct fixture *f = *state;
    remote_log_write(&f->remote, f->a, 0, rig_event("/test", "1", "x"));
    restart(f);
    assert_int_equal(stored(f, f->a, "1"), HG_STORED_NEW);
}

static void hold_answers(struct fixture *f) {
    f->remote.fake.is_manual = true;
    restart(f);
}

static bool is_held(void *arg) {
    struct fixture *f = arg;
    return atomic_load(&f->remote.fake.n_held) > 0;
}

/* The cluster has it, and nobody hears of it. */
static void store(struct fixture *f, const struct rig_publish *p) {
    struct hg_append_item item = p->p.plan->sending.append.items[0];
    fake_log_store(&f->remote.fake, &item);
}

static void doubt(struct fixture *f, struct rig_publish *p, const char *id) {
    send(f, p, f->a, id);
    rig_until(&f->rig, is_held, f);
}

static void answer_doubt(struct fixture *f, struct rig_publish *p) {
    fake_log_answer_items(&f->remote.fake, 0, (const int[]){HG_EDOUBT}, 1);
    rig_wait(p);
    assert_int_equal(p->err, HG_EDOUBT);
    assert_int_equal(p->items[0].stored, HG_STORED_DOUBT);
}

static void an_answer_in_doubt_ends_as_stored_once(void **state) {
    struct fixture *f = *state;
    struct rig_publish p, again, waits;
    hold_answers(f);
    doubt(f, &p, "1");
    send(f, &waits, f->a, "1"); /* while it is on its way */
    store(f, &p);
    answer_doubt(f, &p);
    rig_end(&p);
    rig_wait(&waits);
    assert_int_equal(waits.err, 0);
    assert_int_equal(waits.items[0].stored, HG_STORED_BEFORE);
    assert_true(waits.items[0].position.offset == 0);
    rig_end(&waits);
    send(f, &again, f->a, "1");
    rig_wait(&again);
    assert_int_equal(again.items[0].stored, HG_STORED_BEFORE);
    rig_end(&again);
}

static void what_was_in_doubt_and_is_not_there_is_stored(void **state) {
    struct fixture *f = *state;
    struct rig_publish p, again;
    hold_answers(f);
    doubt(f, &p, "1");
    answer_doubt(f, &p);
    rig_end(&p);
    doubt(f, &again, "1");
    fake_log_answer_items(&f->remote.fake, 0, (const int[]){0}, 1);
    rig_wait(&again);
    assert_int_equal(again.items[0].stored, HG_STORED_NEW);
    rig_end(&again);
}

static void a_doubt_that_comes_while_it_is_read_is_read_too(void **state) {
    struct fixture *f = *state;
    struct rig_publish p[2], again[2];
    const char *const ids[] = {"1", "2"};
    hold_answers(f);
    for (int i = 0; i < 2; i++) {
        send(f, &p[i], f->a, ids[i]);
    }
    rig_until(&f->rig, is_held, f);
    while (atomic_load(&f->remote.fake.n_held) < 2) {
        rig_until(&f->rig, is_held, f);
    }
    remote_log_hold_reads(&f->remote, f->a, true);
    store(f, &p[0]);
    answer_doubt(f, &p[0]);
    send(f, &again[0], f->a, "1");
    rig_until(&f->rig, is_read, &f->remote);
    store(f, &p[1]);
    answer_doubt(f, &p[1]);
    send(f, &again[1], f->a, "2");
    remote_log_hold_reads(&f->remote, f->a, false);
    for (int i = 0; i < 2; i++) {
        rig_wait(&again[i]);
        assert_int_equal(again[i].items[0].stored, HG_STORED_BEFORE);
        assert_true(again[i].items[0].position.offset == (uint64_t)i);
        rig_end(&again[i]);
        rig_end(&p[i]);
    }
}

static void what_was_cut_off_is_not_said_to_be_stored(void **state) {
    struct fixture *f = *state;
    const char *const ids[] = {"0", "1", "2"};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(stored(f, f->a, ids[i]), HG_STORED_NEW);
        assert_int_equal(stored(f, f->b, ids[i]), HG_STORED_NEW);
    }
    f->remote.is_followed[f->a] = true; /* as if somebody followed: the tail tells of it */
    remote_log_cut(&f->remote, f->a, 0, 1);
    assert_int_equal(stored(f, f->a, "2"), HG_STORED_NEW);
    assert_int_equal(stored(f, f->a, "0"), HG_STORED_BEFORE);
    assert_int_equal(stored(f, f->b, "2"), HG_STORED_BEFORE);
}

static void a_cut_that_nobody_tells_is_seen_by_the_next_append(void **state) {
    struct fixture *f = *state;
    const char *const ids[] = {"0", "1", "2", "3"};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(stored(f, f->a, ids[i]), HG_STORED_NEW);
    }
    fake_log_cut(&f->remote.fake, f->a, 0, 1);
    assert_int_equal(stored(f, f->a, "new"), HG_STORED_NEW);
    assert_int_equal(stored(f, f->a, "2"), HG_STORED_NEW);
    assert_int_equal(stored(f, f->a, "0"), HG_STORED_BEFORE);
    assert_int_equal(stored(f, f->a, "new"), HG_STORED_BEFORE);
}

static void who_waits_when_the_log_stops_is_answered(void **state) {
    struct fixture *f = *state;
    struct rig_publish p;
    assert_int_equal(stored(f, f->a, "1"), HG_STORED_NEW);
    restart(f);
    remote_log_hold_reads(&f->remote, f->a, true);
    send(f, &p, f->a, "1");
    rig_until(&f->rig, is_read, &f->remote);
    atomic_store(&f->rig.log->recalls.is_stopping, true);
    remote_log_hold_reads(&f->remote, f->a, false);
    rig_wait(&p);
    assert_int_equal(p.err, HG_EAGAIN);
    rig_end(&p);
}

#define RECALL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int test_recall(void) {
    const struct CMUnitTest tests[] = {
        RECALL(what_stands_in_the_log_is_known_before_the_first_publish_is_judged),
        RECALL(a_topic_that_cannot_be_read_holds_up_no_other),
        RECALL(who_would_wait_too_long_is_refused),
        RECALL(a_partition_whose_reads_fail_is_refused_and_tried_again),
        RECALL(an_end_that_is_not_seen_for_a_moment_is_waited_for),
        RECALL(no_more_is_read_than_the_stretch_before_the_end),
        RECALL(more_than_fits_leaves_the_newest),
        RECALL(records_of_others_have_no_id),
        RECALL(an_answer_in_doubt_ends_as_stored_once),
        RECALL(what_was_in_doubt_and_is_not_there_is_stored),
        RECALL(a_doubt_that_comes_while_it_is_read_is_read_too),
        RECALL(what_was_cut_off_is_not_said_to_be_stored),
        RECALL(a_cut_that_nobody_tells_is_seen_by_the_next_append),
        RECALL(who_waits_when_the_log_stops_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
