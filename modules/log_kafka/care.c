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
 *       └── another ──► lost */
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
    uint32_t p;
    uint64_t next;
    struct tail_anchor last, anchor;
};

/* Under the lock: the nth partition that runs, counted round. */
static bool pick(struct kafka_tail *t, size_t nth, struct look *ret) {
    size_t n = 0;
    for (const struct tail_topic *i = t->topics; i != NULL; i = i->older) {
        n += i->n_parts;
    }
    nth = n > 0 ? nth % n : 0;
    for (const struct tail_topic *i = t->topics; i != NULL; i = i->older) {
        if (nth < i->n_parts) {
            const struct tail_part *part = &i->parts[nth];
            *ret = (struct look){.topic = i,
                                 .p = (uint32_t)nth,
                                 .next = part->next,
                                 .last = part->last,
                                 .anchor = part->anchor};
            memcpy(ret->name, i->topic->name, sizeof ret->name);
            return !part->is_lost;
        }
        nth -= i->n_parts;
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
        part->is_lost = true;
        t->n_lost++;
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

static void look_around(struct kafka_tail *t) {
    for (int i = 0; i < AT_ONCE && !atomic_load(&t->is_ending); i++) {
        struct look l;
        (void)pthread_mutex_lock(&t->lock);
        bool is_picked = pick(t, t->care.turn++, &l);
        (void)pthread_mutex_unlock(&t->lock);
        if (is_picked) {
            look_at(t, &l);
        }
    }
}

static void *run(void *arg) {
    struct kafka_tail *t = arg;
    while (!atomic_load(&t->is_ending)) {
        look_around(t);
        (void)rd_kafka_poll(t->care.rk, 0);
        struct timespec at;
        (void)clock_gettime(CLOCK_MONOTONIC, &at);
        at.tv_sec += TURN_MS / 1000;
        (void)pthread_mutex_lock(&t->lock);
        if (!atomic_load(&t->is_ending)) {
            (void)pthread_cond_timedwait(&t->end, &t->lock, &at);
        }
        (void)pthread_mutex_unlock(&t->lock);
    }
    return NULL;
}

int kafka_care_start(struct kafka_tail *t) {
    struct hg_why why = {""};
    rd_kafka_conf_t *conf = kafka_handle_conf(t->k, properties, &why);
    t->care.rk = conf != NULL ? kafka_handle_new(RD_KAFKA_CONSUMER, conf, &why) : NULL;
    if (t->care.rk == NULL) {
        HG_LOG(HG_ERROR, "kafka_tail_failed", "reason=\"%s\"", why.text);
        return HG_EIO;
    }
    if (pthread_create(&t->care.thread, NULL, run, t) != 0) {
        rd_kafka_destroy(t->care.rk);
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
    (void)pthread_cond_broadcast(&t->end);
    (void)pthread_mutex_unlock(&t->lock);
    (void)pthread_join(t->care.thread, NULL);
    rd_kafka_destroy(t->care.rk);
    t->care.rk = NULL;
}
