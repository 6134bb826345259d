/* SPDX-License-Identifier: Apache-2.0 */
/* refill.h - bringing a subscriber's places up to the loop's position, from
 * the window where it reaches, else from the log. */
#ifndef HG_FEED_REFILL_H
#define HG_FEED_REFILL_H

#include "feed/internal.h"
#include "feed/state.h"

/* Give what the windows have. LEVEL: every place is at the loop's position. */
enum hg_feed__turn hg_feed__refill(struct hg_subscriber *sub);
/* Does the place need records that only the log has? */
bool hg_feed__is_behind_window(const struct hg_feed__cover *cover, uint32_t i);
/* Records from the log for a READY or FRESH place; arguments as for
 * hg_feed__on_found. False: the log or memory failed; ask again later. */
bool hg_feed__on_records(struct hg_subscriber *sub, struct hg_feed__cover *cover, uint32_t i,
                         int err, struct hg_batch *batch, uint64_t next, uint64_t level);

#endif
