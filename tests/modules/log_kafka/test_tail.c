/* SPDX-License-Identifier: Apache-2.0 */
/* test_tail.c - what is followed comes whole and in order; what is cut back is
 * told. */
#include <stdlib.h>
#include <time.h>

#include "modules/log_kafka/other.h"
#include "tail.h"

enum { PARTITIONS = 3, MANY = 30000, WAIT_S = 30 };

/* What came up; rig.up is its first part. */
struct seen {
    struct kafka_rig rig;
    pthread_mutex_t lock;
    pthread_cond_t more;
    uint64_t first[PARTITIONS], next[PARTITIONS], n[PARTITIONS];
    bool is_begun[PARTITIONS], is_wrong;
    unsigned n_lost;
    uint64_t lost_next;
};

static void on_tail(struct hg_log_up *up, uint32_t topic, uint32_t p,
                    const struct hg_record *records, size_t n) {
    struct seen *s = (struct seen *)up;
    (void)pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < n; i++) {
        if (!s->is_begun[p]) {
            s->is_begun[p] = true;
            s->first[p] = s->next[p] = records[i].offset;
        }
        s->is_wrong = s->is_wrong || topic != 0 || records[i].offset != s->next[p] ||
                      records[i].event == NULL;
        s->next[p] = records[i].offset + 1;
        s->n[p]++;
    }
    (void)pthread_cond_broadcast(&s->more);
    (void)pthread_mutex_unlock(&s->lock);
}

static void on_lost(struct hg_log_up *up, uint32_t topic, uint32_t p, uint64_t next) {
    struct seen *s = (struct seen *)up;
    (void)pthread_mutex_lock(&s->lock);
    s->is_wrong = s->is_wrong || topic != 0;
    s->is_begun[p] = false;
    s->lost_next = next;
    s->n_lost++;
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
}

static void close_seen(struct seen *s) {
    kafka_rig_close(&s->rig);
    assert_false(s->is_wrong);
    (void)pthread_cond_destroy(&s->more);
    (void)pthread_mutex_destroy(&s->lock);
}

/* Until partition p has come to next, or something was lost. */
static void wait_for(struct seen *s, uint32_t p, uint64_t next, unsigned n_lost) {
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec += WAIT_S;
    (void)pthread_mutex_lock(&s->lock);
    while (s->next[p] < next || s->n_lost < n_lost) {
        if (pthread_cond_timedwait(&s->more, &s->lock, &t) != 0) {
            fail_msg("partition %u: at %llu of %llu, lost %u of %u", p,
                     (unsigned long long)s->next[p], (unsigned long long)next, s->n_lost, n_lost);
        }
    }
    (void)pthread_mutex_unlock(&s->lock);
}

static int follow(struct seen *s, bool is_wanted) {
    return s->rig.ops->follow(s->rig.state, 0, is_wanted);
}

static void what_others_write_comes_without_holes(void **state) {
    (void)state;
    struct other o = {0};
    struct seen s;
    struct hg_log_range range;
    other_open(&o, NULL);
    other_make(&o, PARTITIONS, NULL);
    for (unsigned i = 0; i < 300; i++) {
        other_put(&o, (int)(i % PARTITIONS), i, 0);
    }
    other_flush(&o);
    open_seen(&s, &o);
    for (unsigned i = 0; i < MANY; i++) { /* others write meanwhile */
        if (i == MANY / 2) {
            assert_int_equal(follow(&s, true), 0);
            assert_int_equal(s.rig.ops->describe(s.rig.state, 0, 0, &range), 0);
            assert_int_equal(follow(&s, true), 0); /* again: nothing */
        }
        other_put(&o, (int)(i % PARTITIONS), i, 0);
    }
    other_flush(&o);
    for (uint32_t p = 0; p < PARTITIONS; p++) {
        wait_for(&s, p, 100 + MANY / PARTITIONS, 0);
        assert_true(s.first[p] >= 100);
    }
    assert_true(s.first[0] <= range.next);
    assert_int_equal(s.n_lost, 0);
    close_seen(&s);
    other_delete(&o);
    other_close(&o);
}

