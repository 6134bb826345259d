/* SPDX-License-Identifier: Apache-2.0 */
/* answer.h - HG_SINK_ANSWER: a subscriber whose events are collected into one
 * body of bounded size. */
#ifndef HG_FEED_ANSWER_H
#define HG_FEED_ANSWER_H

#include "feed/internal.h"
#include "feed/write.h"

/* HG_ENOMEM. */
int hg_feed__answer_new(const struct hg_subscription *s, struct hg_feed__answer **ret);
void hg_feed__answer_free(struct hg_feed__answer **pa);
/* One more element of the body: an event, or a notice. NO_ROOM when it does
 * not fit behind what is there; the first always fits. */
enum hg_feed__given hg_feed__answer_take(struct hg_subscriber *sub, struct hg_slice bytes,
                                         bool is_event);
/* The subscriber has got as far as it can for now; is_level: nothing more is
 * there. True: it was answered and is gone. */
bool hg_feed__answer_settle(struct hg_subscriber *sub, bool is_level);
/* A gap that the sink has no notice for. */
void hg_feed__answer_gap(struct hg_subscriber *sub, const struct hg_notice *n, bool was_told);
/* The time it may take is counted from now. With is_whole it has what the log
 * has by now, also where the tail has not brought that to this loop yet: who was
 * told that an event is stored is given it by every pull that begins then. */
void hg_feed__answer_start(struct hg_subscriber *sub, bool is_whole);
/* It goes on to here before it is level; the loop's position, or beyond it. */
uint64_t hg_feed__answer_end(const struct hg_feed__cover *cover, uint32_t i);
/* Nothing more of the place is to be had beyond the loop's position. */
void hg_feed__answer_at_end(const struct hg_feed__cover *cover, uint32_t i);
/* The subscriber covers others from now on: it is held to nothing any more. */
void hg_feed__answer_let_go(struct hg_subscriber *sub);
void hg_feed__answer_on_due(struct hg_subscriber *sub);
/* Answer with what is there at the next turn. */
void hg_feed__answer_hurry(struct hg_subscriber *sub);

#endif
