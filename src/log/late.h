/* SPDX-License-Identifier: Apache-2.0 */
/* late.h - appends that take longer than whoever publishes waits (HG_LOG_LATE).
 * Log thread only.
 *
 *   hg_late_begin ──► waits ─── answer_ms ───► overdue: its publisher has been
 *                       │                         │     answered in doubt
 *                       └──────► completed ◄──────┘
 *
 * The ids of what is overdue stay pending: sent again they wait, as long as the
 * first publisher did, for what becomes of it. So the driver may try for as long
 * as it likes, and nothing is stored twice. Nothing new goes to a partition
 * meanwhile in which something is overdue (judge.h).
 *
 * Memory: what is overdue counts as on its way until it is completed (admit.h),
 * and who waits for it does too. */
#ifndef HG_LOG_LATE_H
#define HG_LOG_LATE_H

#include "base/list.h"
#include "log/log.h"

struct hg_late {
    int64_t answer_ms;    /* 0: no append is ever overdue */
    struct hg_list waits; /* of plans, by when they are due */
    struct hg_list overdue;
};

/* The driver is open. */
void hg_late_init(struct hg_log *log);
/* p has come: from now on it may wait so long for others. */
void hg_late_come(struct hg_log *log, struct hg_publish *p);
/* p is about to be appended. */
void hg_late_begin(struct hg_log *log, struct hg_publish *p);
/* p was completed and settled. True: it was overdue, nobody is to be answered,
 * and p is gone. */
bool hg_late_end(struct hg_log *log, struct hg_publish *p);
/* When hg_late_run has something to do, monotonic; INT64_MAX: never. */
int64_t hg_late_due_ms(const struct hg_log *log);
void hg_late_run(struct hg_log *log, int64_t now_ms);
/* Once a second: who has waited long enough for what is overdue. */
void hg_late_tick(struct hg_log *log, int64_t now_ms);
/* The log stops: nobody waits any more. */
void hg_late_stop(struct hg_log *log);

#endif
