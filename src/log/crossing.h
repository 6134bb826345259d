/* SPDX-License-Identifier: Apache-2.0 */
/* crossing.h - what passes between the loops and the log thread, many at a
 * time. Appends wait until their loop has nothing else to do: then they make
 * one group, and the log thread is woken once. Answers and the tail wait until
 * the log thread is about to do something that takes long. */
#ifndef HG_LOG_CROSSING_H
#define HG_LOG_CROSSING_H

#include "log/inbox.h"
#include "loop/loop.h"

/* One loop's side. */
struct hg_crossing {
    struct hg_loop *loop;
    struct hg_inbox *inbox;
    struct hg_task hand_over; /* in the loop's hands while appends wait */
    struct hg_chain appends;
};

struct hg_crossings {
    struct hg_inbox *inbox;
    unsigned n;
    struct hg_crossing *items; /* one for each loop, touched by it alone */
    struct hg_chain *answers;  /* the same, touched by the log thread alone */
};

/* HG_ENOMEM. */
int hg_crossings_init(struct hg_crossings *c, struct hg_loop *const *loops, unsigned n,
                      struct hg_inbox *inbox);
/* Nothing waits any more. */
void hg_crossings_fini(struct hg_crossings *c);
/* Thread of the loop. A loop that is none of them has its task put in at once. */
void hg_crossings_append(struct hg_crossings *c, struct hg_loop *loop, struct hg_task *task);
/* The log thread. */
void hg_crossings_answer(struct hg_crossings *c, struct hg_loop *loop, struct hg_task *task);
/* The log thread: let the answers go. */
void hg_crossings_send(struct hg_crossings *c);

#endif
