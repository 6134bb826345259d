/* SPDX-License-Identifier: Apache-2.0 */
/* test_log_thread.c - groups, waiting and holding, with a driver that answers
 * when the test says so. */
#include "log/inner.h"

#include <stdio.h>

#include "support/fake_log.h"
#include "support/log_rig.h"
#include "unit/log/tests.h"

struct fixture {
    struct fake_log fake;
    struct log_rig rig;
    uint32_t topic;
    int wanted; /* of the condition */
};

static int set_up_over(void **state, const struct hg_log_ops *driver) {
    struct fixture *f = hg_alloc(sizeof *f);
    fake_log_init(&f->fake);
    f->fake.is_manual = true;
    struct hg_log_setup setup = {.driver = driver,
                                 .open = fake_log_open(&f->fake),
                                 .dedup_window_ms = 60000,
                                 .dedup_max = 100};
    rig_start(&f->rig, &setup);
    f->topic = rig_topic(&f->rig, "t");
    *state = f;
    return 0;
}

static int set_up(void **state) {
    return set_up_over(state, &fake_log_ops);
}

static int set_up_parts(void **state) {
    return set_up_over(state, &fake_log_parts_ops);
}

static int set_up_remote(void **state) {
    static struct hg_log_ops ops;
    ops = fake_log_ops;
    ops.caps |= HG_LOG_REMOTE;
    return set_up_over(state, &ops);
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    rig_stop(&f->rig);
    fake_log_fini(&f->fake);
    hg_free(f);
    return 0;
}

static bool has_appends(void *arg) {
    struct fixture *f = arg;
    return atomic_load(&f->fake.appends) >= f->wanted;
}

/* The driver has got n appends since the start. */
static void until_appends(struct fixture *f, int n) {
    f->wanted = n;
    rig_until(&f->rig, has_appends, f);
}

static bool has_ticked(void *arg) {
    struct fixture *f = arg;
    return atomic_load(&f->fake.ticks) >= f->wanted;
}

static bool is_held(void *arg) {
    struct fixture *f = arg;
    return atomic_load(&f->fake.n_held) >= f->wanted;
}

static void until_held(struct fixture *f, int n) {
    f->wanted = n;
    rig_until(&f->rig, is_held, f);
}

static bool is_flushed(void *arg) {
    struct fixture *f = arg;
    return atomic_load(&f->fake.flushes) >= f->wanted;
}

static void send(struct fixture *f, struct rig_publish *p, const char *a, const char *b) {
    rig_begin(&f->rig, p);
    rig_add(p, f->topic, a, "x");
    if (b != NULL) {
        rig_add(p, f->topic, b, "x");
    }
    assert_int_equal(rig_send(p), 0);
}

static void a_copy_in_the_same_group_waits_and_is_stored_once(void **state) {
    struct fixture *f = *state;
    struct rig_publish first, copy;
    send(f, &first, "a", NULL);
    send(f, &copy, "a", NULL);
    until_held(f, 1);
    hg_loop_turn(f->rig.loop, false);
    assert_false(first.is_done);
    assert_false(copy.is_done);
    fake_log_answer(&f->fake, 1, 0);
    rig_wait(&first);
    rig_wait(&copy);
    assert_int_equal(first.items[0].stored, HG_STORED_NEW);
    assert_int_equal(copy.items[0].stored, HG_STORED_BEFORE);
    assert_int_equal(atomic_load(&f->fake.appends), 1);
    rig_end(&first);
    rig_end(&copy);
}

static void a_copy_is_appended_when_its_original_failed(void **state) {
    struct fixture *f = *state;
    struct rig_publish first, copy;
    send(f, &first, "a", NULL);
    send(f, &copy, "a", NULL);
    until_held(f, 1);
    fake_log_answer(&f->fake, 1, HG_EFULL);
    rig_wait(&first);
    assert_int_equal(first.err, HG_EFULL);
    until_held(f, 1);
    assert_false(copy.is_done);
    fake_log_answer(&f->fake, 1, 0);
    rig_wait(&copy);
    assert_int_equal(copy.err, 0);
    assert_int_equal(copy.items[0].stored, HG_STORED_NEW);
    rig_end(&first);
    rig_end(&copy);
}