static void what_is_not_followed_does_not_come(void **state) {
    (void)state;
    struct other o = {0};
    struct seen s;
    other_open(&o, NULL);
    other_make(&o, 1, NULL);
    open_seen(&s, &o);
    assert_int_equal(follow(&s, false), 0);
    assert_int_equal(follow(&s, true), 0);
    other_put(&o, 0, 0, 0);
    other_flush(&o);
    wait_for(&s, 0, 1, 0);
    assert_int_equal(follow(&s, false), 0);
    for (unsigned i = 1; i < 50; i++) {
        other_put(&o, 0, i, 0);
    }
    other_flush(&o);
    assert_int_equal(s.n[0], 1);
    s.is_begun[0] = false;
    assert_int_equal(follow(&s, true), 0);
    other_put(&o, 0, 50, 0);
    other_flush(&o);
    wait_for(&s, 0, 51, 0);
    assert_true(s.first[0] == 50 && s.n[0] == 2);
    close_seen(&s);
    other_delete(&o);
    other_close(&o);
}

static void listed(void *arg, const struct hg_log_topic *topic) {
    (void)arg;
    (void)topic;
}

static void new_partitions_come_from_their_first_record_and_old_ones_go_on(void **state) {
    (void)state;
    struct other o = {0};
    struct seen s;
    struct hg_log_range range;
    other_open(&o, NULL);
    other_make(&o, 1, NULL);
    other_put(&o, 0, 0, 0);
    other_flush(&o);
    open_seen(&s, &o);
    assert_int_equal(follow(&s, true), 0);
    other_put(&o, 0, 1, 0);
    other_flush(&o);
    wait_for(&s, 0, 2, 0);
    other_grow(&o, PARTITIONS);
    for (unsigned i = 0; i < 30; i++) {
        other_put(&o, (int)(i % PARTITIONS), i, 0);
    }
    other_flush(&o);
    do {
        assert_int_equal(s.rig.ops->list(s.rig.state, listed, NULL), 0);
        assert_int_equal(s.rig.ops->describe(s.rig.state, 0, 0, &range), 0);
    } while (range.partitions < PARTITIONS);
    assert_int_equal(follow(&s, true), 0);
    for (unsigned i = 0; i < 30; i++) {
        other_put(&o, (int)(i % PARTITIONS), i, 0);
    }
    other_flush(&o);
    for (uint32_t p = 0; p < PARTITIONS; p++) {
        wait_for(&s, p, p == 0 ? 22 : 20, 0);
        assert_int_equal(s.first[p], p == 0 ? 1 : 0);
    }
    assert_int_equal(s.n_lost, 0);
    close_seen(&s);
    other_delete(&o);
    other_close(&o);
}

static void a_topic_made_again_is_told_as_lost(void **state) {
    (void)state;
    struct other o = {0};
    struct seen s;
    other_open(&o, NULL);
    other_make(&o, 1, NULL);
    open_seen(&s, &o);
    assert_int_equal(follow(&s, true), 0);
    for (unsigned i = 0; i < 20; i++) {
        other_put(&o, 0, i, 0);
    }
    other_flush(&o);
    wait_for(&s, 0, 20, 0);
    other_delete(&o);
    other_make(&o, 1, NULL);
    wait_for(&s, 0, 20, 1);
    assert_true(s.lost_next == 0);
    s.next[0] = 0;
    for (unsigned i = 0; i < 5; i++) {
        other_put(&o, 0, i, 0);
    }
    other_flush(&o);
    wait_for(&s, 0, 5, 1);
    assert_true(s.first[0] == 0);
    close_seen(&s);
    other_delete(&o);
    other_close(&o);
}

static void one_that_hangs_is_left_after_ten_seconds_or_when_the_conf_says(void **state) {
    static const struct {
        const char *row;
        int64_t wanted;
    } cases[] = {{"", 10000}, {"kafka_property socket.timeout.ms 20000;", 20000}};
    (void)state;
    for (size_t i = 0; i < HG_COUNT(cases); i++) {
        struct kafka_rig rig;
        kafka_rig_open(&rig, cases[i].row);
        (void)kafka_rig_new_topic(&rig, 0);
        assert_int_equal(rig.ops->follow(rig.state, 0, true), 0);
        const struct kafka_tail *t = ((struct kafka *)rig.state)->tail;
        assert_int_equal(kafka_conf_number(rd_kafka_conf(t->rk), "socket.timeout.ms"),
                         cases[i].wanted);
        assert_int_equal(kafka_conf_number(rd_kafka_conf(t->care.rk), "socket.timeout.ms"),
                         cases[i].wanted);
        kafka_rig_close(&rig);
    }
}

int test_tail(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_others_write_comes_without_holes),
        cmocka_unit_test(what_is_not_followed_does_not_come),
        cmocka_unit_test(new_partitions_come_from_their_first_record_and_old_ones_go_on),
        cmocka_unit_test(a_topic_made_again_is_told_as_lost),
        cmocka_unit_test(one_that_hangs_is_left_after_ten_seconds_or_when_the_conf_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
