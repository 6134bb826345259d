/* SPDX-License-Identifier: Apache-2.0 */
/* listener.c - accepting, and what happens when there are too many.
 *
 * Too many connections: the new one is closed. Too few descriptors: a spare
 * one is given up to take clients off the backlog and close them, so that they
 * learn of it, and accepting rests for a while. Too many handshakes: clients
 * wait in the backlog. */
#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/conn_impl.h"
#include "net/conn_tls.h"
#include "net/counters.h"
#include "net/limit.h"

enum {
    LISTENER_MAGIC = 0x6c697374,
    ACCEPTS_PER_TURN = 64,
    BACK_OFF_MS = 100,
    HANDSHAKE_TIMEOUT_MS = 5000,
    HANDSHAKES_MAX = 512,
};

static void unref(struct hg_listener *l) {
    l->refs--;
    if (l->refs == 0) {
        SSL_CTX_free(l->front);
        l->magic = 0;
        hg_free(l);
    }
}

static bool may_accept(const struct hg_listener *l) {
    return !l->is_stopped && !l->is_backing_off && l->handshakes < l->handshakes_max;
}

static void watch(struct hg_listener *l) {
    unsigned want = may_accept(l) ? HG_WATCH_READ : 0;
    if (!l->is_stopped && want != l->watch.want) {
        hg_watch_set(&l->watch, want);
    }
}

void hg_listener__handshake_begin(struct hg_listener *l) {
    l->refs++;
    l->handshakes++;
}

void hg_listener__handshake_end(struct hg_listener **pl) {
    struct hg_listener *l = *pl;
    *pl = NULL;
    if (l) {
        l->handshakes--;
        watch(l);
        unref(l);
    }
}

static void open_spare(struct hg_listener *l) {
    if (l->spare_fd < 0) {
        l->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
}

static void on_backed_off(void *arg) {
    struct hg_listener *l = HG_CAST(struct hg_listener, LISTENER_MAGIC, arg);
    l->is_backing_off = false;
    open_spare(l);
    watch(l);
}

static void back_off(struct hg_listener *l) {
    l->is_backing_off = true;
    hg_timer_start(l->back_off, BACK_OFF_MS);
    watch(l);
}

/* Take clients off the backlog, a few at a time, only to close them. */
static void turn_away(struct hg_listener *l) {
    if (l->spare_fd < 0) {
        return;
    }
    close(l->spare_fd);
    l->spare_fd = -1;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        int fd = accept4(l->watch.fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) {
            break;
        }
        close(fd);
        hg_counter_add(&hg_net_connections_refused_total, 1);
    }
    open_spare(l);
}

/* Whether accepting can go on at once. */
static bool survive_error(struct hg_listener *l, int error) {
    switch (error) {
    case EAGAIN:
        return false;
    case EINTR:
        return true;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        hg_counter_add(&hg_net_accept_errors_total, 1);
        turn_away(l);
        back_off(l);
        return false;
    case EBADF:
    case EINVAL:
    case ENOTSOCK:
    case EOPNOTSUPP:
        hg_counter_add(&hg_net_accept_errors_total, 1);
        back_off(l);
        return false;
    default: /* of that one client: it went away in the backlog, and the like */
        hg_counter_add(&hg_net_accept_errors_total, 1);
        return true;
    }
}

/* A private listener's places are its own: an operator is let in when there
 * are too many clients. */
static bool take_place(struct hg_listener *l) {
    if (l->places_max > 0) {
        return l->n_private < l->places_max;
    }
    if (!hg_net_limit_take()) {
        hg_counter_add(&hg_net_connections_refused_total, 1);
        return false;
    }
    return true;
}

static void give_place(struct hg_listener *l) {
    if (l->places_max == 0) {
        hg_net_limit_give();
    }
}

static void count(struct hg_listener *l, struct hg_counter *counter) {
    if (l->places_max == 0) {
        hg_counter_add(counter, 1);
    }
}

