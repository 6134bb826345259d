/* SPDX-License-Identifier: Apache-2.0 */
/* start.h - where a subscriber begins, and the gaps it is told of. */
#ifndef HG_FEED_START_H
#define HG_FEED_START_H

#include "feed/internal.h"
#include "feed/state.h"

/* Set the places as the subscription asks. HG_ENOMEM. */
int hg_feed__start(struct hg_subscriber *sub, const struct hg_subscription *s);
/* Verify and look up what can be without a read. LEVEL: every place is known;
 * WANTS_READ; IS_AHEAD: what has to be read rests. */
enum hg_feed__turn hg_feed__resolve(struct hg_subscriber *sub);
/* The records that a CLAIMED or SOUGHT place asked for; one is enough.
 * Arguments as in struct hg_log_fetch; level is where the loop stood when the
 * read began. False: the log could not say; ask again later. */
bool hg_feed__on_found(struct hg_subscriber *sub, struct hg_feed__cover *cover, uint32_t i, int err,
                       const struct hg_batch *batch, uint64_t next, uint64_t level);
/* The first things on a stream, once: gaps, then the opened notice. */
enum hg_feed__turn hg_feed__say_start(struct hg_subscriber *sub);
/* What follows the place is gone; the stream goes on from first. */
void hg_feed__place_gap(struct hg_feed__place *place, const char *reason, uint64_t first);
/* Tell a place's gap and go on behind it. False: no memory. */
bool hg_feed__tell_gap(struct hg_subscriber *sub, struct hg_feed__cover *cover, uint32_t i);

#endif
