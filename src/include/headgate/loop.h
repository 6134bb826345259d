/* SPDX-License-Identifier: Apache-2.0 */
/* loop.h - what a module may do with an event loop.
 *
 * A loop is one thread. What it owns is touched by no other; the only call
 * that other threads may make is hg_loop_post. */
#ifndef HEADGATE_LOOP_H
#define HEADGATE_LOOP_H

#include "headgate/base.h"

struct hg_loop;

/* Work to be run on a loop. Embedded in the caller's object; owned by the
 * loop from the post until run() is called, once. */
struct hg_task {
    struct hg_task *next;
    void (*run)(struct hg_task *task);
};

/* Any thread. Tasks of one poster run in the order of their posts. Never
 * fails and never blocks; wakes the loop at most once per batch. */
HG_API void hg_loop_post(struct hg_loop *loop, struct hg_task *task);

/* Owner thread: run task at the end of this turn of the loop, after all
 * input that was ready has been handled. */
HG_API void hg_loop_defer(struct hg_loop *loop, struct hg_task *task);

/* The loop of this thread, or NULL. */
HG_API struct hg_loop *hg_loop_current(void);

/* Milliseconds on the monotonic clock, read once per turn of the loop. */
HG_API int64_t hg_loop_now_ms(const struct hg_loop *loop);

typedef void (*hg_timer_fn)(void *arg);
struct hg_timer;

/* Owner thread. NULL when there is no memory. The timer is not started. */
HG_API struct hg_timer *hg_timer_new(struct hg_loop *loop, hg_timer_fn fn, void *arg);
HG_API void hg_timer_free(struct hg_timer **ptimer);
/* Fires once, after_ms from now; a second start moves it. */
HG_API void hg_timer_start(struct hg_timer *timer, int64_t after_ms);
HG_API void hg_timer_stop(struct hg_timer *timer);

#endif
