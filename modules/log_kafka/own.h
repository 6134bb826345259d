/* SPDX-License-Identifier: Apache-2.0 */
/* own.h - what this process wrote is shown when the cluster acknowledges it,
 * without being fetched and read again. All in-sync copies have it then, so
 * whoever fetches is given the same.
 *
 *   line's thread: reports ── kafka_own_add ── run ── kafka_own_give ──► queue
 *                                                                          |
 *   whoever has the tail's lock ◄──────────── kafka_own_show ◄─────────────┘
 *       run begins at next: shown, next moves
 *       run begins behind:  waits, as somebody else's records are between, until
 *                           the tail has fetched those
 *       run ends before:    the tail was here first
 *
 * A run that is dropped, for want of memory or of room, is fetched as if
 * somebody else had written it. */
#ifndef LOG_KAFKA_OWN_H
#define LOG_KAFKA_OWN_H

#include "read.h"

struct kafka_tail;
struct tail_topic;
struct tail_part;

/* Records of one partition whose offsets follow each other. */
struct kafka_runs {
    struct kafka_block *first, *last; /* linked by newer */
    size_t n_records;
};

/* Runs on their way from the line's thread to the tail. */
struct kafka_own {
    pthread_mutex_t lock; /* of the queue; held for a moment */
    struct kafka_runs queue;
    _Atomic bool is_waiting;   /* the queue has some */
    _Atomic uint32_t n_topics; /* that are followed: 0, and nothing is kept */
};

void kafka_own_init(struct kafka_own *own);
void kafka_own_fini(struct kafka_own *own);

/* The line's thread. The item was acknowledged, and its append is not complete yet. */
void kafka_own_add(struct kafka_line *l, const struct hg_append_item *item);
/* The line's thread, when it has handed out what there was. Waits for nobody. */
void kafka_own_give(struct kafka_line *l);

/* Whoever has just let go of the tail's lock, so that nothing is left in the queue. */
void kafka_own_show(struct kafka_tail *t);

/* These under the tail's lock. Is the record in the first run that waits? */
static inline bool kafka_own_has(const struct kafka_runs *runs, uint64_t offset) {
    return runs->first != NULL && runs->first->first <= offset && offset < runs->first->next;
}
/* Shows what may be shown now. */
void kafka_own_drain(struct kafka_tail *t, const struct tail_topic *topic, uint32_t p);
void kafka_own_drop(struct kafka_runs *runs);

#endif
