/* SPDX-License-Identifier: Apache-2.0 */
/* read.h - reads of the log on behalf of subscribers: bounded in number and
 * size, first come first served. */
#ifndef HG_FEED_READ_H
#define HG_FEED_READ_H

#include "feed/internal.h"

/* Queue the subscriber for one read, of the first of its places that needs
 * one when its turn comes. It is stepped when the read is done. */
void hg_feed__read_want(struct hg_subscriber *sub);
/* The result, when it comes, is nobody's. */
void hg_feed__read_cancel(struct hg_subscriber *sub);
/* Begin reads while there are any to begin. */
void hg_feed__read_pump(struct hg_feed *f);
/* The feed goes away before its reads are done. */
void hg_feed__read_abandon(struct hg_feed *f);

#endif
