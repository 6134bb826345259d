/* SPDX-License-Identifier: Apache-2.0 */
/* grow.h - partitions that a topic has got since it was opened, topics that came
 * to be there, and those that went: only others make them, so they are looked for
 * (HG_LOG_REMOTE and HG_LOG_LIST). */
#ifndef HG_LOG_GROW_H
#define HG_LOG_GROW_H

#include "log/inbox.h"
#include "log/topics.h"
#include "log/wanted.h"

struct hg_log;

struct hg_grow {
    struct hg_task task;
    int64_t period_ms, due_ms; /* monotonic; 0 period: nobody looks */
    uint32_t round;            /* the thread's that asks */
    struct hg_wanted wanted;   /* the same; of new topics */
    atomic_bool is_away;       /* with the thread that asks */
};

/* Log thread, once a second: is it time to look? */
void hg_log_grow__run(struct hg_log *log, int64_t now_ms);
/* hg_log_want. */
int hg_log_grow__want(struct hg_log *log, const struct hg_log_patterns *patterns);
/* The thread that asks the driver: the table has as many partitions as the
 * ranges tell; where the topic is followed, the tail of the new ones begins. */
void hg_log_grow__take(struct hg_log *log, struct hg_topic *topic,
                       const struct hg_log_range *ranges);

#endif
