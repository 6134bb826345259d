/* SPDX-License-Identifier: Apache-2.0 */
/* lost.c - everybody who covers the partition is told a gap, whether live,
 * catching up or reading: from which record on it is void nobody knows. Who has
 * more than the log has goes on at its new end; who has less goes on where it
 * stands, so that nothing which is there is passed. */
#include "feed/lost.h"

#include "feed/read.h"
#include "feed/set.h"
#include "feed/start.h"
#include "feed/state.h"

static void lose_place(struct hg_feed__cover *cover, uint32_t i, uint64_t next) {
    struct hg_feed__place *place = &cover->places[i];
    switch (place->stand) {
    case HG_FEED__READY:
        hg_feed__place_gap(place, "reset", place->next < next ? place->next : next);
        break;
    case HG_FEED__GAP: /* not told yet: told with its own reason */
        place->first = place->first < next ? place->first : next;
        break;
    case HG_FEED__FRESH:
        hg_feed__place_first(cover->sub->feed, cover, i);
        break;
    case HG_FEED__CLAIMED: /* is verified, with a record that is there now */
    case HG_FEED__AFTER:
    case HG_FEED__SOUGHT:
    case HG_FEED__TAIL:
        break;
    }
}

void hg_feed__lose(struct hg_feed *f, struct hg_feed__topic *t, uint32_t partition, uint64_t next) {
    struct hg_feed__part *part = t->parts[partition];
    hg_feed__kick(f, t);
    HG_LIST_EACH(it, &f->all) {
        struct hg_subscriber *sub = HG_CONTAINER(it, struct hg_subscriber, all);
        struct hg_feed__cover *cover =
            sub->state == HG_FEED__CATCHING ? hg_feed__set_find(sub->set, t) : NULL;
        if (cover && partition < cover->n_places) { /* else it has not begun there */
            lose_place(cover, partition, next);
            hg_feed__read_cancel(sub); /* it may bring what is void */
            hg_feed__queue(sub, &f->ready);
        }
    }
    hg_feed__part_renew(part, part->epoch, next);
}
