/* SPDX-License-Identifier: Apache-2.0 */
/* care.c - is the log that the tail stands in still the one that it gave?
 *
 * A topic that was made again and grew past our place, or was cut back and
 * filled up, gives no error: what comes next seems to follow. The client tells
 * no topic id, so one record of each partition is remembered and read again,
 * a few partitions a second. Where another one stands in its place the
 * partition is lost, and the tail tells and goes on as with any other loss.
 *
 *   nothing known ── the record before next, or the first that comes ──► anchored
 *   anchored ── same ──► anchored on the last
 *       └── another ──► lost
 *
 * Where one that is lost goes on is asked here too, so that the tail gives what
 * other partitions have while a leader is away. */
#include "tail.h"

#include <time.h>

enum { TURN_MS = 1000, AT_ONCE = 4, READ_MS = 1000 };

static const char *const properties[] = {
    "enable.auto.commit", "false", "enable.auto.offset.store", "false", "auto.commit.enable",
    "false", "auto.offset.reset", "error",
    /* One record is wanted. */
    "fetch.message.max.bytes", "1024", "queued.min.messages", "1", "queued.max.messages.kbytes",
    "1", "fetch.wait.max.ms", "10", NULL};

/* What is looked at. */
struct look {
    const struct tail_topic *topic;
    char name[KAFKA_NAME_MAX + 1];
    uint32_t id; /* of the topic */
    uint32_t p;
    uint64_t next;
    struct tail_anchor last, anchor;
};

static void fill(const struct tail_topic *topic, uint32_t p, struct look *ret) {
    const struct tail_part *part = &topic->parts[p];
    *ret = (struct look){.topic = topic,
                         .id = topic->topic->id,
                         .p = p,
                         .next = part->next,
                         .last = part->last,
                         .anchor = part->anchor};
    memcpy(ret->name, topic->topic->name, sizeof ret->name);
}

/* Under the lock: the nth partition that runs, counted round. */
static bool pick(struct kafka_tail *t, size_t nth, struct look *ret) {
    size_t n = 0;
    for (const struct tail_topic *i = t->topics; i != NULL; i = i->older) {
        n += i->n_parts;
    }
    nth = n > 0 ? nth % n : 0;
    for (const struct tail_topic *i = t->topics; i != NULL; i = i->older) {
        if (nth < i->n_parts) {
            fill(i, (uint32_t)nth, ret);
            return !i->parts[nth].is_lost;
        }
        nth -= i->n_parts;
    }
    return false;
}

/* Under the lock: the nth that is lost, and not found. */
static bool pick_lost(const struct kafka_tail *t, size_t nth, struct look *ret) {
    for (const struct tail_topic *i = t->topics; i != NULL; i = i->older) {
        for (uint32_t p = 0; p < i->n_parts; p++) {
            if (i->parts[p].is_lost && !i->parts[p].is_found && nth-- == 0) {
                fill(i, p, ret);
                return true;
            }
        }
    }
    return false;
}

/* The record at or after the offset. HG_ENOENT: it is gone, or there is none;
 * HG_EAGAIN. */
static int read_one(struct kafka_tail *t, const struct look *l, uint64_t offset,
                    struct tail_anchor *ret) {
    rd_kafka_timestamp_type_t type;
    int err = HG_EAGAIN;
    rd_kafka_topic_t *rkt = rd_kafka_topic_new(t->care.rk, l->name, NULL);
    if (rkt == NULL) {
        return HG_EAGAIN;
    }
    if (rd_kafka_consume_start(rkt, (int32_t)l->p, (int64_t)offset) == 0) {
        rd_kafka_message_t *m = rd_kafka_consume(rkt, (int32_t)l->p, READ_MS);
        if (m != NULL && m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            *ret = (struct tail_anchor){true, (uint64_t)m->offset,
                                        rd_kafka_message_timestamp(m, &type)};
            err = 0;
        } else if (m != NULL && (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
                                 m->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)) {
            err = HG_ENOENT;
        }
        if (m != NULL) {
            rd_kafka_message_destroy(m);
        }
        (void)rd_kafka_consume_stop(rkt, (int32_t)l->p);
    }
    rd_kafka_topic_destroy(rkt);
    return err;
}

/* Under the lock: still as it was picked? */
static struct tail_part *same_part(const struct look *l) {
    struct tail_part *part = l->p < l->topic->n_parts ? &l->topic->parts[l->p] : NULL;
    bool is_same = part != NULL && !part->is_lost && part->next >= l->next &&
                   part->anchor.is_there == l->anchor.is_there &&
                   part->anchor.offset == l->anchor.offset;
    return is_same ? part : NULL;
}

/* What was given after the anchor was given before this look, so it is of the
 * same log as the anchor is. */
static void judge(struct kafka_tail *t, const struct look *l, int err,
                  const struct tail_anchor *found) {
    (void)pthread_mutex_lock(&t->lock);
    struct tail_part *part = same_part(l);
    if (part == NULL || err == HG_EAGAIN) {
        (void)pthread_mutex_unlock(&t->lock);
        return;
    }
    bool is_other = l->anchor.is_there && err == 0 && found->offset == l->anchor.offset &&
                    found->time_ms != l->anchor.time_ms;
    if (is_other) {
        kafka_care_lost(t, part);
    } else if (l->last.is_there) {
        part->anchor = l->last;
    } else if (!l->anchor.is_there && err == 0) {
        part->anchor = *found;
    }
    (void)pthread_mutex_unlock(&t->lock);
}

