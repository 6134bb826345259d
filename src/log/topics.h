/* SPDX-License-Identifier: Apache-2.0 */
/* topics.h - the table of topics: written by the log thread, read by every
 * thread without a lock. A topic is never removed; its partitions may become
 * more, never fewer. */
#ifndef HG_LOG_TOPICS_H
#define HG_LOG_TOPICS_H

#include <stdatomic.h>

#include "headgate/log.h"

enum { HG_TOPICS_MAX = 65536 };

struct hg_plan_item;
struct hg_recall;
struct hg_walk;

/* What is known of a partition. */
struct hg_topic_part {
    _Atomic uint64_t first, next, bytes;
    uint64_t end_before;        /* the thread that asks: next before the tail is asked for */
    struct hg_walk *tail;       /* of log/copies.h, under its lock */
    atomic_bool is_tail_missed; /* records were stored that memory had no room to show */
    /* Log thread only: */
    bool is_indexed;            /* dedup knows its records */
    bool is_cut;                /* an append showed that it was cut back */
    uint32_t doubts;            /* how often is_indexed fell */
    uint32_t n_overdue;         /* items that were answered in doubt; log/late.h */
    uint64_t index_from;        /* what stands before it is known; 0: nothing is */
    struct hg_recall *recall;   /* log/recall.h; NULL: nobody asked */
    uint32_t known_fingerprint; /* of the record before known_next */
    uint64_t known_next;        /* 0: of none */
};

/* Partitions that came at the same time. They stay where they are. */
struct hg_topic_parts {
    uint32_t first, n;
    struct hg_topic_parts *more; /* those that came later; there before the count tells of them */
    struct hg_topic_part items[];
};

struct hg_topic {
    uint32_t id;
    _Atomic uint32_t n_parts; /* hg_topic_partitions */
    _Atomic uint32_t n_there; /* what is written goes to these: less where it was made again */
    uint64_t tag;
    _Atomic uint32_t epoch;
    _Atomic uint32_t cuts; /* how often a partition was cut back: what was asked before is void */
    struct hg_topic_parts *parts; /* hg_topic_part */
    /* The thread that asks (errands.h) only: */
    uint32_t n_followers; /* loops */
    bool is_followed;     /* the driver gives its tail */
    bool owes_tail;       /* but not yet that of partitions which came since */
    _Atomic bool is_gone; /* the driver keeps it no more */
    uint32_t seen_round;  /* of log/grow.h */
    /* Log thread only: publishes of it that stand aside; log/line.h. */
    struct hg_plan_item *aside_first, *aside_last;
    /* Of log/admit.h: */
    _Atomic size_t queued_bytes; /* on their way, where they are bounded */
    _Atomic unsigned retry_after;
    int64_t stored_bytes, rate;      /* log thread only: since the last guess; a second, smoothed */
    struct hg_topic *next_in_bucket; /* never changes once it is visible */
    struct hg_slice name;            /* also 0-terminated */
};

struct hg_topics;

/* Any thread. */
static inline uint32_t hg_topic_partitions(const struct hg_topic *topic) {
    return atomic_load_explicit(&topic->n_parts, memory_order_acquire);
}
/* Any thread; partition is below hg_topic_partitions. */
static inline struct hg_topic_part *hg_topic_part(const struct hg_topic *topic,
                                                  uint32_t partition) {
    struct hg_topic_parts *parts = topic->parts;
    while (partition >= parts->first + parts->n) {
        parts = parts->more;
    }
    return &parts->items[partition - parts->first];
}

struct hg_topics *hg_topics_new(void); /* NULL: no memory */
void hg_topics_free(struct hg_topics **pt);

/* Any thread. NULL: none. */
struct hg_topic *hg_topics_get(const struct hg_topics *t, uint32_t id);
struct hg_topic *hg_topics_find(const struct hg_topics *t, struct hg_slice name);
uint32_t hg_topics_count(const struct hg_topics *t);

/* Log thread. HG_E2BIG: too many. HG_EEXIST: the name, or another name with
 * its tag. HG_ENOMEM. The topic is visible when this returns. */
int hg_topics_add(struct hg_topics *t, struct hg_slice name, uint32_t partitions,
                  const struct hg_log_range *ranges);
/* Log thread: it has these partitions from now on; ranges are those of all. Fewer
 * than it has are none gone. HG_ENOMEM: it stays as it is. */
int hg_topic_grow(struct hg_topic *topic, uint32_t partitions, const struct hg_log_range *ranges);
/* What the driver said. Log thread. Within an epoch bounds only rise. */
void hg_topic_set_range(struct hg_topic *topic, uint32_t partition,
                        const struct hg_log_range *range);
/* Log thread: the newest record whose fingerprint is known. */
void hg_topic_know(struct hg_topic *topic, uint32_t partition, uint64_t offset,
                   uint32_t fingerprint);
/* Log thread: what stands from an offset on is not known any more (0: all). */
void hg_topic_doubt(struct hg_topic *topic, uint32_t partition, uint64_t from);
/* The partition was cut back, or made again in its epoch: it goes on at next.
 * Any thread. */
void hg_topic_cut(struct hg_topic *topic, uint32_t partition, uint64_t next);
/* Any thread. */
void hg_topic_raise_next(struct hg_topic *topic, uint32_t partition, uint64_t next);
void hg_topic_raise_first(struct hg_topic *topic, uint32_t partition, uint64_t first);

#endif
