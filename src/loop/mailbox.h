/* SPDX-License-Identifier: Apache-2.0 */
/* mailbox.h - tasks from any thread to one. A stack that posters push on and
 * the owner takes whole and turns round: no lock, no allocation, and the order
 * of each poster is kept. Knows neither loops nor wake-ups. */
#ifndef HG_LOOP_MAILBOX_H
#define HG_LOOP_MAILBOX_H

#include <stdatomic.h>

#include "headgate/loop.h"

/* Zeroed is empty. */
struct hg_mailbox {
    _Atomic(struct hg_task *) newest;
};

/* Tasks that one thread gathers, to post them together. Zeroed is empty. */
struct hg_chain {
    struct hg_task *newest, *oldest; /* linked by next from the newest on */
};

static inline void hg_chain_add(struct hg_chain *c, struct hg_task *task) {
    task->next = c->newest;
    c->newest = task;
    c->oldest = c->oldest != NULL ? c->oldest : task;
}

static inline bool hg_chain_is_empty(const struct hg_chain *c) {
    return c->newest == NULL;
}

/* Any thread. True when the mailbox was empty: the poster who is told so, and
 * no other, has to wake the owner. */
bool hg_mailbox_post(struct hg_mailbox *m, struct hg_task *task);
/* The same with all of a chain that is not empty; it is empty then. */
bool hg_mailbox_post_all(struct hg_mailbox *m, struct hg_chain *c);
/* Owner. All tasks there are, oldest first, linked by next; or NULL. */
struct hg_task *hg_mailbox_take(struct hg_mailbox *m);
bool hg_mailbox_is_empty(const struct hg_mailbox *m);

#endif
