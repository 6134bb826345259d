/* SPDX-License-Identifier: Apache-2.0 */
/* gather.h - a crowd is written to once for what is acknowledged together.
 *
 * A log whose partitions answer each for itself shows one group of publishes in
 * several batches, a fraction of a millisecond apart. Where many follow a topic, each
 * of them costs a write to every one; so while more of the topic is on its way, a
 * batch waits a moment for the others. */
#ifndef HG_FEED_GATHER_H
#define HG_FEED_GATHER_H

#include "base/list.h"
#include "headgate/base.h"

struct hg_batch;
struct hg_feed;
struct hg_feed__topic;

/* Of one topic: what waits, in its order. Zeroed has nothing. */
struct hg_feed__gather {
    struct hg_batch **batches; /* a reference to each */
    size_t n;
    int64_t until_ms;
    struct hg_list node; /* in feed.gathering while n > 0 */
};

typedef void (*hg_feed__show_fn)(struct hg_feed *f, struct hg_feed__topic *t,
                                 struct hg_batch *batch);

/* show is what is done with each in the end. HG_ENOMEM. */
int hg_feed__gather_init(struct hg_feed *f, hg_feed__show_fn show);
void hg_feed__gather_fini(struct hg_feed *f);
/* Of a topic that goes away: nobody is left to be shown it. */
void hg_feed__gather_drop(struct hg_feed__gather *g);
/* False: the batch is to be shown now; all before it have been. */
bool hg_feed__gather_keeps(struct hg_feed *f, struct hg_feed__topic *t, struct hg_batch *batch);

#endif
