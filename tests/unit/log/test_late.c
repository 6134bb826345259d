/* SPDX-License-Identifier: Apache-2.0 */
/* test_late.c - whoever publishes is answered in time, whatever the driver does. */
#include "log/late.h"

#include "base/counters.h"
#include "log/counters.h"
#include "log/inner.h"
#include "support/log_rig.h"
#include "support/remote_log.h"
#include "unit/log/tests.h"

enum { SOON_MS = 30, LONG_MS = 60000 };

struct fixture {
    struct remote_log remote;
    struct hg_log_ops ops;
    struct log_rig rig;
    uint32_t a, b;
};

static int set_up(void **state) {
    struct fixture *f = hg_alloc(sizeof *f);
    remote_log_init(&f->remote);
    f->remote.fake.is_manual = true;
    f->remote.fake.answer_ms = SOON_MS;
    f->ops = remote_log_ops();
    f->ops.caps = (f->ops.caps & ~(unsigned)HG_LOG_ATOMIC) | HG_LOG_LATE;
    struct hg_log_setup setup = {.driver = &f->ops,
                                 .open = fake_log_open(&f->remote.fake),
                                 .dedup_window_ms = 3600000,
                                 .dedup_max = 1000,
                                 .hide_ms = 600000,
                                 .hide_max = 100};
    rig_start(&f->rig, &setup);
    f->a = rig_topic(&f->rig, "a");
    f->b = rig_topic(&f->rig, "b");
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    if (f->rig.log != NULL) {
        rig_stop(&f->rig);
    }
    remote_log_fini(&f->remote);
    assert_int_equal(hg_counter_read(&hg_log_overdue), 0);
    hg_free(f);
    return 0;
}

static void send(struct fixture *f, struct rig_publish *p, uint32_t topic, const char *id) {
    rig_begin(&f->rig, p);
    rig_add(p, topic, id, "x");
    assert_int_equal(rig_send(p), 0);
}

struct held {
    struct fixture *f;
    int n;
};

static bool is_held(void *arg) {
    struct held *h = arg;
    return atomic_load(&h->f->remote.fake.n_held) == h->n;
}

static void wait_held(struct fixture *f, int n) {
    rig_until(&f->rig, is_held, &(struct held){f, n});
}

static int appends(struct fixture *f) {
    return atomic_load(&f->remote.fake.appends);
}

static void expect(struct rig_publish *p, int err, enum hg_stored stored) {
    rig_wait(p);
    assert_int_equal(p->err, err);
    assert_int_equal(p->items[0].stored, stored);
    rig_end(p);
}

/* An event of topic a that is in doubt; from now on publishers have patience. */
static void be_late(struct fixture *f, const char *id) {
    struct rig_publish p;
    send(f, &p, f->a, id);
    expect(&p, HG_EDOUBT, HG_STORED_DOUBT);
    f->rig.log->late.answer_ms = LONG_MS;
}

static void answer(struct fixture *f, int err) {
    fake_log_answer_items(&f->remote.fake, 0, &err, 1);
}

static bool has_waiter(void *arg) {
    struct fixture *f = arg;
    const struct hg_late *l = &f->rig.log->late;
    const struct hg_plan *plan = HG_CONTAINER(l->overdue.next, struct hg_plan, late);
    return plan->items[0].reservation.waiters != NULL;
}

static void the_same_id_waits_for_what_becomes_of_the_first(void **state) {
    struct fixture *f = *state;
    struct rig_publish again[2];
    be_late(f, "1");
    int before = appends(f);
    send(f, &again[0], f->a, "1");
    send(f, &again[1], f->a, "1");
    rig_until(&f->rig, has_waiter, f);
    assert_false(again[0].is_done);
    answer(f, 0);
    for (int i = 0; i < 2; i++) {
        rig_wait(&again[i]);
        assert_true(again[i].items[0].position.offset == 0);
        expect(&again[i], 0, HG_STORED_BEFORE);
    }
    assert_int_equal(appends(f), before);
}

static void what_was_not_stored_in_the_end_is_stored_by_who_waits(void **state) {
    struct fixture *f = *state;
    struct rig_publish again;
    be_late(f, "1");
    send(f, &again, f->a, "1");
    rig_until(&f->rig, has_waiter, f);
    answer(f, HG_EAGAIN);
    wait_held(f, 1);
    answer(f, 0);
    expect(&again, 0, HG_STORED_NEW);
}

static void who_waits_for_it_is_answered_in_time_too(void **state) {
    struct fixture *f = *state;
    struct rig_publish again;
    be_late(f, "1");
    f->rig.log->late.answer_ms = SOON_MS;
    for (int i = 0; i < 2; i++) {
        send(f, &again, f->a, "1");
        expect(&again, HG_EDOUBT, HG_STORED_DOUBT);
    }
    f->rig.log->late.answer_ms = LONG_MS;
    answer(f, 0);
    send(f, &again, f->a, "1");
    expect(&again, 0, HG_STORED_BEFORE);
}

