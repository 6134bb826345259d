/* SPDX-License-Identifier: Apache-2.0 */
/* lost.h - what was shown of a partition is void from some record on: the log
 * was cut back there, or the topic made again. */
#ifndef HG_FEED_LOST_H
#define HG_FEED_LOST_H

#include "feed/internal.h"

/* The partition goes on at next or later. Not while a batch is dispatched. */
void hg_feed__lose(struct hg_feed *f, struct hg_feed__topic *t, uint32_t partition, uint64_t next);

#endif
