/* SPDX-License-Identifier: Apache-2.0 */
/* inbox.c - sleeping and waking around a mailbox.
 *
 * The owner exchanges is_asleep, then looks once more; the poster who found
 * the mailbox empty posts, then exchanges is_asleep. Of two exchanges one is
 * first: either the poster's, and then the owner sees the task, or the owner's,
 * and then the poster sees a sleeper. No task waits for one. */
#include "log/inbox.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

int hg_inbox_init(struct hg_inbox *in) {
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) {
        return HG_EIO;
    }
    *in = (struct hg_inbox){.fd = fd};
    return 0;
}

void hg_inbox_fini(struct hg_inbox *in) {
    close(in->fd);
    in->fd = -1;
}

void hg_inbox_put(struct hg_inbox *in, struct hg_task *task) {
    struct hg_chain one = {0};
    hg_chain_add(&one, task);
    hg_inbox_put_all(in, &one);
}

void hg_inbox_put_all(struct hg_inbox *in, struct hg_chain *chain) {
    if (hg_mailbox_post_all(&in->box, chain) && atomic_exchange(&in->is_asleep, false)) {
        uint64_t one = 1;
        ssize_t n = write(in->fd, &one, sizeof one);
        HG_ASSERT(n == (ssize_t)sizeof one);
    }
}

static void sleep_a_while(struct hg_inbox *in, int wait_ms) {
    (void)atomic_exchange(&in->is_asleep, true);
    if (hg_mailbox_is_empty(&in->box)) {
        struct pollfd p = {.fd = in->fd, .events = POLLIN};
        (void)poll(&p, 1, wait_ms); /* an error is a wake-up too early */
    }
    if (!atomic_exchange(&in->is_asleep, false)) {
        /* Somebody woke us, or is about to write: a count left in the
         * descriptor would only wake us once for nothing. */
        uint64_t count;
        ssize_t n = read(in->fd, &count, sizeof count);
        (void)n;
    }
}

struct hg_task *hg_inbox_take(struct hg_inbox *in, int wait_ms) {
    struct hg_task *tasks = hg_mailbox_take(&in->box);
    if (tasks == NULL && wait_ms > 0) {
        sleep_a_while(in, wait_ms);
        tasks = hg_mailbox_take(&in->box);
    }
    return tasks;
}
