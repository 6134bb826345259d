/* SPDX-License-Identifier: Apache-2.0 */
/* remote_log.c - the driver in memory behind a network that a test holds up. */
#include "support/remote_log.h"

#include <stdio.h>
#include <string.h>

static void lock(struct remote_log *r) {
    int rc = pthread_mutex_lock(&r->lock);
    HG_ASSERT(rc == 0);
}

static void unlock(struct remote_log *r) {
    int rc = pthread_mutex_unlock(&r->lock);
    HG_ASSERT(rc == 0);
}

void remote_log_init(struct remote_log *r) {
    memset(r, 0, sizeof *r);
    fake_log_init(&r->fake);
    r->fake.is_tail_silent = true;
    int rc = pthread_mutex_init(&r->lock, NULL);
    HG_ASSERT(rc == 0);
    rc = pthread_cond_init(&r->go, NULL);
    HG_ASSERT(rc == 0);
}

void remote_log_fini(struct remote_log *r) {
    (void)pthread_cond_destroy(&r->go);
    (void)pthread_mutex_destroy(&r->lock);
    fake_log_fini(&r->fake);
}

void remote_log_hold(struct remote_log *r, bool is_held) {
    lock(r);
    r->is_held = is_held;
    (void)pthread_cond_broadcast(&r->go);
    unlock(r);
}

void remote_log_hold_reads(struct remote_log *r, uint32_t topic, bool is_held) {
    lock(r);
    r->is_read_held[topic] = is_held;
    (void)pthread_cond_broadcast(&r->go);
    unlock(r);
}

size_t remote_log_reading(struct remote_log *r) {
    lock(r);
    size_t n = r->n_reading;
    unlock(r);
    return n;
}

static int wait_to_read(struct remote_log *r, uint32_t topic) {
    lock(r);
    r->read_by = pthread_self();
    r->n_reading++;
    while (r->is_read_held[topic]) {
        int rc = pthread_cond_wait(&r->go, &r->lock);
        HG_ASSERT(rc == 0);
    }
    r->n_reading--;
    unlock(r);
    atomic_fetch_add(&r->n_reads, 1);
    return atomic_load(&r->read_err);
}

static int on_read(void *state, const struct hg_log_read *want, struct hg_records *out) {
    int err = wait_to_read(state, want->topic);
    return err != 0 ? err : fake_log_ops.read(state, want, out);
}

static int on_seek(void *state, uint32_t topic, uint32_t partition, int64_t time_ms,
                   uint64_t *ret_offset) {
    int err = wait_to_read(state, topic);
    return err != 0 ? err : fake_log_ops.seek(state, topic, partition, time_ms, ret_offset);
}

size_t remote_log_waiting(struct remote_log *r) {
    lock(r);
    size_t n = r->n_waiting;
    unlock(r);
    return n;
}

/* A question is asked, and waits while the test says so. */
static void ask(struct remote_log *r) {
    lock(r);
    r->asked = pthread_self();
    r->n_asked++;
    r->n_waiting++;
    while (r->is_held) {
        int rc = pthread_cond_wait(&r->go, &r->lock);
        HG_ASSERT(rc == 0);
    }
    r->n_waiting--;
    unlock(r);
}

static int on_topic_open(void *state, const struct hg_log_topic *topic, struct hg_why *why) {
    struct remote_log *r = state;
    ask(r);
    atomic_fetch_add(&r->n_opens, 1);
    return fake_log_ops.topic_open(state, topic, why);
}

static int on_describe(void *state, uint32_t topic, uint32_t partition, struct hg_log_range *ret) {
    unsigned n_hidden = atomic_load(&((struct remote_log *)state)->n_hidden);
    ask(state);
    int err = fake_log_ops.describe(state, topic, partition, ret);
    if (err == 0) {
        ret->next -= ret->next - ret->first < n_hidden ? ret->next - ret->first : n_hidden;
    }
    return err;
}

static int on_end(void *state, uint32_t topic, uint32_t partition, uint64_t *ret_next) {
    struct hg_log_range range;
    ask(state);
    int err = fake_log_ops.describe(state, topic, partition, &range);
    *ret_next = range.next;
    return err;
}

static int on_list(void *state, hg_log_topic_fn fn, void *arg) {
    const struct remote_log *r = state;
    ask(state);
    for (size_t i = 0; i < r->n_foreign; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "foreign.%zu", i);
        fn(arg, &(struct hg_log_topic){.name = hg_slice_of(name), .partitions = 1});
    }
    return fake_log_ops.list(state, fn, arg);
}