/* {a}, {a b}, {c}: b must not be overtaken by c. */
static void order_is_kept_when_a_publish_has_to_wait(void **state) {
    struct fixture *f = *state;
    struct rig_publish p[3];
    send(f, &p[0], "a", NULL);
    send(f, &p[1], "b", "a");
    send(f, &p[2], "c", NULL);
    until_held(f, 1);
    assert_int_equal(atomic_load(&f->fake.appends), 1);
    fake_log_answer(&f->fake, 1, 0);
    until_held(f, 2);
    fake_log_answer(&f->fake, 2, 0);
    for (int i = 0; i < 3; i++) {
        rig_wait(&p[i]);
        assert_int_equal(p[i].err, 0);
        assert_int_equal(p[i].order, i);
        assert_true(p[i].items[0].position.offset == (uint64_t)i);
    }
    assert_int_equal(p[1].items[1].stored, HG_STORED_BEFORE);
    for (int i = 0; i < 3; i++) {
        rig_end(&p[i]);
    }
}

static void others_go_on_while_a_mere_copy_waits(void **state) {
    struct fixture *f = *state;
    struct rig_publish first, copy, other;
    send(f, &first, "a", NULL);
    send(f, &copy, "a", NULL);
    send(f, &other, "b", NULL);
    until_appends(f, 2);
    until_held(f, 2);
    fake_log_answer(&f->fake, 2, 0);
    rig_wait(&copy);
    rig_wait(&other);
    assert_int_equal(copy.items[0].stored, HG_STORED_BEFORE);
    rig_end(&first);
    rig_end(&copy);
    rig_end(&other);
}

static void many_that_wait_are_all_answered(void **state) {
    struct fixture *f = *state;
    enum { N = 300 };
    struct rig_publish *p = hg_alloc(N * sizeof *p);
    for (int i = 0; i < N; i++) {
        send(f, &p[i], i % 3 == 2 ? "b" : "a", i % 5 == 4 ? "c" : NULL);
    }
    bool is_over = false;
    while (!is_over) {
        hg_loop_turn(f->rig.loop, false);
        int held = atomic_load(&f->fake.n_held);
        if (held > 0) {
            fake_log_answer(&f->fake, (size_t)held, 0);
        }
        is_over = f->rig.n_done == N;
    }
    size_t n_new = 0;
    for (int i = 0; i < N; i++) {
        assert_int_equal(p[i].err, 0);
        for (size_t k = 0; k < p[i].p.n_items; k++) {
            n_new += p[i].items[k].stored == HG_STORED_NEW;
        }
        rig_end(&p[i]);
    }
    assert_int_equal(n_new, 3);
    hg_free(p);
}

static void what_comes_during_a_flush_becomes_one_group(void **state) {
    struct fixture *f = *state;
    enum { N = 500 };
    struct rig_publish *p = hg_alloc(N * sizeof *p);
    f->fake.is_manual = false;
    for (int i = 0; i < N; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "%d", i);
        send(f, &p[i], id, NULL);
    }
    for (int i = 0; i < N; i++) {
        rig_wait(&p[i]);
        assert_int_equal(p[i].order, i);
        assert_true(p[i].items[0].position.offset == (uint64_t)i);
        rig_end(&p[i]);
    }
    assert_true(atomic_load(&f->fake.flushes) <= N);
    assert_int_equal(f->rig.n_seen, N);
    hg_free(p);
}

