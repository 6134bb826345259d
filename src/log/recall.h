/* SPDX-License-Identifier: Apache-2.0 */
/* recall.h - a log on other machines is read back by threads of its own, and
 * not before somebody publishes: until dedup knows what stands at the end of a
 * partition, publishes to it are held, and those of its topic behind them.
 * Other topics go on. A local driver has index.c.
 *
 *                  hg_recall_ask             on_back
 *   not indexed ──────────────────► reading ─────────► indexed
 *      ^    ^                          │ it cannot be read, or it takes too long
 *      │    └── hg_topic_doubt,        v
 *      │        hg_topic_forget     refused for a while
 *      └───────────────────────────────┘
 *
 * An end that the driver does not see (HG_EAGAIN) is asked for again for 2 s.
 *
 * What comes while it is refused is answered at once, so nothing waits for a
 * partition that is away. */
#ifndef HG_LOG_RECALL_H
#define HG_LOG_RECALL_H

#include <pthread.h>
#include <stdatomic.h>

#include "log/log.h"

enum { HG_RECALL_THREADS = 2 };

struct hg_recall; /* of one partition */

struct hg_recalls {
    pthread_mutex_t lock; /* of the queue: partitions that have more to be read */
    pthread_cond_t more;
    struct hg_recall *first, **end;
    atomic_bool is_stopping;
    unsigned n_threads;
    pthread_t threads[HG_RECALL_THREADS];
    /* Log thread only: every one there is, until the partition is indexed. */
    struct hg_recall *all;
    int64_t hold_ms; /* publishes wait at most this long */
};

void hg_recalls_init(struct hg_recalls *rs);
/* The log thread is gone. */
void hg_recalls_fini(struct hg_recalls *rs);
/* Nothing for a local driver or without dedup. HG_EIO: no threads. */
int hg_recalls_start(struct hg_log *log);
/* Ends what is being read; from then on everything is refused. The log thread
 * still runs. */
void hg_recalls_stop(struct hg_log *log);

enum hg_recall_state {
    HG_RECALL_KNOWN,  /* p may be judged */
    HG_RECALL_WAITS,  /* p is parked; the line gets it back */
    HG_RECALL_REFUSED /* not now: HG_EAGAIN */
};
/* Log thread. p comes from the line. */
enum hg_recall_state hg_recall_ask(struct hg_log *log, struct hg_publish *p);
/* Log thread, once a second: who has waited too long is refused. */
void hg_recalls_tick(struct hg_log *log, int64_t now_ms);

#endif
