/* SPDX-License-Identifier: Apache-2.0 */
/* counters.c - the numbers of the feed and their prose. */
#include "feed/counters.h"

#include "feed/feed.h"

#define SUBSCRIBERS_HELP "Subscribers that keep up (live) and that are being refilled (catching)."
#define GAPS_HELP "Gaps that subscribers were told of, by reason."

struct hg_counter hg_feed__live = {
    .name = "headgate_subscribers",
    .labels = "state=\"live\"",
    .help = SUBSCRIBERS_HELP,
    .kind = HG_GAUGE,
};

struct hg_counter hg_feed__catching = {
    .name = "headgate_subscribers",
    .labels = "state=\"catching\"",
    .help = SUBSCRIBERS_HELP,
    .kind = HG_GAUGE,
};

struct hg_counter hg_feed__deliveries = {
    .name = "headgate_deliveries_total",
    .help = "Events written to subscribers.",
    .kind = HG_COUNTER,
};

struct hg_counter hg_feed__encodings = {
    .name = "headgate_encodings_total",
    .help = "Encodings of events that were made, to be shared by subscribers.",
    .kind = HG_COUNTER,
};

struct hg_counter hg_feed__refusals = {
    .name = "headgate_encodings_refused_total",
    .help = "Events that a sink refused to encode and that were not sent.",
    .kind = HG_COUNTER,
};

struct hg_counter hg_feed__reads = {
    .name = "headgate_feed_reads_total",
    .help = "Reads of the event log on behalf of subscribers.",
    .kind = HG_COUNTER,
};

struct hg_counter hg_feed__reads_failed = {
    .name = "headgate_feed_reads_failed_total",
    .help = "Reads of the event log that failed; the subscribers stay and it is tried again.",
    .kind = HG_COUNTER,
};

static struct hg_counter gaps[] = {
    {.name = "headgate_gaps_total",
     .labels = "reason=\"trimmed\"",
     .help = GAPS_HELP,
     .kind = HG_COUNTER},
    {.name = "headgate_gaps_total",
     .labels = "reason=\"reset\"",
     .help = GAPS_HELP,
     .kind = HG_COUNTER},
    {.name = "headgate_gaps_total",
     .labels = "reason=\"unknown\"",
     .help = GAPS_HELP,
     .kind = HG_COUNTER},
};

static struct hg_counter *const table[] = {
    &hg_feed__live,
    &hg_feed__catching,
    &hg_feed__deliveries,
    &hg_feed__encodings,
    &hg_feed__refusals,
    &hg_feed__reads,
    &hg_feed__reads_failed,
    &gaps[0],
    &gaps[1],
    &gaps[2],
    NULL,
};

void hg_feed__count_gap(const char *reason) {
    static const char *const reasons[] = {"trimmed", "reset", "unknown"};
    for (size_t i = 0; i < HG_COUNT(reasons); i++) {
        if (strcmp(reason, reasons[i]) == 0) {
            hg_counter_add(&gaps[i], 1);
        }
    }
}

void hg_feed_counters_register(void) {
    hg_counters_register(table);
}
