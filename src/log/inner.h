/* SPDX-License-Identifier: Apache-2.0 */
/* inner.h - the event log as its own files see it. Not for the rooms above.
 *
 * Who touches what: `thread` belongs to the log thread; topics, atomics and
 * the constants of the start belong to everybody. */
#ifndef HG_LOG_INNER_H
#define HG_LOG_INNER_H

#include <pthread.h>
#include <stdatomic.h>

#include "log/admit.h"
#include "log/copies.h"
#include "log/crossing.h"
#include "log/errands.h"
#include "log/grow.h"
#include "log/judge.h"
#include "log/late.h"
#include "log/line.h"
#include "log/log.h"
#include "log/readers.h"
#include "log/recall.h"
#include "log/refresh.h"
#include "log/topics.h"
#include "log/up.h"

struct hg_log_thread {
    pthread_t id;   /* the starter's */
    pthread_t self; /* the same, known to the thread and to those it starts */
    struct hg_judge judge;
    struct hg_line line;
    bool has_held; /* since the last flush: what it waits for may not be flushed */
    bool is_stopping;
    bool needs_index;   /* a topic was opened whose records dedup does not know */
    size_t group_items; /* appended since the last flush */
    size_t group_bytes;
    size_t group_appends;
    size_t in_flight;        /* appended, neither settled nor overdue */
    bool has_answers;        /* since the last flush, of a driver that may wait for them */
    int64_t tick_at_ms;      /* monotonic; the next one */
    int64_t drive_at_ms;     /* the driver's own, sooner while it is written to */
    bool has_written;        /* since the driver's last tick */
    int64_t settled_bytes;   /* since the last tick */
    int64_t rate;            /* bytes settled a second, smoothed */
    int32_t now_s;           /* hg_dedup_now, once a turn */
    int64_t entries_shown;   /* of the gauge */
    struct hg_sending probe; /* asks whether writing is possible again */
    bool is_probing;
    bool has_stored, has_failed; /* by a driver that answers each item, since the last tick */
    size_t refused_bytes; /* of the largest append that found the log full, since it was writable */
};

struct hg_log {
    struct hg_log_up up; /* first: the driver's way up is the log itself */
    const struct hg_log_ops *ops;
    void *driver;
    struct hg_crossings crossings;
    void (*on_tail)(struct hg_loop *loop, struct hg_batch *batch, void *arg);
    void *arg;
    struct hg_admit admit;
    int64_t dedup_window_ms;
    size_t dedup_max;
    int64_t hide_ms; /* what is read back of a log on other machines */
    size_t hide_max;
    struct hg_topics *topics;
    struct hg_inbox inbox;
    struct hg_log_thread thread;
    struct hg_errands errands;
    struct hg_recalls recalls;
    struct hg_late late;
    struct hg_refresh refresh;
    struct hg_grow grow;
    struct hg_copies *copies; /* NULL: the driver holds none */
    struct hg_readers *readers;
    _Atomic unsigned retry_after;
    atomic_bool is_writable;
    atomic_bool is_closed; /* takes no more appends and reads */
};

/* log_thread.c: opens the driver on the new thread and waits for that. */
int hg_log_thread__start(struct hg_log *log, const struct hg_log_open *open, struct hg_why *why);
/* Finishes what is queued, closes the driver, joins. */
void hg_log_thread__stop(struct hg_log *log);
/* Make durable what was appended since the last flush. */
void hg_log_thread__flush(struct hg_log *log);
/* Give it to its loop: with what it had on its way given back, or without. */
void hg_log_thread__answer(struct hg_log *log, struct hg_publish *p);
void hg_log_thread__hand_back(struct hg_log *log, struct hg_publish *p);
/* topic_open.c. Called from any other thread; waits. */
int hg_log_thread__topic(struct hg_log *log, const struct hg_log_topic *topic, uint32_t *ret_id,
                         struct hg_why *why);
/* topic_open.c. The same for the list of what the driver keeps. */
int hg_log_thread__list(struct hg_log *log, const struct hg_log_patterns *wanted,
                        struct hg_log_kept **ret_items, size_t *ret_n);
/* topic_open.c. On the thread that asks: open one; those that are kept, and, of a
 * driver on other machines, wanted or open; for hg_free. */
int hg_log_errand__open(struct hg_log *log, const struct hg_log_topic *wanted, uint32_t *ret_id,
                        struct hg_why *why);
int hg_log_errand__list(struct hg_log *log, const struct hg_log_patterns *wanted,
                        struct hg_log_kept **ret_items, size_t *ret_n);
/* Put into the inbox: a publish has come; upkeep's question is answered. */
void hg_log_thread__on_publish(struct hg_task *task);
void hg_log_thread__on_probed(struct hg_task *task);

/* upkeep.c: what the log thread does about once a second. When is the next? */
void hg_log_upkeep__begin(struct hg_log *log, int64_t now_ms);
void hg_log_upkeep__wrote(struct hg_log *log);
int64_t hg_log_upkeep__due_ms(const struct hg_log *log);
void hg_log_upkeep__run(struct hg_log *log, int64_t now_ms);
/* The gauge of ids: after whatever may have changed their number. */
void hg_log_upkeep__show_ids(struct hg_log *log);

/* tail.c */
void hg_log__on_tail(struct hg_log_up *up, uint32_t topic, uint32_t partition,
                     const struct hg_record *records, size_t n);
void hg_log__on_lost(struct hg_log_up *up, uint32_t topic, uint32_t partition, uint64_t next);
/* Tell the loops that a partition has records which were not shown. */
void hg_log__nudge(struct hg_log *log, struct hg_topic *topic, uint32_t partition);

/* index.c: teach dedup the records of all topics that it does not know yet. */
void hg_log__index(struct hg_log *log);
/* index.c: the partition was cut back. What dedup knew of it is not believed any
 * more, and read again. */
void hg_log__index_forget(struct hg_log *log, struct hg_topic *topic, uint32_t partition);

#endif