static void admit(struct hg_listener *l, int fd, const struct hg_addr *peer) {
    if (!take_place(l)) {
        close(fd);
        return;
    }
    struct hg_conn *c = NULL;
    if (hg_conn__make(l->loop, fd, peer, &c) != 0) {
        give_place(l);
        hg_counter_add(&hg_net_accept_errors_total, 1);
        return;
    }
    c->is_private = l->places_max > 0;
    c->is_placed = !c->is_private;
    c->listener_arg = l->arg;
    if (l->front && hg_conn_tls__accept(c, l->front, l) != 0) {
        hg_counter_add(&hg_net_accept_errors_total, 1);
        hg_conn__drop(&c);
        return;
    }
    if (l->ops->on_accept(l->arg, c) != 0) {
        count(l, &hg_net_connections_refused_total);
        hg_conn__drop(&c);
        return;
    }
    HG_ASSERT(c->ops != NULL);
    c->listener = l;
    l->refs++;
    hg_list_append(&l->conns, &c->sibling);
    l->n_private += c->is_private;
    count(l, &hg_net_connections_total);
    hg_conn__start(c);
}

static void on_acceptable(void *arg, unsigned ready) {
    (void)ready;
    struct hg_listener *l = HG_CAST(struct hg_listener, LISTENER_MAGIC, arg);
    l->refs++; /* on_accept may stop it */
    for (int i = 0; i < ACCEPTS_PER_TURN && may_accept(l); i++) {
        struct hg_addr peer = {.len = sizeof peer.sa};
        int fd = accept4(l->watch.fd, &peer.sa.any, &peer.len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            admit(l, fd, &peer);
        } else if (!survive_error(l, errno)) {
            break;
        }
    }
    watch(l);
    unref(l);
}

int hg_listener_start(struct hg_loop *loop, int fd, bool is_tls, const struct hg_listener_ops *ops,
                      void *arg, struct hg_listener **ret) {
    struct hg_listener *l = hg_try_alloc(sizeof *l);
    if (!l) {
        return HG_ENOMEM;
    }
    hg_net_counters_register();
    l->magic = LISTENER_MAGIC;
    l->refs = 1;
    hg_list_init(&l->conns);
    l->loop = loop;
    l->ops = ops;
    l->arg = arg;
    l->spare_fd = -1;
    l->handshake_timeout_ms = HANDSHAKE_TIMEOUT_MS;
    l->handshakes_max = HANDSHAKES_MAX;
    if (hg_watch_init(&l->watch, loop, fd, on_acceptable, l) != 0) {
        hg_free(l);
        return HG_ENOMEM;
    }
    l->back_off = hg_timer_new(loop, on_backed_off, l);
    l->front = is_tls ? hg_conn_tls__front_new() : NULL;
    if (!l->back_off || (is_tls && !l->front)) {
        hg_listener_stop(&l);
        return HG_ENOMEM;
    }
    hg_addr_tune(fd);
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    open_spare(l);
    watch(l);
    *ret = l;
    return 0;
}

void hg_listener_set_arg(struct hg_listener *l, void *arg) {
    l->arg = arg;
}

void *hg_listener_arg(const struct hg_listener *l) {
    return l->arg;
}

void hg_listener_set_handshake_timeout(struct hg_listener *l, int64_t timeout_ms) {
    HG_ASSERT(timeout_ms > 0);
    l->handshake_timeout_ms = timeout_ms;
}

void hg_listener_set_handshakes_max(struct hg_listener *l, unsigned at_once_max) {
    HG_ASSERT(at_once_max > 0);
    l->handshakes_max = at_once_max;
    watch(l);
}

void hg_listener_set_private(struct hg_listener *l, unsigned at_once_max) {
    HG_ASSERT(at_once_max > 0 && hg_list_is_empty(&l->conns));
    l->places_max = at_once_max;
}

void hg_listener__left(struct hg_conn *c) {
    if (c->listener) {
        hg_list_remove(&c->sibling);
        c->listener->n_private -= c->is_private;
        unref(c->listener);
        c->listener = NULL;
    }
}

void hg_listener_each(struct hg_listener *l, void (*fn)(struct hg_conn *c)) {
    HG_LIST_EACH(node, &l->conns) {
        fn(HG_CONTAINER(node, struct hg_conn, sibling));
    }
}

bool hg_listener_has_conns(const struct hg_listener *l) {
    return !hg_list_is_empty(&l->conns);
}

void hg_listener_shut(struct hg_listener *l) {
    if (l->is_stopped) {
        return;
    }
    l->is_stopped = true;
    hg_watch_fini(&l->watch);
    hg_timer_free(&l->back_off);
    if (l->spare_fd >= 0) {
        close(l->spare_fd);
        l->spare_fd = -1;
    }
}

void hg_listener_stop(struct hg_listener **pl) {
    struct hg_listener *l = *pl;
    *pl = NULL;
    if (l) {
        hg_listener_shut(l);
        unref(l);
    }
}