/* It may hold back what is to be sent behind what is under way. */
static void a_driver_on_other_machines_is_flushed_after_answers(void **state) {
    struct fixture *f = *state;
    struct rig_publish p;
    send(f, &p, "a", NULL);
    until_held(f, 1);
    int before = atomic_load(&f->fake.flushes);
    fake_log_answer(&f->fake, 1, 0);
    rig_wait(&p);
    f->wanted = before + 1;
    rig_until(&f->rig, is_flushed, f);
    assert_int_equal(atomic_load(&f->fake.appends), 1);
    rig_end(&p);
}

static void doubt_reaches_the_publisher(void **state) {
    struct fixture *f = *state;
    struct rig_publish p;
    send(f, &p, "a", NULL);
    until_held(f, 1);
    fake_log_answer(&f->fake, 1, HG_EDOUBT);
    rig_wait(&p);
    assert_int_equal(p.err, HG_EDOUBT);
    assert_int_equal(p.items[0].stored, HG_STORED_DOUBT);
    rig_end(&p);
    f->fake.is_manual = false;
}

static void a_topic_can_be_opened_while_appends_are_on_their_way(void **state) {
    struct fixture *f = *state;
    struct rig_publish p;
    send(f, &p, "a", NULL);
    until_held(f, 1);
    assert_int_equal(rig_topic(&f->rig, "u"), 1);
    fake_log_answer(&f->fake, 1, 0);
    rig_wait(&p);
    rig_end(&p);
}

/* Completes what is held from a thread of its own, the newest first, each item
 * with a result that depends on where it stands. */
static void *answer_backwards(void *arg) {
    struct fixture *f = arg;
    for (int n = atomic_load(&f->fake.n_held); n > 0; n--) {
        static const int errs[][2] = {{0, HG_EIO}, {HG_EDOUBT, 0}, {0, 0}};
        fake_log_answer_items(&f->fake, (size_t)n - 1, errs[n % 3], 2);
    }
    return NULL;
}

static void a_driver_answers_late_in_parts_and_from_another_thread(void **state) {
    struct fixture *f = *state;
    enum { N = 60 };
    struct rig_publish *p = hg_alloc(N * sizeof *p);
    pthread_t answering;
    f->fake.is_tail_silent = true; /* nobody follows */
    for (int i = 0; i < N; i++) {
        char a[16], b[16];
        (void)snprintf(a, sizeof a, "a%d", i);
        (void)snprintf(b, sizeof b, "b%d", i);
        send(f, &p[i], a, b);
    }
    until_held(f, N);
    assert_int_equal(f->rig.n_done, 0);
    assert_int_equal(pthread_create(&answering, NULL, answer_backwards, f), 0);
    uint64_t highest = 0;
    for (int i = 0; i < N; i++) {
        static const int errs[] = {HG_EIO, HG_EDOUBT, 0};
        static const enum hg_stored stored[][2] = {{HG_STORED_NEW, HG_STORED_NOT},
                                                   {HG_STORED_DOUBT, HG_STORED_NEW},
                                                   {HG_STORED_NEW, HG_STORED_NEW}};
        int kind = (i + 1) % 3;
        rig_wait(&p[i]);
        assert_int_equal(p[i].err, errs[kind]);
        for (int k = 0; k < 2; k++) {
            assert_int_equal(p[i].items[k].stored, stored[kind][k]);
            if (stored[kind][k] == HG_STORED_NEW) {
                uint64_t offset = p[i].items[k].position.offset;
                highest = offset > highest ? offset : highest;
            }
        }
        rig_end(&p[i]);
    }
    assert_int_equal(pthread_join(answering, NULL), 0);
    struct hg_log_range range;
    hg_log_topic_range(f->rig.log, f->topic, 0, &range);
    assert_true(range.next == highest + 1); /* though no tail came */
    assert_int_equal(f->rig.n_seen, 0);
    hg_free(p);
}

