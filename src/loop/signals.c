/* SPDX-License-Identifier: Apache-2.0 */
/* signals.c - signals as events of one loop: the master's. Their functions run
 * as any other callback does, not inside a signal handler. */
#include "loop/loop.h"

#include "loop/loop_impl.h"

struct hg_signal {
    struct hg_signal *next;
    struct hg_loop *loop;
    struct event event;
    void (*fn)(void *arg, int signo);
    void *arg;
};

static void on_signal(evutil_socket_t signo, short what, void *arg) {
    struct hg_signal *signal = arg;
    (void)what;
    hg_loop__refresh_now(signal->loop);
    signal->fn(signal->arg, (int)signo);
}

int hg_loop_on_signal(struct hg_loop *loop, int signo, void (*fn)(void *arg, int signo),
                      void *arg) {
    struct hg_signal *signal = hg_try_alloc(sizeof(*signal));
    if (signal == NULL) {
        return HG_ENOMEM;
    }
    signal->loop = loop;
    signal->fn = fn;
    signal->arg = arg;
    if (event_assign(&signal->event, loop->base, signo, EV_SIGNAL | EV_PERSIST, on_signal,
                     signal) != 0 ||
        event_add(&signal->event, NULL) != 0) {
        hg_free(signal);
        return HG_EIO;
    }
    signal->next = loop->signals;
    loop->signals = signal;
    return 0;
}

void hg_loop__free_signals(struct hg_loop *loop) {
    while (loop->signals != NULL) {
        struct hg_signal *signal = loop->signals;
        loop->signals = signal->next;
        event_del(&signal->event);
        hg_free(signal);
    }
}
