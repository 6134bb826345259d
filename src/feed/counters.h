/* SPDX-License-Identifier: Apache-2.0 */
/* counters.h - what the operator sees of the feed. */
#ifndef HG_FEED_COUNTERS_H
#define HG_FEED_COUNTERS_H

#include "headgate/counter.h"

extern struct hg_counter hg_feed__live;
extern struct hg_counter hg_feed__catching;
extern struct hg_counter hg_feed__deliveries;
extern struct hg_counter hg_feed__encodings;
extern struct hg_counter hg_feed__refusals;
extern struct hg_counter hg_feed__reads;
extern struct hg_counter hg_feed__reads_failed;

/* One more gap was told, for one of the reasons of struct hg_notice. */
void hg_feed__count_gap(const char *reason);

#endif
