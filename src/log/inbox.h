/* SPDX-License-Identifier: Apache-2.0 */
/* inbox.h - a mailbox whose owner sleeps when it is empty. Posters pay for a
 * system call only when the owner is really asleep: under load never. */
#ifndef HG_LOG_INBOX_H
#define HG_LOG_INBOX_H

#include "loop/mailbox.h"

struct hg_inbox {
    struct hg_mailbox box;
    atomic_bool is_asleep;
    int fd; /* eventfd */
};

int hg_inbox_init(struct hg_inbox *in); /* HG_EIO */
void hg_inbox_fini(struct hg_inbox *in);
/* Any thread. */
void hg_inbox_put(struct hg_inbox *in, struct hg_task *task);
/* The same with all of a chain that is not empty. */
void hg_inbox_put_all(struct hg_inbox *in, struct hg_chain *chain);
/* Owner. All tasks there are, oldest first; NULL after at most wait_ms
 * without any. */
struct hg_task *hg_inbox_take(struct hg_inbox *in, int wait_ms);

#endif