static void nothing_new_goes_to_its_partition_meanwhile(void **state) {
    struct fixture *f = *state;
    struct rig_publish p;
    be_late(f, "1");
    send(f, &p, f->a, "2");
    expect(&p, HG_EAGAIN, HG_STORED_NOT);
    rig_begin(&f->rig, &p); /* it would hold up its topic */
    rig_add(&p, f->a, "1", "x");
    rig_add(&p, f->b, "2", "x");
    assert_int_equal(rig_send(&p), 0);
    rig_wait(&p);
    assert_int_equal(p.items[1].stored, HG_STORED_NOT);
    expect(&p, HG_EDOUBT, HG_STORED_DOUBT);
    send(f, &p, f->b, "3");
    wait_held(f, 2);
    fake_log_answer_items(&f->remote.fake, 1, (const int[]){0}, 1);
    expect(&p, 0, HG_STORED_NEW);
    answer(f, 0);
    send(f, &p, f->a, "2");
    wait_held(f, 1);
    answer(f, 0);
    rig_wait(&p);
    assert_true(p.items[0].position.offset == 1);
    expect(&p, 0, HG_STORED_NEW);
}

static void who_brings_something_new_does_not_wait_for_what_is_overdue(void **state) {
    struct fixture *f = *state;
    struct rig_publish first, mixed, behind;
    send(f, &first, f->a, "1");
    rig_begin(&f->rig, &mixed);
    rig_add(&mixed, f->a, "1", "x");
    rig_add(&mixed, f->b, "2", "x");
    assert_int_equal(rig_send(&mixed), 0);
    send(f, &behind, f->b, "3");
    expect(&first, HG_EDOUBT, HG_STORED_DOUBT);
    rig_wait(&mixed);
    assert_int_equal(mixed.items[1].stored, HG_STORED_NOT);
    expect(&mixed, HG_EDOUBT, HG_STORED_DOUBT);
    expect(&behind, HG_EDOUBT, HG_STORED_DOUBT); /* it was appended, and is late by itself */
    assert_int_equal(atomic_load(&f->remote.fake.n_held), 2);
}

static void what_was_told_is_answered_as_it_is(void **state) {
    struct fixture *f = *state;
    struct rig_publish p;
    rig_begin(&f->rig, &p);
    rig_add(&p, f->a, "1", "x");
    rig_add(&p, f->b, "2", "x");
    rig_add(&p, f->a, "1", "x");
    f->rig.log->late.answer_ms = 500;
    assert_int_equal(rig_send(&p), 0);
    wait_held(f, 1);
    fake_log_tell(&f->remote.fake, 0, 0);
    rig_wait(&p);
    assert_int_equal(p.items[1].stored, HG_STORED_DOUBT);
    assert_int_equal(p.items[2].stored, HG_STORED_BEFORE);
    expect(&p, HG_EDOUBT, HG_STORED_NEW);
    f->rig.log->late.answer_ms = LONG_MS;
    send(f, &p, f->a, "1");
    expect(&p, 0, HG_STORED_BEFORE);
    fake_log_tell(&f->remote.fake, 0, 1);
    fake_log_complete(&f->remote.fake, 0);
    send(f, &p, f->b, "2");
    expect(&p, 0, HG_STORED_BEFORE);
    assert_int_equal(f->remote.fake.topics[0].parts[0].n, 1);
    assert_int_equal(f->remote.fake.topics[1].parts[0].n, 1);
}

static void what_ends_in_doubt_is_looked_up(void **state) {
    struct fixture *f = *state;
    struct rig_publish p;
    struct hg_append_item item;
    be_late(f, "1");
    item = f->remote.fake.held->items[0]; /* the cluster has it, and never says so */
    fake_log_store(&f->remote.fake, &item);
    answer(f, HG_EDOUBT);
    send(f, &p, f->a, "1");
    expect(&p, 0, HG_STORED_BEFORE);
}

static size_t queued(struct fixture *f) {
    return atomic_load(&f->rig.log->admit.bytes);
}

static bool is_nothing_queued(void *arg) {
    return queued(arg) == 0;
}

static void what_is_overdue_counts_as_on_its_way(void **state) {
    struct fixture *f = *state;
    be_late(f, "1");
    assert_true(queued(f) > 0);
    assert_int_equal(hg_counter_read(&hg_log_overdue), 1);
    answer(f, 0);
    rig_until(&f->rig, is_nothing_queued, f);
}

static void a_stop_waits_for_nothing_that_is_overdue(void **state) {
    struct fixture *f = *state;
    struct rig_publish again;
    be_late(f, "1");
    send(f, &again, f->a, "1");
    rig_until(&f->rig, has_waiter, f);
    rig_stop(&f->rig);
    assert_true(again.is_done);
    assert_int_equal(again.err, HG_EDOUBT);
    rig_end(&again);
}

#define LATE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int test_late(void) {
    const struct CMUnitTest tests[] = {
        LATE(the_same_id_waits_for_what_becomes_of_the_first),
        LATE(what_was_not_stored_in_the_end_is_stored_by_who_waits),
        LATE(who_waits_for_it_is_answered_in_time_too),
        LATE(nothing_new_goes_to_its_partition_meanwhile),
        LATE(who_brings_something_new_does_not_wait_for_what_is_overdue),
        LATE(what_was_told_is_answered_as_it_is),
        LATE(what_ends_in_doubt_is_looked_up),
        LATE(what_is_overdue_counts_as_on_its_way),
        LATE(a_stop_waits_for_nothing_that_is_overdue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
