/* SPDX-License-Identifier: Apache-2.0 */
/* watch.c - telling the owner of a descriptor when it is ready. Reads and
 * writes nothing itself. */
#include "loop/loop.h"

#include "loop/loop_impl.h"

struct watch_impl {
    struct event event;
    struct hg_watch *watch;
    hg_watch_fn fn;
    void *arg;
};

static void on_ready(evutil_socket_t fd, short what, void *arg);

static void arm(struct watch_impl *impl) {
    struct hg_watch *w = impl->watch;
    short events = EV_PERSIST;
    events |= (w->want & HG_WATCH_READ) != 0 ? EV_READ : 0;
    events |= (w->want & HG_WATCH_WRITE) != 0 ? EV_WRITE : 0;
    event_del(&impl->event);
    event_assign(&impl->event, w->loop->base, w->fd, events, on_ready, impl);
    if (w->want != 0 && event_add(&impl->event, NULL) != 0) {
        /* No memory: come back through on_ready and try again until there is. */
        event_active(&impl->event, EV_TIMEOUT, 0);
    }
}

static void on_ready(evutil_socket_t fd, short what, void *arg) {
    struct watch_impl *impl = arg;
    unsigned ready = 0;
    (void)fd;
    hg_loop__refresh_now(impl->watch->loop);
    if ((what & EV_TIMEOUT) != 0) {
        arm(impl);
    }
    ready |= (what & EV_READ) != 0 ? HG_WATCH_READ : 0;
    ready |= (what & EV_WRITE) != 0 ? HG_WATCH_WRITE : 0;
    /* Another callback of this turn may have changed what is wanted. */
    ready &= impl->watch->want;
    if (ready != 0) {
        impl->fn(impl->arg, ready); /* may end the watch */
    }
}

int hg_watch_init(struct hg_watch *w, struct hg_loop *loop, int fd, hg_watch_fn fn, void *arg) {
    struct watch_impl *impl = hg_try_alloc(sizeof(*impl));
    if (impl == NULL) {
        return HG_ENOMEM;
    }
    *w = (struct hg_watch){.loop = loop, .impl = impl, .fd = fd};
    impl->watch = w;
    impl->fn = fn;
    impl->arg = arg;
    event_assign(&impl->event, loop->base, fd, EV_PERSIST, on_ready, impl);
    return 0;
}

void hg_watch_set(struct hg_watch *w, unsigned want) {
    HG_ASSERT(w->impl != NULL);
    if (want != w->want) {
        w->want = want;
        arm(w->impl);
    }
}

void hg_watch_fini(struct hg_watch *w) {
    struct watch_impl *impl = w->impl;
    if (impl != NULL) {
        event_del(&impl->event);
        hg_free(impl);
    }
    *w = (struct hg_watch){.fd = -1};
}
