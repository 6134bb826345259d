/* SPDX-License-Identifier: Apache-2.0 */
/* subscriber.h - the life of a subscriber, as the room's other files see it. */
#ifndef HG_FEED_SUBSCRIBER_H
#define HG_FEED_SUBSCRIBER_H

#include "feed/internal.h"

/* Nothing comes to it any more: out of the index, all queues and timers. */
void hg_feed__subscriber_quiet(struct hg_subscriber *sub);
void hg_feed__subscriber_free(struct hg_subscriber *sub);

#endif
