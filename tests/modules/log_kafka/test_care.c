/* SPDX-License-Identifier: Apache-2.0 */
/* test_care.c - a topic that was made again is lost, however long it is by the
 * time the tail looks, and nothing of the new one is passed over. */
#include <time.h>

#include "modules/log_kafka/other.h"
#include "tail.h"

enum { WAIT_S = 60 };

/* What came up; rig.up is its first part. */
struct seen {
    struct kafka_rig rig;
    pthread_mutex_t lock;
    pthread_cond_t more;
    unsigned n_lost;
    uint64_t lost_next;
    uint64_t first, next; /* since the loss */
    bool is_begun, is_wrong;
};

static void on_tail(struct hg_log_up *up, uint32_t topic, uint32_t p,
                    const struct hg_record *records, size_t n) {
    struct seen *s = (struct seen *)up;
    (void)topic;
    (void)p;
    (void)pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < n; i++) {
        if (!s->is_begun) {
            s->is_begun = true;
            s->first = s->next = records[i].offset;
        }
        s->is_wrong = s->is_wrong || records[i].offset != s->next;
        s->next = records[i].offset + 1;
    }
    (void)pthread_cond_broadcast(&s->more);
    (void)pthread_mutex_unlock(&s->lock);
}

static void on_lost(struct hg_log_up *up, uint32_t topic, uint32_t p, uint64_t next) {
    struct seen *s = (struct seen *)up;
    (void)topic;
    (void)p;
    (void)pthread_mutex_lock(&s->lock);
    s->n_lost++;
    s->lost_next = next;
    s->next = 0;
    s->is_begun = false;
    (void)pthread_cond_broadcast(&s->more);
    (void)pthread_mutex_unlock(&s->lock);
}

static void open_seen(struct seen *s, struct other *o) {
    *s = (struct seen){0};
    assert_int_equal(pthread_mutex_init(&s->lock, NULL), 0);
    assert_int_equal(pthread_cond_init(&s->more, NULL), 0);
    other_rig(o, &s->rig);
    s->rig.up.on_tail = on_tail;
    s->rig.up.on_lost = on_lost;
    assert_int_equal(s->rig.ops->follow(s->rig.state, 0, true), 0);
}

static void close_seen(struct seen *s) {
    kafka_rig_close(&s->rig);
    assert_false(s->is_wrong);
    (void)pthread_cond_destroy(&s->more);
    (void)pthread_mutex_destroy(&s->lock);
}

static void wait_for(struct seen *s, uint64_t next, unsigned n_lost) {
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec += WAIT_S;
    (void)pthread_mutex_lock(&s->lock);
    while (s->next < next || s->n_lost < n_lost) {
        if (pthread_cond_timedwait(&s->more, &s->lock, &t) != 0) {
            fail_msg("at %llu of %llu, lost %u of %u", (unsigned long long)s->next,
                     (unsigned long long)next, s->n_lost, n_lost);
        }
    }
    (void)pthread_mutex_unlock(&s->lock);
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
    open_seen(&s, &o);
    put(&o, shown);
    wait_for(&s, shown > 0 ? before + shown : 0, 0);
    if (!is_at_once) {
        wait_anchored(&s, before + shown - 1);
    }
    other_delete(&o);
    other_make(&o, 1, NULL);
    put(&o, again);
    wait_for(&s, again, 1);
    assert_int_equal(s.lost_next, 0);
    assert_int_equal(s.first, 0);
    close_seen(&s);
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
    open_seen(&s, &o);
    put(&o, 20);
    wait_for(&s, 20, 0);
    wait_anchored(&s, 19);
    struct kafka_tail *t = ((struct kafka *)s.rig.state)->tail;
    (void)pthread_mutex_lock(&t->lock);
    struct tail_part *part = &t->topics->parts[0];
    part->anchor.time_ms -= 1000000; /* older than all that is there */
    part->last = part->anchor;
    (void)pthread_mutex_unlock(&t->lock);
    wait_for(&s, 20, 1);
    assert_int_equal(s.lost_next, 0);
    assert_int_equal(s.first, 0);
    wait_anchored(&s, 19);
    assert_int_equal(s.n_lost, 1);
    close_seen(&s);
    other_delete(&o);
    other_close(&o);
}

static void a_log_that_is_as_it_was_is_not_lost(void **state) {
    (void)state;
    struct other o = {0};
    struct seen s;
    other_open(&o, NULL);
    other_make(&o, 1, NULL);
    open_seen(&s, &o);
    for (unsigned i = 1; i <= 3; i++) {
        put(&o, 10);
        wait_for(&s, 10 * i, 0);
        wait_anchored(&s, 10 * i - 1);
    }
    other_trim(&o, 0, 30); /* the record that it is known by is gone */
    put(&o, 10);
    wait_for(&s, 40, 0);
    wait_anchored(&s, 39);
    assert_int_equal(s.n_lost, 0);
    close_seen(&s);
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