static void sent_again_a_batch_stores_what_was_missing(void **state) {
    struct fixture *f = *state;
    struct rig_publish first, again;
    send(f, &first, "a", "b");
    until_held(f, 1);
    fake_log_answer_items(&f->fake, 0, (const int[]){0, HG_EAGAIN}, 2);
    rig_wait(&first);
    assert_int_equal(first.err, HG_EAGAIN);
    send(f, &again, "a", "b");
    until_held(f, 1);
    fake_log_answer_items(&f->fake, 0, (const int[]){0}, 1);
    rig_wait(&again);
    assert_int_equal(again.err, 0);
    assert_int_equal(again.items[0].stored, HG_STORED_BEFORE);
    assert_true(again.items[0].position.offset == first.items[0].position.offset);
    assert_int_equal(again.items[1].stored, HG_STORED_NEW);
    rig_end(&first);
    rig_end(&again);
}

static bool is_writable(void *arg) {
    return hg_log_is_writable(((struct fixture *)arg)->rig.log);
}

static bool is_not_writable(void *arg) {
    return !is_writable(arg);
}

/* One partition may be away, or the cluster: the driver is asked. */
static void that_one_publish_failed_says_nothing_of_the_log(void **state) {
    struct fixture *f = *state;
    struct rig_publish p;
    send(f, &p, "a", "b");
    until_held(f, 1);
    fake_log_answer_items(&f->fake, 0, (const int[]){HG_EIO, HG_EDOUBT}, 2);
    rig_wait(&p);
    assert_true(is_writable(f));
    until_appends(f, 2); /* the question */
    assert_true(is_writable(f));
    rig_end(&p);
}

static void a_log_that_stores_nothing_and_takes_nothing_is_not_writable(void **state) {
    struct fixture *f = *state;
    struct rig_publish p;
    atomic_store(&f->fake.fail_next, HG_EAGAIN); /* to who asks */
    send(f, &p, "a", NULL);
    until_held(f, 1);
    assert_true(is_writable(f));
    rig_until(&f->rig, is_not_writable, f);
    atomic_store(&f->fake.fail_next, 0);
    fake_log_answer_items(&f->fake, 0, (const int[]){0}, 1);
    rig_wait(&p);
    rig_until(&f->rig, is_writable, f);
    rig_end(&p);
    /* In quiet times nothing is in question, and nothing is asked. */
    f->wanted = atomic_load(&f->fake.ticks) + 3; /* the last question, if there was one more */
    rig_until(&f->rig, has_ticked, f);
    int asked = atomic_load(&f->fake.appends);
    f->wanted = atomic_load(&f->fake.ticks) + 2;
    rig_until(&f->rig, has_ticked, f);
    assert_true(is_writable(f));
    assert_int_equal(atomic_load(&f->fake.appends), asked);
}

#define THREAD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define REMOTE(test) cmocka_unit_test_setup_teardown(test, set_up_remote, tear_down)
#define PARTS(test) cmocka_unit_test_setup_teardown(test, set_up_parts, tear_down)

int test_log_thread(void) {
    const struct CMUnitTest tests[] = {
        THREAD(a_copy_in_the_same_group_waits_and_is_stored_once),
        THREAD(a_copy_is_appended_when_its_original_failed),
        THREAD(order_is_kept_when_a_publish_has_to_wait),
        THREAD(others_go_on_while_a_mere_copy_waits),
        THREAD(many_that_wait_are_all_answered),
        THREAD(what_comes_during_a_flush_becomes_one_group),
        REMOTE(a_driver_on_other_machines_is_flushed_after_answers),
        THREAD(doubt_reaches_the_publisher),
        THREAD(a_topic_can_be_opened_while_appends_are_on_their_way),
        PARTS(a_driver_answers_late_in_parts_and_from_another_thread),
        PARTS(sent_again_a_batch_stores_what_was_missing),
        PARTS(that_one_publish_failed_says_nothing_of_the_log),
        PARTS(a_log_that_stores_nothing_and_takes_nothing_is_not_writable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
