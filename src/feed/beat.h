/* SPDX-License-Identifier: Apache-2.0 */
/* beat.h - what a stream is told because time has passed: heartbeats, and
 * the position of streams whose events do not carry it. */
#ifndef HG_FEED_BEAT_H
#define HG_FEED_BEAT_H

#include "feed/internal.h"

/* HG_ENOMEM. */
int hg_feed__beat_init(struct hg_feed *f);
void hg_feed__beat_fini(struct hg_feed *f);
/* The opened notice is out: heartbeats begin. */
void hg_feed__beat_start(struct hg_subscriber *sub);
/* The cursor moved and the stream has not been told. */
void hg_feed__beat_owe(struct hg_subscriber *sub);
/* Tell now what is owed, if anything. */
void hg_feed__beat_pay(struct hg_subscriber *sub);
/* A notice has said this cursor. */
void hg_feed__beat_told(struct hg_subscriber *sub, struct hg_slice cursor);
void hg_feed__beat_stop(struct hg_subscriber *sub);

#endif
