/* SPDX-License-Identifier: Apache-2.0 */
/* rest.h - a partition whose reads fail rests for a while: all who need it wait,
 * then one tries. So a log that is away is asked seldom, however many catch up,
 * and other partitions are read meanwhile. Who stands before the place that could
 * not be read does not wait for it: of a log that is there only its end may be
 * hidden, behind somebody's open transaction. */
#ifndef HG_FEED_REST_H
#define HG_FEED_REST_H

#include "base/clock.h"
#include "feed/internal.h"

int hg_feed__rest_init(struct hg_feed *f); /* HG_ENOMEM */
void hg_feed__rest_fini(struct hg_feed *f);

/* No read of it from there is to be begun now. */
static inline bool hg_feed__is_resting(const struct hg_feed__part *p, uint64_t from) {
    return p->rest_ms > 0 && from >= p->rest_from &&
           (p->is_tried || hg_clock_mono_ms() < p->rest_until_ms);
}
/* A read of it from there begins. */
void hg_feed__rest_try(struct hg_feed__part *p, uint64_t from);
/* It has ended, as the log says. */
void hg_feed__rest_note(struct hg_feed *f, struct hg_feed__part *p, uint64_t from, int err);

#endif
