/* SPDX-License-Identifier: Apache-2.0 */
/* loop_impl.h - a loop from the inside, for the files of this room alone. */
#ifndef HG_LOOP_LOOP_IMPL_H
#define HG_LOOP_LOOP_IMPL_H

#include <event2/event.h>
#include <event2/event_struct.h>

#include "loop/loop.h"

struct hg_signal;

struct hg_loop {
    struct hg_mailbox mailbox; /* any thread */
    atomic_bool is_asleep;     /* any thread: a poster has to wake the owner; below: its alone */
    unsigned index;
    int wake_fd; /* eventfd */
    bool is_stopping;
    bool is_now_fresh;              /* now_ms was read since the last sleep */
    int64_t now_ms;                 /* monotonic */
    struct hg_task *deferred;       /* oldest first */
    struct hg_task **deferred_tail; /* where the next one is linked */
    struct hg_task *idle;           /* for when nothing is ready; newest first */
    int64_t idle_since_us;          /* of the oldest */
    struct event_base *base;
    struct event wake;
    struct hg_signal *signals;
    char *scratch;
    void *user;
};

/* Every callback from libevent passes here first, so that the clock is read
 * after the sleep and once per turn. */
void hg_loop__refresh_now(struct hg_loop *loop);

void hg_loop__free_signals(struct hg_loop *loop);

#endif
