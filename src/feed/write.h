/* SPDX-License-Identifier: Apache-2.0 */
/* write.h - from the feed to a subscriber's stream or answer: shared events,
 * notices of its own, and the cursor it is told. */
#ifndef HG_FEED_WRITE_H
#define HG_FEED_WRITE_H

#include "feed/internal.h"

enum hg_feed__given {
    HG_FEED__GIVEN,     /* written, or not wanted: the cursor may move on */
    HG_FEED__NO_ROOM,   /* nothing was written */
    HG_FEED__NO_MEMORY, /* nothing was written */
};

bool hg_feed__has_room(const struct hg_subscriber *sub);
/* One record: judged by the filter, encoded if need be, written. */
enum hg_feed__given hg_feed__give(struct hg_subscriber *sub, const struct hg_feed__topic *t,
                                  const struct hg_batch *batch, struct hg_entry *e);
/* After the last event of one write; the cursor stands behind it. */
void hg_feed__end_write(struct hg_subscriber *sub);
/* Once for many: the counter is shared by threads. */
void hg_feed__count_deliveries(struct hg_feed *f);
/* Append where the subscriber stands, one token for each partition. */
void hg_feed__cursor_put(const struct hg_subscriber *sub, struct hg_buf *out);
/* Write a notice, with the cursor filled in when has_cursor. False: no
 * memory, nothing was written. *ret_wrote (may be NULL): the sink has such a
 * notice. */
bool hg_feed__tell(struct hg_subscriber *sub, struct hg_notice *n, bool has_cursor,
                   bool *ret_wrote);

#endif
