/* SPDX-License-Identifier: Apache-2.0 */
/* counters.c - the log's numbers and their prose. Each event of a publish is
 * counted in exactly one row of headgate_log_events_total. */
#include "log/counters.h"

#define EVENTS(which)                                                                              \
    {                                                                                              \
        .name = "headgate_log_events_total", .labels = "result=\"" which "\"",                     \
        .help = "Events given to the log, by what became of them.", .kind = HG_COUNTER             \
    }

struct hg_counter hg_log_appends = {
    .name = "headgate_log_appends_total",
    .help = "Requests to the log to make events durable.",
    .kind = HG_COUNTER,
};
struct hg_counter hg_log_events_stored = EVENTS("stored");
struct hg_counter hg_log_events_duplicate = EVENTS("duplicate");
struct hg_counter hg_log_events_conflict = EVENTS("conflict");
struct hg_counter hg_log_events_failed = EVENTS("failed");
struct hg_counter hg_log_events_refused = EVENTS("refused");
struct hg_counter hg_log_commits = {
    .name = "headgate_log_commits_total",
    .help = "Groups of appends made durable together.",
    .kind = HG_COUNTER,
};
struct hg_counter hg_log_queue_bytes = {
    .name = "headgate_log_queue_bytes",
    .help = "Bytes of events that are on their way into the log.",
    .kind = HG_GAUGE,
};
struct hg_counter hg_log_reads = {
    .name = "headgate_log_reads_total",
    .help = "Reads of the log by streams that catch up.",
    .kind = HG_COUNTER,
};
struct hg_counter hg_log_tail_missed = {
    .name = "headgate_log_tail_missed_total",
    .help = "Batches that memory had no room to show live; streams read them from the log.",
    .kind = HG_COUNTER,
};
struct hg_counter hg_log_copies = {
    .name = "headgate_log_copies_total",
    .help = "Records found to be copies of others in their partition and shown to nobody; one that "
            "is read again later may count again.",
    .kind = HG_COUNTER,
};
struct hg_counter hg_log_overdue = {
    .name = "headgate_log_overdue",
    .help = "Events that were answered as in doubt and are still on their way into the log.",
    .kind = HG_GAUGE,
};
struct hg_counter hg_dedup_entries = {
    .name = "headgate_dedup_entries",
    .help = "Event ids remembered for deduplication.",
    .kind = HG_GAUGE,
};

struct hg_counter *const hg_log_counters[] = {
    &hg_log_appends,
    &hg_log_events_stored,
    &hg_log_events_duplicate,
    &hg_log_events_conflict,
    &hg_log_events_failed,
    &hg_log_events_refused,
    &hg_log_commits,
    &hg_log_queue_bytes,
    &hg_log_reads,
    &hg_log_tail_missed,
    &hg_log_copies,
    &hg_log_overdue,
    &hg_dedup_entries,
    NULL,
};
