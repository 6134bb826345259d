/* SPDX-License-Identifier: Apache-2.0 */
/* follow.h - a log may give the tail of a topic only while it is wanted. A loop
 * wants it while some subscriber covers the topic; until it comes, the loop's
 * position is no end to be caught up with. Where the log gives every tail
 * nothing is asked and nobody waits. */
#ifndef HG_FEED_FOLLOW_H
#define HG_FEED_FOLLOW_H

#include "feed/internal.h"

int hg_feed__follow_init(struct hg_feed *f); /* HG_ENOMEM */
void hg_feed__follow_fini(struct hg_feed *f);

/* A set covers the topic from now on, or does no more. */
void hg_feed__follow_join(struct hg_feed *f, struct hg_feed__topic *t);
void hg_feed__follow_leave(struct hg_feed *f, struct hg_feed__topic *t);
/* What the log has of it comes to this loop. */
static inline bool hg_feed__is_followed(const struct hg_feed *f, const struct hg_feed__topic *t) {
    return !f->is_tail_by_wish || t->follow.is_ready;
}
/* Whoever begins with what comes next stands at the loop's position once that is
 * one. False: a subscriber that was told nothing yet has to wait for that. */
bool hg_feed__follow_settle(struct hg_subscriber *sub);

#endif
