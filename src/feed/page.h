/* SPDX-License-Identifier: Apache-2.0 */
/* page.h - how the events of one pull are shared out between the places that it
 * covers: in turns, so that a partition with a long past does not keep the others
 * from being seen.
 *
 * A turn is over when the place has given its share of the page's events or bytes,
 * or what one read brought. Which place begins is chosen by the cursor: pages with
 * room for a few places begin somewhere else each time, on any node. Shares double
 * from round to round, so the number of turns is bounded however few places have
 * anything. Nothing of it for a single place. */
#ifndef HG_FEED_PAGE_H
#define HG_FEED_PAGE_H

#include "feed/internal.h"

static inline bool hg_feed__is_paged(const struct hg_subscriber *sub) {
    return sub->answer && sub->set->n_places > 1;
}
/* Its places are resolved. Once; again it does nothing. The place whose turn it is
 * is sub->first_served from now on. */
void hg_feed__page_begin(struct hg_subscriber *sub);
/* The place whose turn it is has had its share. Never of who is not paged. */
bool hg_feed__page_is_over(const struct hg_subscriber *sub);
/* The turn of the next one; nothing for who is not paged. */
void hg_feed__page_next(struct hg_subscriber *sub);
/* How many events its turn, or for a single place the page, has left; at least 1. */
size_t hg_feed__page_left(const struct hg_subscriber *sub);

#endif
