/* SPDX-License-Identifier: Apache-2.0 */
/* encode.h - the shared bytes of an event for one sink: made at most once per
 * entry and slot, on whichever loop needs them first. */
#ifndef HG_FEED_ENCODE_H
#define HG_FEED_ENCODE_H

#include "feed/internal.h"

/* The entry's encoding for the subscriber's sink, borrowed from the entry;
 * blob->mark is where its own position begins. Empty: the sink refuses the
 * event. NULL: no memory. */
struct hg_blob *hg_feed__encoding(struct hg_feed *f, const struct hg_subscriber *sub,
                                  const struct hg_feed__topic *t, const struct hg_batch *batch,
                                  struct hg_entry *e);

#endif
