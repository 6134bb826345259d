/* SPDX-License-Identifier: Apache-2.0 */
/* state.h - the transitions of a subscriber. feed.h has the diagram; every
 * other file of the room moves a subscriber on by one of these calls. */
#ifndef HG_FEED_STATE_H
#define HG_FEED_STATE_H

#include "feed/internal.h"

/* What a subscriber needs before it can go on. */
enum hg_feed__turn {
    HG_FEED__LEVEL,      /* nothing: its cursor is the loop's, everywhere */
    HG_FEED__IS_AHEAD,   /* the loop has to reach its cursor somewhere */
    HG_FEED__WANTS_ROOM, /* its stream's on_room */
    HG_FEED__WANTS_READ, /* a read of the log */
    HG_FEED__WANTS_TURN, /* to let others run first */
    HG_FEED__HAD_SHARE,  /* of a place: it has more, for its next turn (page.h) */
    HG_FEED__WANTS_MEMORY,
};

int hg_feed__state_init(struct hg_feed *f);
void hg_feed__state_fini(struct hg_feed *f);

/* CATCHING: go on as far as possible; ends LIVE, waiting for one of the
 * above, or, for an answer, gone. Harmless in any other state. */
void hg_feed__step(struct hg_subscriber *sub);
/* LIVE -> CATCHING: out of the index, its cursor the loop's at this moment.
 * The caller sees to it that it is stepped. Harmless in any other state. */
void hg_feed__leave_live(struct hg_subscriber *sub);
/* Stand in one of the feed's queues, and in no other. */
void hg_feed__queue(struct hg_subscriber *sub, struct hg_list *queue);
/* What waits in `later`, and reads that the log did not take, are tried again
 * in a moment. */
void hg_feed__arm_later(struct hg_feed *f);
/* The loop may have reached the cursor of one that was ahead: all who wait for
 * that are stepped at the next turn. */
void hg_feed__wake_ahead(struct hg_feed *f);
/* All live subscribers of a topic leave, to be stepped at the next turn. */
void hg_feed__kick(struct hg_feed *f, const struct hg_feed__topic *t);

#endif
