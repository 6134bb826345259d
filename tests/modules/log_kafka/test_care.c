/* SPDX-License-Identifier: Apache-2.0 */
/* test_care.c - a topic that was made again is lost, however long it is by the
 * time the tail looks, and nothing of the new one is passed over. */
#include <time.h>

#include "modules/log_kafka/seen.h"
#include "tail.h"

enum { WAIT_S = 60 };

static void open_followed(struct seen *s, struct other *o) {
    seen_open(s, o);
    assert_int_equal(seen_follow(s, true), 0);
}

static void wait_anchored(struct seen *s, uint64_t offset) {
    struct kafka_tail *t = ((struct kafka *)s->rig.state)->tail;
    const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
    for (int64_t end = kafka_mono_ms() + WAIT_S * 1000; kafka_mono_ms() < end;) {
        (void)pthread_mutex_lock(&t->lock);
        struct tail_anchor a = t->topics->parts[0].anchor;
        (void)pthread_mutex_unlock(&t->lock);
        if (a.is_there && a.offset == offset) {
            return;
        }
        (void)nanosleep(&pause, NULL);
    }
    fail_msg("the record at %llu is not known", (unsigned long long)offset);
}

static void put(struct other *o, unsigned n) {
    for (unsigned i = 0; i < n; i++) {
        other_put(o, 0, i, 0);
    }
    other_flush(o);
}

/* `before` records are there when it is followed, `shown` come then; made again it
 * has `again`. */
static void try_made_again(unsigned before, unsigned shown, unsigned again, bool is_at_once) {
    struct other o = {0};
    struct seen s;
    other_open(&o, NULL);
    other_make(&o, 1, NULL);
    put(&o, before);
    open_followed(&s, &o);
    put(&o, shown);
    seen_wait(&s, 0, shown > 0 ? before + shown : 0, 0);
    if (!is_at_once) {
        wait_anchored(&s, before + shown - 1);
    }
    other_delete(&o);
    other_make(&o, 1, NULL);
    put(&o, again);
    seen_wait(&s, 0, again, 1);
    assert_int_equal(s.lost_next, 0);
    assert_int_equal(s.first[0], 0);
    seen_close(&s);
    other_delete(&o);
    other_close(&o);
}

static void one_made_again_and_longer_is_had_from_its_first_record(void **state) {
    (void)state;
    try_made_again(0, 20, 50, false);
}

static void one_made_again_and_shorter_is_had_from_its_first_record(void **state) {
    (void)state;
    try_made_again(0, 20, 5, false);
}

static void one_of_which_nothing_was_given_yet_is_known_too(void **state) {
    (void)state;
    try_made_again(10, 0, 30, false);
}

/* Nobody has looked at it by then. */
static void one_made_again_at_once_is_had_from_its_first_record(void **state) {
    (void)state;
    try_made_again(0, 20, 50, true);
}

/* The consumer itself tells nothing: where it stands there are records. */
static void another_record_in_the_place_of_the_known_one_is_a_loss(void **state) {
    (void)state;
    struct other o = {0};
    struct seen s;
    other_open(&o, NULL);
    other_make(&o, 1, NULL);
    open_followed(&s, &o);
    put(&o, 20);
    seen_wait(&s, 0, 20, 0);
    wait_anchored(&s, 19);
    struct kafka_tail *t = ((struct kafka *)s.rig.state)->tail;
    (void)pthread_mutex_lock(&t->lock);
    struct tail_part *part = &t->topics->parts[0];
    part->anchor.time_ms -= 1000000; /* older than all that is there */
    part->last = part->anchor;
    (void)pthread_mutex_unlock(&t->lock);
    seen_wait(&s, 0, 20, 1);
    assert_int_equal(s.lost_next, 0);
    assert_int_equal(s.first[0], 0);
    wait_anchored(&s, 19);
    assert_int_equal(s.n_lost, 1);
    seen_close(&s);
    other_delete(&o);
    other_close(&o);
}

static void a_log_that_is_as_it_was_is_not_lost(void **state) {
    (void)state;
    struct other o = {0};
    struct seen s;
    other_open(&o, NULL);
    other_make(&o, 1, NULL);
    open_followed(&s, &o);
    for (unsigned i = 1; i <= 3; i++) {
        put(&o, 10);
        seen_wait(&s, 0, 10 * i, 0);
        wait_anchored(&s, 10 * i - 1);
    }
    other_trim(&o, 0, 30); /* the record that it is known by is gone */
    put(&o, 10);
    seen_wait(&s, 0, 40, 0);
    wait_anchored(&s, 39);
    assert_int_equal(s.n_lost, 0);
    seen_close(&s);
    other_delete(&o);
    other_close(&o);
}

int test_care(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_made_again_and_longer_is_had_from_its_first_record),
        cmocka_unit_test(one_made_again_and_shorter_is_had_from_its_first_record),
        cmocka_unit_test(one_of_which_nothing_was_given_yet_is_known_too),
        cmocka_unit_test(one_made_again_at_once_is_had_from_its_first_record),
        cmocka_unit_test(another_record_in_the_place_of_the_known_one_is_a_loss),
        cmocka_unit_test(a_log_that_is_as_it_was_is_not_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
