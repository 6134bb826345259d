/* SPDX-License-Identifier: Apache-2.0 */
/* test_judge.c - verdicts over publishes, without threads. */
#include "log/judge.h"

#include "base/counters.h"
#include "event/codec.h"
#include "log/counters.h"
#include "support/log_rig.h"
#include "unit/log/tests.h"

enum { ITEMS = 4 };

struct pub {
    struct hg_publish p;
    struct hg_publish_item items[ITEMS];
};

struct fixture {
    struct hg_judge judge;
    struct hg_topics *topics;
};

static int set_up(void **state) {
    struct fixture *f = hg_alloc(sizeof *f);
    struct hg_log_range range = {.epoch = 3, .partitions = 1};
    f->topics = hg_topics_new();
    assert_int_equal(hg_topics_add(f->topics, HG_SLICE("t"), 1, &range), 0);
    f->judge.topics = f->topics;
    assert_int_equal(hg_dedup_new(100, 60000, &f->judge.dedup), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    hg_dedup_free(&f->judge.dedup);
    hg_topics_free(&f->topics);
    hg_free(f);
    return 0;
}

static void begin(struct pub *p) {
    memset(p, 0, sizeof *p);
    p->p.items = p->items;
}

static struct hg_publish_item *add(struct pub *p, const char *id, const char *data) {
    struct hg_publish_item *item = &p->items[p->p.n_items++];
    item->event = rig_event("/judge", id, data);
    hg_event_digest(item->event, hg_log_digest_key(), item->digest);
    return item;
}

static void make(struct fixture *f, struct pub *p) {
    assert_int_equal(hg_plan_make(f->topics, &p->p), 0);
}

static enum hg_verdict judge(struct fixture *f, struct pub *p) {
    return hg_judge(&f->judge, &p->p, 10);
}

/* As a driver does, then settle. */
static struct hg_publish *settle(struct fixture *f, struct pub *p, int err, uint64_t offset) {
    for (size_t i = 0; i < p->p.plan->sending.append.n_items; i++) {
        p->p.plan->sending.append.items[i].record.offset = offset + i;
        p->p.plan->sending.append.items[i].record.log_time_ms = 1000;
    }
    return hg_judge_settle(&f->judge, &p->p, err, 10);
}

static void end(struct pub *p) {
    hg_plan_free(&p->p.plan);
    for (size_t i = 0; i < p->p.n_items; i++) {
        hg_event_unref(&p->items[i].event);
    }
}

static void only_what_is_new_is_appended(void **state) {
    struct fixture *f = *state;
    struct pub first, mixed;
    begin(&first);
    add(&first, "old", "x");
    make(f, &first);
    assert_int_equal(judge(f, &first), HG_VERDICT_APPEND);
    assert_null(settle(f, &first, 0, 40));
    begin(&mixed);
    add(&mixed, "old", "x");
    add(&mixed, "a", "x");
    add(&mixed, "b", "x");
    add(&mixed, "a", "x");
    make(f, &mixed);
    assert_int_equal(judge(f, &mixed), HG_VERDICT_APPEND);
    assert_int_equal(mixed.p.plan->sending.append.n_items, 2);
    assert_ptr_equal(mixed.p.plan->sending.append.items[0].record.event, mixed.items[1].event);
    assert_ptr_equal(mixed.p.plan->sending.append.items[1].record.event, mixed.items[2].event);
    assert_null(settle(f, &mixed, 0, 41));
    static const enum hg_stored stored[] = {HG_STORED_BEFORE, HG_STORED_NEW, HG_STORED_NEW,
                                            HG_STORED_BEFORE};
    static const uint64_t offsets[] = {40, 41, 42, 41};
    for (size_t i = 0; i < ITEMS; i++) {
        assert_int_equal(mixed.items[i].stored, stored[i]);
        assert_true(mixed.items[i].position.offset == offsets[i]);
        assert_int_equal(mixed.items[i].position.epoch, 3);
    }
    end(&first);
    end(&mixed);
}

static void what_is_to_be_whole_is_appended_so(void **state) {
    struct fixture *f = *state;
    struct pub p;
    for (int is_whole = 0; is_whole < 2; is_whole++) {
        begin(&p);
        add(&p, is_whole ? "a" : "b", "x");
        p.p.is_whole = is_whole;
        make(f, &p);
        assert_int_equal(judge(f, &p), HG_VERDICT_APPEND);
        assert_int_equal(p.p.plan->sending.append.is_whole, is_whole);
        assert_null(settle(f, &p, 0, 40));
        end(&p);
    }
}

static void one_id_with_two_contents_in_one_publish_is_a_conflict(void **state) {
    struct fixture *f = *state;
    struct pub p;
    begin(&p);
    add(&p, "a", "x");
    add(&p, "b", "x");
    add(&p, "a", "y");
    make(f, &p);
    assert_int_equal(judge(f, &p), HG_VERDICT_ANSWER);
    assert_int_equal(p.p.err, HG_ECONFLICT);
    assert_int_equal(p.p.at, 2);
    assert_int_equal(p.items[1].stored, HG_STORED_NOT);
    assert_int_equal(p.items[2].stored, HG_STORED_OTHER);
    /* Nothing stays reserved. */
    assert_null(hg_pending_find(&f->judge.pending, &p.p.plan->items[0].reservation.identity));
    assert_null(hg_pending_find(&f->judge.pending, &p.p.plan->items[1].reservation.identity));
    end(&p);
}

static void a_copy_waits_for_the_original(void **state) {
    struct fixture *f = *state;
    struct pub first, copy;
    begin(&first);
    add(&first, "a", "x");
    make(f, &first);
    begin(&copy);
    add(&copy, "a", "x");
    make(f, &copy);
    assert_int_equal(judge(f, &first), HG_VERDICT_APPEND);
    assert_int_equal(judge(f, &copy), HG_VERDICT_WAIT);
    assert_ptr_equal(settle(f, &first, 0, 5), &copy.p);
    assert_int_equal(judge(f, &copy), HG_VERDICT_ANSWER);
    assert_int_equal(copy.p.err, 0);
    assert_int_equal(copy.items[0].stored, HG_STORED_BEFORE);
    assert_true(copy.items[0].position.offset == 5);
    end(&first);
    end(&copy);
}

static void when_the_original_fails_the_copy_takes_its_place(void **state) {
    struct fixture *f = *state;
    struct pub first, copy;
    begin(&first);
    add(&first, "a", "x");
    make(f, &first);
    begin(&copy);
    add(&copy, "a", "other content"); /* whatever: the first was never there */
    make(f, &copy);
    assert_int_equal(judge(f, &first), HG_VERDICT_APPEND);
    assert_int_equal(judge(f, &copy), HG_VERDICT_WAIT);
    assert_ptr_equal(settle(f, &first, HG_EFULL, 0), &copy.p);
    assert_int_equal(first.items[0].stored, HG_STORED_NOT);
    assert_int_equal(judge(f, &copy), HG_VERDICT_APPEND);
    assert_null(settle(f, &copy, 0, 0));
    assert_int_equal(copy.items[0].stored, HG_STORED_NEW);
    end(&first);
    end(&copy);
}

static void another_content_under_a_pending_id_conflicts_once_that_is_stored(void **state) {
    struct fixture *f = *state;
    struct pub first, other;
    begin(&first);
    add(&first, "a", "x");
    make(f, &first);
    begin(&other);
    add(&other, "a", "y");
    make(f, &other);
    assert_int_equal(judge(f, &first), HG_VERDICT_APPEND);
    assert_int_equal(judge(f, &other), HG_VERDICT_WAIT);
    assert_ptr_equal(settle(f, &first, 0, 5), &other.p);
    assert_int_equal(judge(f, &other), HG_VERDICT_ANSWER);
    assert_int_equal(other.p.err, HG_ECONFLICT);
    end(&first);
    end(&other);
}

static void a_publish_with_something_new_is_held(void **state) {
    struct fixture *f = *state;
    struct pub first, mixed;
    begin(&first);
    add(&first, "a", "x");
    make(f, &first);
    begin(&mixed);
    add(&mixed, "b", "x");
    add(&mixed, "a", "x");
    make(f, &mixed);
    assert_int_equal(judge(f, &first), HG_VERDICT_APPEND);
    assert_int_equal(judge(f, &mixed), HG_VERDICT_HOLD);
    /* It has reserved nothing that others could wait for. */
    assert_null(hg_pending_find(&f->judge.pending, &mixed.p.plan->items[0].reservation.identity));
    assert_ptr_equal(settle(f, &first, 0, 0), &mixed.p);
    assert_int_equal(judge(f, &mixed), HG_VERDICT_APPEND);
    assert_int_equal(mixed.p.plan->sending.append.n_items, 1);
    assert_ptr_equal(mixed.p.plan->sending.append.items[0].record.event, mixed.items[0].event);
    assert_null(settle(f, &mixed, 0, 1));
    assert_int_equal(mixed.items[1].stored, HG_STORED_BEFORE);
    end(&first);
    end(&mixed);
}

static void doubt_is_told_and_leaves_the_id_free(void **state) {
    struct fixture *f = *state;
    struct pub p;
    begin(&p);
    add(&p, "a", "x");
    add(&p, "a", "x");
    make(f, &p);
    assert_int_equal(judge(f, &p), HG_VERDICT_APPEND);
    assert_null(settle(f, &p, HG_EDOUBT, 0));
    assert_int_equal(p.items[0].stored, HG_STORED_DOUBT);
    assert_int_equal(p.items[1].stored, HG_STORED_DOUBT);
    assert_int_equal(judge(f, &p), HG_VERDICT_APPEND);
    assert_null(settle(f, &p, 0, 0));
    end(&p);
}

static void without_dedup_everything_is_new(void **state) {
    struct fixture *f = *state;
    struct pub p;
    hg_dedup_free(&f->judge.dedup);
    begin(&p);
    add(&p, "a", "x");
    add(&p, "a", "y");
    make(f, &p);
    assert_int_equal(judge(f, &p), HG_VERDICT_APPEND);
    assert_int_equal(p.p.plan->sending.append.n_items, 2);
    assert_null(settle(f, &p, 0, 0));
    assert_int_equal(p.items[1].stored, HG_STORED_NEW);
    end(&p);
}

static void items_can_leave_dedup_out(void **state) {
    struct fixture *f = *state;
    struct pub p;
    begin(&p);
    add(&p, "a", "x")->is_dedup_off = true;
    add(&p, "a", "y")->is_dedup_off = true;
    add(&p, "a", "z");
    struct hg_publish_item *tombstone = add(&p, "gone", "x");
    hg_event_unref(&tombstone->event);
    make(f, &p);
    assert_int_equal(judge(f, &p), HG_VERDICT_APPEND);
    assert_int_equal(p.p.plan->sending.append.n_items, 4);
    assert_null(settle(f, &p, 0, 0));
    assert_int_equal(hg_dedup_count(f->judge.dedup), 1);
    end(&p);
}

static void an_unexpected_position_names_its_item(void **state) {
    struct fixture *f = *state;
    struct pub p;
    begin(&p);
    add(&p, "a", "x");
    add(&p, "b", "x")->has_expected = true;
    make(f, &p);
    assert_int_equal(judge(f, &p), HG_VERDICT_APPEND);
    p.p.plan->sending.append.refused = 1;
    assert_null(settle(f, &p, HG_ECONFLICT, 0));
    assert_int_equal(p.p.at, 1);
    end(&p);
}

/* The driver counts what it was given, the publisher what he sent. */
static void a_refused_item_is_named_as_the_publisher_counts(void **state) {
    struct fixture *f = *state;
    struct pub before, p;
    begin(&before);
    add(&before, "a", "x");
    make(f, &before);
    assert_int_equal(judge(f, &before), HG_VERDICT_APPEND);
    assert_null(settle(f, &before, 0, 0));
    end(&before);
    begin(&p);
    add(&p, "a", "x"); /* stored */
    add(&p, "b", "x");
    add(&p, "b", "x"); /* the same */
    add(&p, "c", "x");
    make(f, &p);
    assert_int_equal(judge(f, &p), HG_VERDICT_APPEND);
    assert_int_equal(p.p.plan->sending.append.n_items, 2);
    p.p.plan->sending.append.refused = 1;
    assert_null(settle(f, &p, HG_EINVAL, 0));
    assert_int_equal(p.p.at, 3);
    end(&p);
}

static void a_driver_that_names_no_item_is_not_made_to(void **state) {
    struct fixture *f = *state;
    struct pub p;
    begin(&p);
    add(&p, "a", "x");
    make(f, &p);
    p.p.plan->sending.append.refused = 0; /* of another time */
    assert_int_equal(judge(f, &p), HG_VERDICT_APPEND);
    assert_null(settle(f, &p, HG_E2BIG, 0));
    assert_true(p.p.at == SIZE_MAX);
    end(&p);
}

/* As a driver that is not atomic: a result for each item that it was given. */
static struct hg_publish *settle_parts(struct fixture *f, struct pub *p, const int *errs,
                                       uint64_t offset) {
    for (size_t i = 0; i < p->p.plan->sending.append.n_items; i++) {
        p->p.plan->sending.append.items[i].err = errs[i];
        p->p.plan->sending.append.items[i].record.offset = errs[i] == 0 ? offset++ : 77;
        p->p.plan->sending.append.items[i].record.log_time_ms = 1000;
    }
    return hg_judge_settle(&f->judge, &p->p, HG_EIO,
                           10); /* what it says of the whole is not asked */
}

static void each_item_has_its_own_result(void **state) {
    struct fixture *f = *state;
    static const int errs[] = {0, HG_EIO, HG_EDOUBT};
    static const enum hg_stored stored[] = {HG_STORED_NEW, HG_STORED_NOT, HG_STORED_DOUBT,
                                            HG_STORED_NOT};
    struct pub p;
    f->judge.is_by_item = true;
    begin(&p);
    add(&p, "a", "x");
    add(&p, "b", "x");
    add(&p, "c", "x");
    add(&p, "b", "x"); /* follows its original */
    make(f, &p);
    assert_int_equal(judge(f, &p), HG_VERDICT_APPEND);
    assert_null(settle_parts(f, &p, errs, 5));
    for (size_t i = 0; i < ITEMS; i++) {
        assert_int_equal(p.items[i].stored, stored[i]);
        assert_null(hg_pending_find(&f->judge.pending, &p.p.plan->items[i].reservation.identity));
    }
    assert_int_equal(p.p.err, HG_EDOUBT);
    assert_true(p.p.at == SIZE_MAX);
    assert_true(p.items[0].position.offset == 5);
    assert_int_equal(hg_dedup_count(f->judge.dedup), 1);
    /* Sent again only what is missing is appended. */
    assert_int_equal(judge(f, &p), HG_VERDICT_APPEND);
    assert_int_equal(p.p.plan->sending.append.n_items, 2);
    assert_null(settle_parts(f, &p, (const int[]){0, 0}, 6));
    static const enum hg_stored then[] = {HG_STORED_BEFORE, HG_STORED_NEW, HG_STORED_NEW,
                                          HG_STORED_BEFORE};
    static const uint64_t offsets[] = {5, 6, 7, 6};
    for (size_t i = 0; i < ITEMS; i++) {
        assert_int_equal(p.items[i].stored, then[i]);
        assert_true(p.items[i].position.offset == offsets[i]);
    }
    assert_int_equal(p.p.err, 0);
    assert_int_equal(p.p.at, 0);
    end(&p);
}

static void of_several_failures_the_first_is_told(void **state) {
    struct fixture *f = *state;
    struct pub p;
    f->judge.is_by_item = true;
    begin(&p);
    add(&p, "a", "x");
    add(&p, "b", "x");
    add(&p, "c", "x");
    make(f, &p);
    assert_int_equal(judge(f, &p), HG_VERDICT_APPEND);
    assert_null(settle_parts(f, &p, (const int[]){0, HG_E2BIG, HG_EIO}, 0));
    assert_int_equal(p.p.err, HG_E2BIG);
    assert_int_equal(p.p.at, 1);
    assert_int_equal(judge(f, &p), HG_VERDICT_APPEND);
    assert_null(settle_parts(f, &p, (const int[]){HG_EAGAIN, HG_E2BIG}, 0));
    assert_int_equal(p.p.err, HG_EAGAIN);
    assert_true(p.p.at == SIZE_MAX); /* nothing is wrong with the event */
    end(&p);
}

static void an_item_that_the_driver_forgot_is_in_doubt(void **state) {
    struct fixture *f = *state;
    struct pub p;
    f->judge.is_by_item = true;
    begin(&p);
    add(&p, "a", "x");
    make(f, &p);
    assert_int_equal(judge(f, &p), HG_VERDICT_APPEND);
    assert_null(hg_judge_settle(&f->judge, &p.p, 0, 10));
    assert_int_equal(p.p.err, HG_EDOUBT);
    assert_int_equal(p.items[0].stored, HG_STORED_DOUBT);
    end(&p);
}

/* All of them are refused for the one that the driver names. */
static void of_many_that_failed_alike_the_one_at_fault_is_named(void **state) {
    struct fixture *f = *state;
    struct pub p;
    f->judge.is_by_item = true;
    begin(&p);
    add(&p, "a", "x");
    add(&p, "b", "x");
    add(&p, "c", "x");
    make(f, &p);
    assert_int_equal(judge(f, &p), HG_VERDICT_APPEND);
    p.p.plan->sending.append.refused = 1;
    assert_null(settle_parts(f, &p, (const int[]){HG_EINVAL, HG_EINVAL, HG_EINVAL}, 0));
    assert_int_equal(p.p.err, HG_EINVAL);
    assert_int_equal(p.p.at, 1);
    end(&p);
}

static void what_never_came_to_the_driver_has_one_result(void **state) {
    struct fixture *f = *state;
    struct pub p;
    f->judge.is_by_item = true;
    begin(&p);
    add(&p, "a", "x");
    add(&p, "b", "x");
    make(f, &p);
    assert_int_equal(judge(f, &p), HG_VERDICT_APPEND);
    p.p.plan->sending.append.refused = 1;
    assert_null(hg_judge_refuse(&f->judge, &p.p, HG_ECONFLICT, 10));
    assert_int_equal(p.p.err, HG_ECONFLICT);
    assert_int_equal(p.p.at, 1);
    assert_int_equal(p.items[0].stored, HG_STORED_NOT);
    end(&p);
}

static void who_waited_for_any_item_is_given_back(void **state) {
    struct fixture *f = *state;
    struct pub first, of_a, of_b;
    f->judge.is_by_item = true;
    begin(&first);
    add(&first, "a", "x");
    add(&first, "b", "x");
    make(f, &first);
    begin(&of_a);
    add(&of_a, "a", "x");
    make(f, &of_a);
    begin(&of_b);
    add(&of_b, "b", "x");
    make(f, &of_b);
    assert_int_equal(judge(f, &first), HG_VERDICT_APPEND);
    assert_int_equal(judge(f, &of_b), HG_VERDICT_WAIT);
    assert_int_equal(judge(f, &of_a), HG_VERDICT_WAIT);
    struct hg_publish *waiters = settle_parts(f, &first, (const int[]){0, HG_EAGAIN}, 3);
    assert_ptr_equal(waiters, &of_a.p);
    assert_ptr_equal(waiters->next, &of_b.p);
    assert_null(waiters->next->next);
    assert_int_equal(judge(f, &of_a), HG_VERDICT_ANSWER); /* stored */
    assert_int_equal(judge(f, &of_b), HG_VERDICT_APPEND); /* takes the place */
    assert_null(settle_parts(f, &of_b, (const int[]){0}, 4));
    end(&first);
    end(&of_a);
    end(&of_b);
}

/* next of the topic is not behind what was acknowledged, whenever the tail comes. */
static void with_a_tail_that_comes_later_next_is_known_at_once(void **state) {
    struct fixture *f = *state;
    const struct hg_topic *topic = hg_topics_get(f->topics, 0);
    struct pub p;
    f->judge.is_by_item = f->judge.is_tail_late = true;
    begin(&p);
    add(&p, "a", "x");
    add(&p, "b", "x");
    make(f, &p);
    assert_int_equal(judge(f, &p), HG_VERDICT_APPEND);
    assert_null(settle_parts(f, &p, (const int[]){0, HG_EDOUBT}, 5));
    assert_true(atomic_load(&hg_topic_part(topic, 0)->next) == 6);
    assert_true(hg_topic_part(topic, 0)->known_next == 6);
    end(&p);
}

struct counts {
    int64_t stored, before, conflict, failed;
};

static struct counts counts_now(void) {
    return (struct counts){
        .stored = hg_counter_read(&hg_log_events_stored),
        .before = hg_counter_read(&hg_log_events_duplicate),
        .conflict = hg_counter_read(&hg_log_events_conflict),
        .failed = hg_counter_read(&hg_log_events_failed),
    };
}

static void each_event_is_counted_by_its_own_result(void **state) {
    struct fixture *f = *state;
    struct pub p;
    f->judge.is_by_item = true;
    begin(&p);
    add(&p, "a", "x");
    add(&p, "a", "x");
    add(&p, "b", "x");
    add(&p, "c", "x");
    make(f, &p);
    struct counts then = counts_now();
    assert_int_equal(judge(f, &p), HG_VERDICT_APPEND);
    assert_null(settle_parts(f, &p, (const int[]){0, HG_ECONFLICT, HG_EDOUBT}, 0));
    struct counts now = counts_now();
    assert_int_equal(now.stored - then.stored, 1);
    assert_int_equal(now.before - then.before, 1);
    assert_int_equal(now.conflict - then.conflict, 1);
    assert_int_equal(now.failed - then.failed, 1);
    end(&p);
}

#define JUDGE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int test_judge(void) {
    const struct CMUnitTest tests[] = {
        JUDGE(only_what_is_new_is_appended),
        JUDGE(what_is_to_be_whole_is_appended_so),
        JUDGE(one_id_with_two_contents_in_one_publish_is_a_conflict),
        JUDGE(a_copy_waits_for_the_original),
        JUDGE(when_the_original_fails_the_copy_takes_its_place),
        JUDGE(another_content_under_a_pending_id_conflicts_once_that_is_stored),
        JUDGE(a_publish_with_something_new_is_held),
        JUDGE(doubt_is_told_and_leaves_the_id_free),
        JUDGE(without_dedup_everything_is_new),
        JUDGE(items_can_leave_dedup_out),
        JUDGE(an_unexpected_position_names_its_item),
        JUDGE(a_refused_item_is_named_as_the_publisher_counts),
        JUDGE(a_driver_that_names_no_item_is_not_made_to),
        JUDGE(each_item_has_its_own_result),
        JUDGE(of_several_failures_the_first_is_told),
        JUDGE(an_item_that_the_driver_forgot_is_in_doubt),
        JUDGE(of_many_that_failed_alike_the_one_at_fault_is_named),
        JUDGE(what_never_came_to_the_driver_has_one_result),
        JUDGE(who_waited_for_any_item_is_given_back),
        JUDGE(with_a_tail_that_comes_later_next_is_known_at_once),
        JUDGE(each_event_is_counted_by_its_own_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
