/* SPDX-License-Identifier: Apache-2.0 */
/* mailbox.c - tasks from any thread to one. */
#include "loop/mailbox.h"

bool hg_mailbox_post_all(struct hg_mailbox *m, struct hg_chain *c) {
    struct hg_task *before = atomic_load_explicit(&m->newest, memory_order_relaxed);
    do {
        c->oldest->next = before;
    } while (!atomic_compare_exchange_weak_explicit(&m->newest, &before, c->newest,
                                                    memory_order_release, memory_order_relaxed));
    *c = (struct hg_chain){NULL, NULL};
    return before == NULL;
}

bool hg_mailbox_post(struct hg_mailbox *m, struct hg_task *task) {
    struct hg_chain one = {task, task};
    return hg_mailbox_post_all(m, &one);
}

struct hg_task *hg_mailbox_take(struct hg_mailbox *m) {
    /* Only the owner takes, and it takes all: a task cannot come back between
     * a poster's load and its exchange as another one's next (no ABA). */
    struct hg_task *newest = atomic_exchange_explicit(&m->newest, NULL, memory_order_acquire);
    struct hg_task *oldest = NULL;
    while (newest != NULL) {
        struct hg_task *before = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = before;
    }
    return oldest;
}

bool hg_mailbox_is_empty(const struct hg_mailbox *m) {
    return atomic_load(&m->newest) == NULL;
}
