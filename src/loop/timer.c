/* SPDX-License-Identifier: Apache-2.0 */
/* timer.c - one shot after some milliseconds. Never early by the clock of its
 * loop; late by what the turn of the loop and the system's tick add. */
#include "headgate/loop.h"

#include "loop/loop_impl.h"

/* A bit over three years: above any sane wait, below any overflow. */
static const int64_t after_ms_max = 100000000000;

struct hg_timer {
    struct event event;
    struct hg_loop *loop;
    int64_t due_ms;
    hg_timer_fn fn;
    void *arg;
};

static void arm(struct hg_timer *timer, int64_t after_ms) {
    struct timeval tv = {.tv_sec = after_ms / 1000, .tv_usec = after_ms % 1000 * 1000};
    if (event_add(&timer->event, &tv) != 0) {
        /* No memory: come back through on_due and try again until there is. */
        event_active(&timer->event, EV_TIMEOUT, 0);
    }
}

static void on_due(evutil_socket_t fd, short what, void *arg) {
    struct hg_timer *timer = arg;
    (void)fd;
    (void)what;
    hg_loop__refresh_now(timer->loop);
    /* libevent reads a clock that is up to a tick behind, so it can be early. */
    int64_t left_ms = timer->due_ms - timer->loop->now_ms;
    if (left_ms > 0) {
        arm(timer, left_ms);
    } else {
        timer->fn(timer->arg); /* may free the timer */
    }
}

struct hg_timer *hg_timer_new(struct hg_loop *loop, hg_timer_fn fn, void *arg) {
    struct hg_timer *timer = hg_try_alloc(sizeof(*timer));
    if (timer != NULL) {
        timer->loop = loop;
        timer->fn = fn;
        timer->arg = arg;
        event_assign(&timer->event, loop->base, -1, 0, on_due, timer);
    }
    return timer;
}

void hg_timer_free(struct hg_timer **ptimer) {
    if (*ptimer != NULL) {
        hg_timer_stop(*ptimer);
        hg_free(*ptimer);
        *ptimer = NULL;
    }
}

void hg_timer_start(struct hg_timer *timer, int64_t after_ms) {
    after_ms = after_ms < 0 ? 0 : after_ms > after_ms_max ? after_ms_max : after_ms;
    timer->due_ms = timer->loop->now_ms + after_ms;
    arm(timer, after_ms);
}

void hg_timer_stop(struct hg_timer *timer) {
    event_del(&timer->event);
}
