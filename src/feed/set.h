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
