/* SPDX-License-Identifier: Apache-2.0 */
/* test_follow.c - the tail of a topic comes while some loop wants it. */
#include "log/inner.h"
#include "support/log_rig.h"
#include "support/remote_log.h"
#include "unit/log/tests.h"

struct fixture {
    struct remote_log remote;
    struct hg_log_ops ops;
    struct log_rig rig;
    uint32_t topic;
    size_t n_lost;
    uint64_t lost_next;
};

static void on_tail(struct hg_loop *loop, struct hg_batch *batch, void *arg) {
    struct fixture *f = arg;
    (void)loop;
    if (batch->is_lost) {
        assert_int_equal(batch->n, 0);
        f->n_lost++;
        f->lost_next = batch->next;
    }
}

static int set_up(void **state) {
    struct fixture *f = hg_alloc(sizeof *f);
    remote_log_init(&f->remote);
    f->ops = remote_log_ops();
    struct hg_log_setup setup = {
        .driver = &f->ops, .open = fake_log_open(&f->remote.fake), .on_tail = on_tail, .arg = f};
    rig_start(&f->rig, &setup);
    f->topic = rig_topic(&f->rig, "t");
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

struct wish {
    struct fixture *f;
    struct hg_log_follower *follower;
    size_t n_done;
    int err;
};

static void on_done(void *arg, int err) {
    struct wish *w = arg;
    w->n_done++;
    w->err = err;
}

static void follow(struct fixture *f, struct wish *w) {
    *w = (struct wish){.f = f};
    assert_int_equal(hg_log_follow(f->rig.log, f->topic, on_done, w, &w->follower), 0);
}

static bool is_done(void *arg) {
    return ((struct wish *)arg)->n_done > 0;
}

static bool is_left(void *arg) {
    struct fixture *f = arg;
    return !remote_log_is_followed(&f->remote, f->topic);
}

static void write_one(struct fixture *f, const char *id) {
    remote_log_write(&f->remote, f->topic, 0, rig_event("/other", id, "x"));
}

static bool has_seen_two(void *arg) {
    return ((struct fixture *)arg)->rig.n_seen == 2;
}

static void the_first_begins_the_tail_and_the_last_ends_it(void **state) {
    struct fixture *f = *state;
    struct wish w[2];
    write_one(f, "1");
    follow(f, &w[0]);
    follow(f, &w[1]);
    rig_until(&f->rig, is_done, &w[0]);
    rig_until(&f->rig, is_done, &w[1]);
    assert_int_equal(w[0].err, 0);
    assert_int_equal(w[1].err, 0);
    struct hg_log_range range;
    hg_log_topic_range(f->rig.log, f->topic, 0, &range);
    assert_int_equal(range.next, 1); /* known before the answer */
    hg_log_unfollow(&w[0].follower);
    write_one(f, "2");
    write_one(f, "3");
    remote_log_pump(&f->remote);
    rig_until(&f->rig, has_seen_two, f);
    assert_string_equal(f->rig.seen[0].id, "2");
    hg_log_unfollow(&w[1].follower);
    rig_until(&f->rig, is_left, f);
    write_one(f, "4");
    remote_log_pump(&f->remote);
    hg_loop_turn(f->rig.loop, false);
    assert_int_equal(f->rig.n_seen, 2);
    assert_int_equal(atomic_load(&f->remote.n_follows), 1);
    assert_int_equal(atomic_load(&f->remote.n_unfollows), 1);
}

static void a_wish_that_fails_is_told_and_counts_for_nothing(void **state) {
    struct fixture *f = *state;
    struct wish w;
    atomic_store(&f->remote.follow_err, HG_EAGAIN);
    follow(f, &w);
    rig_until(&f->rig, is_done, &w);
    assert_int_equal(w.err, HG_EAGAIN);
    hg_log_unfollow(&w.follower);
    atomic_store(&f->remote.follow_err, 0);
    follow(f, &w);
    rig_until(&f->rig, is_done, &w);
    assert_int_equal(w.err, 0);
    hg_log_unfollow(&w.follower);
    rig_until(&f->rig, is_left, f);
    assert_int_equal(hg_log_follow(f->rig.log, 7, on_done, &w, &w.follower), HG_ENOENT);
}

static bool does_wait(void *arg) {
    return remote_log_waiting(arg) > 0;
}

static void who_leaves_before_the_answer_is_not_called(void **state) {
    struct fixture *f = *state;
    struct wish w[2];
    remote_log_hold(&f->remote, true);
    follow(f, &w[0]);
    rig_until(&f->rig, does_wait, &f->remote);
    hg_log_unfollow(&w[0].follower);
    remote_log_hold(&f->remote, false);
    follow(f, &w[1]);
    rig_until(&f->rig, is_done, &w[1]);
    assert_int_equal(w[0].n_done, 0);
    assert_int_equal(atomic_load(&f->remote.n_follows), 2);
    hg_log_unfollow(&w[1].follower);
    rig_until(&f->rig, is_left, f);
}

/* A loop that goes away asks and leaves, then the log is stopped. */
static void a_wish_may_be_on_its_way_when_the_log_is_stopped(void **state) {
    struct fixture *f = *state;
    struct wish w[3];
    struct hg_log_setup setup = f->rig.setup;
    for (int i = 0; i < 3; i++) {
        follow(f, &w[i]);
        hg_log_unfollow(&w[i].follower);
    }
    rig_stop(&f->rig);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(w[i].n_done, 0);
    }
    rig_start(&f->rig, &setup);
}