static struct fake_topic *topic_of(struct remote_log *r, uint32_t topic) {
    return &r->fake.topics[r->fake.ids[topic]];
}

static int on_follow(void *state, uint32_t topic, bool is_wanted) {
    struct remote_log *r = state;
    ask(r);
    int err = is_wanted ? atomic_load(&r->follow_err) : 0;
    if (err != 0) {
        return err;
    }
    lock(r);
    HG_ASSERT(is_wanted || r->is_followed[topic]);
    pthread_mutex_lock(&r->fake.lock);
    const struct fake_topic *t = topic_of(r, topic);
    uint32_t p = r->is_followed[topic] ? r->n_followed[topic] : 0;
    for (; p < t->partitions; p++) {
        r->tail_at[topic][p] = r->is_followed[topic] ? t->parts[p].first : t->parts[p].n;
    }
    r->n_followed[topic] = t->partitions;
    r->is_followed[topic] = is_wanted;
    pthread_mutex_unlock(&r->fake.lock);
    unlock(r);
    atomic_fetch_add(is_wanted ? &r->n_follows : &r->n_unfollows, 1);
    return 0;
}

bool remote_log_is_followed(struct remote_log *r, uint32_t topic) {
    lock(r);
    bool is_followed = r->is_followed[topic];
    unlock(r);
    return is_followed;
}

void remote_log_write(struct remote_log *r, uint32_t topic, uint32_t partition,
                      struct hg_event *event) {
    fake_log_store(&r->fake, &(struct hg_append_item){.topic = topic,
                                                      .partition = partition,
                                                      .record = {.event = event}});
    hg_event_unref(&event);
}

/* What the tail owes of a partition, at most as much as fits; with references. */
static size_t take(struct remote_log *r, uint32_t topic, uint32_t partition,
                   struct hg_record records[], size_t max) {
    size_t n = 0;
    lock(r);
    if (r->is_followed[topic] && partition < r->n_followed[topic]) {
        pthread_mutex_lock(&r->fake.lock);
        const struct fake_part *part = &topic_of(r, topic)->parts[partition];
        uint64_t *at = &r->tail_at[topic][partition];
        for (; n < max && *at < part->n; (*at)++) {
            if (part->records[*at].event != NULL) {
                records[n] = part->records[*at];
                (void)hg_event_ref(records[n++].event);
            }
        }
        pthread_mutex_unlock(&r->fake.lock);
    }
    unlock(r);
    return n;
}

static void pump_part(struct remote_log *r, uint32_t topic, uint32_t partition) {
    struct hg_record records[16];
    size_t n;
    while ((n = take(r, topic, partition, records, HG_COUNT(records))) > 0) {
        hg_log_tail(r->fake.up, topic, partition, records, n);
        for (size_t i = 0; i < n; i++) {
            hg_event_unref(&records[i].event);
        }
    }
}

void remote_log_pump(struct remote_log *r) {
    for (uint32_t t = 0; t < FAKE_TOPICS; t++) {
        for (uint32_t p = 0; p < FAKE_PARTITIONS; p++) {
            pump_part(r, t, p);
        }
    }
}

void remote_log_grow(struct remote_log *r, uint32_t topic, uint32_t partitions) {
    HG_ASSERT(partitions <= FAKE_PARTITIONS);
    pthread_mutex_lock(&r->fake.lock);
    topic_of(r, topic)->partitions = partitions;
    pthread_mutex_unlock(&r->fake.lock);
}

void remote_log_cut(struct remote_log *r, uint32_t topic, uint32_t partition, uint64_t end) {
    lock(r);
    bool is_followed = r->is_followed[topic];
    fake_log_cut(&r->fake, topic, partition, end);
    if (r->tail_at[topic][partition] > end) {
        r->tail_at[topic][partition] = end;
    }
    unlock(r);
    if (is_followed) {
        hg_log_lost(r->fake.up, topic, partition, end);
    }
}

struct hg_log_ops remote_log_ops(void) {
    struct hg_log_ops ops = fake_log_ops;
    ops.name = "remote";
    ops.caps |= HG_LOG_FOLLOW | HG_LOG_REMOTE;
    ops.topic_open = on_topic_open;
    ops.describe = on_describe;
    ops.end = on_end;
    ops.list = on_list;
    ops.follow = on_follow;
    ops.read = on_read;
    ops.seek = on_seek;
    return ops;
}
