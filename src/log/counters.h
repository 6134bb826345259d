/* SPDX-License-Identifier: Apache-2.0 */
/* counters.h - what the log counts. */
#ifndef HG_LOG_COUNTERS_H
#define HG_LOG_COUNTERS_H

#include "headgate/counter.h"

extern struct hg_counter hg_log_appends;
extern struct hg_counter hg_log_events_stored;
extern struct hg_counter hg_log_events_duplicate;
extern struct hg_counter hg_log_events_conflict;
extern struct hg_counter hg_log_events_failed;
extern struct hg_counter hg_log_events_refused;
extern struct hg_counter hg_log_commits;
extern struct hg_counter hg_log_queue_bytes;
extern struct hg_counter hg_log_reads;
extern struct hg_counter hg_log_tail_missed;
extern struct hg_counter hg_log_copies;
extern struct hg_counter hg_log_overdue;
extern struct hg_counter hg_dedup_entries;

extern struct hg_counter *const hg_log_counters[]; /* NULL-terminated */

#endif