static bool is_lost(void *arg) {
    return ((struct fixture *)arg)->n_lost == 1;
}

static void what_is_cut_back_is_told_in_the_order_of_the_tail(void **state) {
    struct fixture *f = *state;
    struct wish w;
    struct hg_log_range range;
    follow(f, &w);
    rig_until(&f->rig, is_done, &w);
    write_one(f, "1");
    write_one(f, "2");
    remote_log_pump(&f->remote);
    remote_log_cut(&f->remote, f->topic, 0, 1);
    rig_until(&f->rig, is_lost, f);
    assert_int_equal(f->rig.n_seen, 2);
    assert_int_equal(f->lost_next, 1);
    hg_log_topic_range(f->rig.log, f->topic, 0, &range);
    assert_int_equal(range.next, 1);
    hg_log_unfollow(&w.follower);
    rig_until(&f->rig, is_left, f);
}

/* Two records are known of a topic that nobody follows any more. */
static void follow_for_two(struct fixture *f) {
    struct wish w;
    follow(f, &w);
    rig_until(&f->rig, is_done, &w);
    write_one(f, "1");
    write_one(f, "2");
    remote_log_pump(&f->remote);
    hg_log_unfollow(&w.follower);
    rig_until(&f->rig, is_left, f);
}

static void what_is_cut_back_while_nobody_looks_is_found_by_the_next(void **state) {
    struct fixture *f = *state;
    struct wish w;
    follow_for_two(f);
    remote_log_cut(&f->remote, f->topic, 0, 0);
    follow(f, &w);
    rig_until(&f->rig, is_done, &w);
    assert_int_equal(f->n_lost, 1); /* before the answer */
    assert_int_equal(f->lost_next, 0);
    hg_log_unfollow(&w.follower);
    rig_until(&f->rig, is_left, f);
}

static void what_an_open_transaction_hides_is_not_cut_back(void **state) {
    struct fixture *f = *state;
    struct wish w;
    follow_for_two(f);
    atomic_store(&f->remote.n_hidden, 2);
    follow(f, &w);
    rig_until(&f->rig, is_done, &w);
    assert_int_equal(w.err, 0);
    assert_int_equal(f->n_lost, 0);
    hg_log_unfollow(&w.follower);
    rig_until(&f->rig, is_left, f);
    remote_log_cut(&f->remote, f->topic, 0, 1); /* and what is, is */
    follow(f, &w);
    rig_until(&f->rig, is_done, &w);
    assert_int_equal(f->n_lost, 1);
    hg_log_unfollow(&w.follower);
    rig_until(&f->rig, is_left, f);
}

static void another_driver_needs_no_wish(void **state) {
    struct fixture *f = *state;
    assert_true(hg_log_is_tail_by_wish(f->rig.log));
    f->ops.caps &= ~(unsigned)HG_LOG_FOLLOW;
    assert_false(hg_log_is_tail_by_wish(f->rig.log));
    f->ops.caps |= HG_LOG_FOLLOW;
}

#define FOLLOW(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int test_follow(void) {
    const struct CMUnitTest tests[] = {
        FOLLOW(the_first_begins_the_tail_and_the_last_ends_it),
        FOLLOW(a_wish_that_fails_is_told_and_counts_for_nothing),
        FOLLOW(who_leaves_before_the_answer_is_not_called),
        FOLLOW(a_wish_may_be_on_its_way_when_the_log_is_stopped),
        FOLLOW(what_is_cut_back_is_told_in_the_order_of_the_tail),
        FOLLOW(what_is_cut_back_while_nobody_looks_is_found_by_the_next),
        FOLLOW(what_an_open_transaction_hides_is_not_cut_back),
        FOLLOW(another_driver_needs_no_wish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