static void look_at(struct kafka_tail *t, const struct look *l) {
    struct tail_anchor found = {0};
    if (l->anchor.is_there) {
        judge(t, l, read_one(t, l, l->anchor.offset, &found), &found);
    } else if (l->next > 0) {
        judge(t, l, read_one(t, l, l->next - 1, &found), &found);
    }
}

/* ----- where one that is lost goes on ----- */

void kafka_care_lost(struct kafka_tail *t, struct tail_part *part) {
    part->is_lost = true;
    t->care.has_new_loss = true;
    (void)pthread_cond_broadcast(&t->wake);
}

/* The first record that is not older than the anchor; HG_ENOENT: none is. HG_EAGAIN. */
static int first_since(struct kafka *k, const struct look *l, int64_t *ret_offset) {
    if (kafka_leader_time(k, l->id, l->p, l->anchor.time_ms, ret_offset) !=
        RD_KAFKA_RESP_ERR_NO_ERROR) {
        return HG_EAGAIN;
    }
    return *ret_offset >= 0 ? 0 : HG_ENOENT;
}

/* What was written to a log after it was cut back, or made again, is not older
 * than what was given before: from there on nothing is missed. Records that stand
 * before it may come again, behind the gap that is told. */
static int find_next(struct kafka_tail *t, const struct look *l, uint64_t *ret) {
    int64_t low, high, at = 0;
    if (kafka_leader_range(t->k, l->id, l->p, &low, &high) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return HG_EAGAIN;
    }
    bool is_trimmed = l->next < (uint64_t)low;
    int err = l->anchor.is_there && !is_trimmed ? first_since(t->k, l, &at) : HG_ENOENT;
    if (err == HG_ENOENT) {
        at = is_trimmed ? low : high;
    }
    *ret = (uint64_t)(at < low ? low : at > high ? high : at);
    return err == HG_ENOENT ? 0 : err;
}

/* Under the lock: the tail starts it there. */
static void tell_found(struct kafka_tail *t, const struct look *l, uint64_t next) {
    struct tail_part *part = l->p < l->topic->n_parts ? &l->topic->parts[l->p] : NULL;
    if (part != NULL && part->is_lost && part->next == l->next) {
        part->found = next;
        part->is_found = true;
        t->n_found++;
        rd_kafka_queue_yield(t->queue);
    }
}

/* One whose leader is away is left for the next turn. */
static void find_lost(struct kafka_tail *t) {
    struct look l;
    uint64_t next = 0;
    (void)pthread_mutex_lock(&t->lock);
    t->care.has_new_loss = false;
    for (size_t n_left = 0; !atomic_load(&t->is_ending) && pick_lost(t, n_left, &l);) {
        (void)pthread_mutex_unlock(&t->lock);
        int err = find_next(t, &l, &next);
        (void)pthread_mutex_lock(&t->lock);
        if (err == 0) {
            tell_found(t, &l, next);
        }
        n_left += err != 0;
    }
    (void)pthread_mutex_unlock(&t->lock);
}

/* ----- the thread ----- */

static void look_around(struct kafka_tail *t) {
    for (int i = 0; i < AT_ONCE && !atomic_load(&t->is_ending); i++) {
        struct look l;
        (void)pthread_mutex_lock(&t->lock);
        bool is_picked = !t->care.has_new_loss && pick(t, t->care.turn++, &l);
        (void)pthread_mutex_unlock(&t->lock);
        if (is_picked) {
            look_at(t, &l);
        }
    }
}

static void *run(void *arg) {
    struct kafka_tail *t = arg;
    while (!atomic_load(&t->is_ending)) {
        find_lost(t);
        look_around(t);
        (void)rd_kafka_poll(t->care.rk, 0);
        struct timespec at;
        (void)clock_gettime(CLOCK_MONOTONIC, &at);
        at.tv_sec += TURN_MS / 1000;
        (void)pthread_mutex_lock(&t->lock);
        int rc = 0;
        while (rc == 0 && !atomic_load(&t->is_ending) && !t->care.has_new_loss) {
            rc = pthread_cond_timedwait(&t->wake, &t->lock, &at);
        }
        (void)pthread_mutex_unlock(&t->lock);
    }
    return NULL;
}

int kafka_care_start(struct kafka_tail *t) {
    struct hg_why why = {""};
    rd_kafka_conf_t *conf = kafka_handle_conf(t->k, properties, &why);
    t->care.rk = conf != NULL ? kafka_handle_new(t->k, RD_KAFKA_CONSUMER, conf, &why) : NULL;
    if (t->care.rk == NULL) {
        HG_LOG(HG_ERROR, "kafka_tail_failed", "reason=\"%s\"", why.text);
        return HG_EIO;
    }
    if (hg_thread_start(&t->care.thread, run, t) != 0) {
        kafka_handle_destroy(t->k, t->care.rk);
        t->care.rk = NULL;
        return HG_EIO;
    }
    return 0;
}

void kafka_care_stop(struct kafka_tail *t) {
    if (t->care.rk == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&t->lock);
    (void)pthread_cond_broadcast(&t->wake);
    (void)pthread_mutex_unlock(&t->lock);
    (void)pthread_join(t->care.thread, NULL);
    kafka_handle_destroy(t->k, t->care.rk);
    t->care.rk = NULL;
}
