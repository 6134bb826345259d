/* SPDX-License-Identifier: Apache-2.0 */
/* set.h - the topics that a subscriber covers and its places in them. */
#ifndef HG_FEED_SET_H
#define HG_FEED_SET_H

#include "feed/internal.h"

/* The set of these topics. Places that `old` (may be NULL) has too are kept,
 * new ones begin at the loop's position. NULL: no memory. */
struct hg_feed__set *hg_feed__set_new(struct hg_subscriber *sub, const uint32_t *topics, size_t n,
                                      struct hg_feed__set *old);
void hg_feed__set_free(struct hg_feed__set **pset);
/* NULL: not covered. */
struct hg_feed__cover *hg_feed__set_find(struct hg_feed__set *set, const struct hg_feed__topic *t);

/* The topic with all partitions that the log knows of: to those who cover it new
 * ones are added by hg_feed__set_settle. NULL as hg_feed__parts_topic, and
 * without memory for a partition. Not while a batch is dispatched. */
struct hg_feed__topic *hg_feed__topic(struct hg_feed *f, uint32_t id);
/* The set has a place in each partition of its topics; in those that came since it
 * was made, at the first record. HG_ENOMEM. CATCHING, and no read is under way. */
int hg_feed__set_settle(struct hg_subscriber *sub);

/* A walk over all places of a set, each once, beginning anywhere. */
struct hg_feed__walk {
    struct hg_feed__set *set;
    size_t left; /* places still to come */
    size_t c;
    uint32_t i;
};
void hg_feed__walk_begin(struct hg_feed__walk *w, struct hg_feed__set *set, size_t start);
/* The cover and the number of its place; false at the end. */
bool hg_feed__walk_next(struct hg_feed__walk *w, struct hg_feed__cover **ret_cover,
                        uint32_t *ret_i);

/* Stand where the loop stands. */
void hg_feed__place_at(struct hg_feed__place *place, const struct hg_feed__part *part);
/* Stand at the first record there is. */
void hg_feed__place_first(const struct hg_feed *f, const struct hg_feed__cover *cover, uint32_t i);

#endif
