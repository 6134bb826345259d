/* SPDX-License-Identifier: Apache-2.0 */
/* seen.c - the upper side of a driver, as far as the tail goes. */
#include "modules/log_kafka/seen.h"

#include <time.h>

enum { WAIT_S = 60 };

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
    s->next[p] = 0;
    s->lost_next = next;
    s->n_lost++;
    (void)pthread_cond_broadcast(&s->more);
    (void)pthread_mutex_unlock(&s->lock);
}

void seen_open(struct seen *s, struct other *o) {
    *s = (struct seen){0};
    assert_int_equal(pthread_mutex_init(&s->lock, NULL), 0);
    assert_int_equal(pthread_cond_init(&s->more, NULL), 0);
    other_rig(o, &s->rig);
    s->rig.up.on_tail = on_tail;
    s->rig.up.on_lost = on_lost;
}

void seen_close(struct seen *s) {
    kafka_rig_close(&s->rig);
    assert_false(s->is_wrong);
    (void)pthread_cond_destroy(&s->more);
    (void)pthread_mutex_destroy(&s->lock);
}

int seen_follow(struct seen *s, bool is_wanted) {
    return s->rig.ops->follow(s->rig.state, 0, is_wanted);
}

void seen_wait(struct seen *s, uint32_t p, uint64_t next, unsigned n_lost) {
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
