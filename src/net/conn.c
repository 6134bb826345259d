/* SPDX-License-Identifier: Apache-2.0 */
/* conn.c - the life of a connection: reading, deadlines, closing.
 *
 * Knows nothing of what the bytes mean, and leaves writing to conn_out.c and
 * TLS to conn_tls.c. */
#include "net/conn.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/conn_impl.h"
#include "net/conn_tls.h"
#include "net/counters.h"
#include "net/limit.h"
#include "net/listener.h"

enum {
    CONN_MAGIC = 0x636f6e6e,
    /* Its fair share: then the other connections of the turn have theirs. */
    READS_PER_TURN = 4,
    LINGER_MS = 2000,
    LAST_FLUSH_MS = 30000,
};

enum hg_conn_end hg_conn__end_of(int error) {
    switch (error) {
    case EPIPE:
    case ECONNRESET:
        return HG_CONN_PEER;
    case ETIMEDOUT:
        return HG_CONN_TIMEOUT;
    default:
        return HG_CONN_ERROR;
    }
}

/* --- reading --- */

static bool can_read(const struct hg_conn *c) {
    if (c->is_eof || c->state == HG_CONN_DEAD) {
        return false;
    }
    if (c->state >= HG_CONN_CLOSING) {
        return true; /* to discard */
    }
    return !c->is_paused && !(c->tls && hg_conn_tls__is_holding(c));
}

void hg_conn__watch(struct hg_conn *c) {
    unsigned want = 0;
    bool is_started = c->state != HG_CONN_OPENING || c->tls;
    if (is_started && c->state != HG_CONN_DEAD) {
        want |= c->is_eof || c->is_read_off ? 0 : HG_WATCH_READ;
        want |= c->is_blocked ? HG_WATCH_WRITE : 0;
    }
    if (want != c->watch.want) {
        hg_watch_set(&c->watch, want);
    }
}

void hg_conn__bytes(struct hg_conn *c, const char *bytes, size_t n) {
    if (c->state == HG_CONN_OPEN && n > 0) {
        c->ops->on_bytes(c, bytes, n);
    }
}

void hg_conn__eof(struct hg_conn *c) {
    if (c->is_eof || c->state == HG_CONN_DEAD) {
        return;
    }
    c->is_eof = true;
    if (c->state == HG_CONN_LINGERING) {
        hg_conn__die(c, c->end);
    } else if (c->state == HG_CONN_OPENING) {
        hg_conn__die(c, HG_CONN_PEER);
    } else if (c->state == HG_CONN_OPEN && c->ops->on_eof) {
        hg_conn__watch(c);
        c->ops->on_eof(c);
    } else if (c->state == HG_CONN_OPEN) {
        hg_conn_close(c);
    } else {
        hg_conn__watch(c);
    }
}

/* One read. False when there is no more for now. */
static bool read_once(struct hg_conn *c) {
    char *scratch = hg_loop_scratch(c->loop);
    size_t max = c->tls ? HG_CONN_TLS_IN_BYTES : HG_LOOP_SCRATCH_BYTES;
    ssize_t n = recv(c->watch.fd, scratch, max, 0);
    if (n < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            hg_conn__die(c, c->state == HG_CONN_LINGERING ? c->end : hg_conn__end_of(errno));
        }
        return false;
    }
    if (n == 0) {
        if (c->tls) {
            hg_conn_tls__eof(c);
        }
        hg_conn__eof(c);
        return false;
    }
    if (!c->is_private) {
        hg_counter_add(&hg_net_bytes_received_total, n);
    }
    if (c->state >= HG_CONN_CLOSING) {
        return (size_t)n == max;
    }
    if (c->tls) {
        hg_conn_tls__feed(c, scratch, (size_t)n);
    } else {
        hg_conn__bytes(c, scratch, (size_t)n);
    }
    return (size_t)n == max;
}

static void on_readable(struct hg_conn *c) {
    if (!can_read(c)) {
        /* Pausing costs a system call only when bytes come meanwhile. */
        c->is_read_off = true;
        hg_conn__watch(c);
        return;
    }
    for (int i = 0; i < READS_PER_TURN && can_read(c); i++) {
        if (!read_once(c)) {
            return;
        }
    }
}

static void on_writable(struct hg_conn *c) {
    c->is_blocked = false;
    hg_conn__flush(c);
    hg_conn__watch(c);
}

static void on_ready(void *arg, unsigned ready) {
    struct hg_conn *c = HG_CAST(struct hg_conn, CONN_MAGIC, arg);
    if ((ready & HG_WATCH_WRITE) && c->state != HG_CONN_DEAD) {
        on_writable(c);
    }
    if ((ready & HG_WATCH_READ) && c->state != HG_CONN_DEAD) {
        on_readable(c);
    }
}

void hg_conn_pause(struct hg_conn *c) {
    c->is_paused = true;
}

void hg_conn_resume(struct hg_conn *c) {
    if (!c->is_paused) {
        return;
    }
    c->is_paused = false;
    c->is_read_off = false;
    if (c->tls && hg_conn_tls__is_holding(c)) {
        hg_conn__schedule(c);
    }
    hg_conn__watch(c);
}

/* --- deadlines --- */

static void arm(struct hg_conn *c, int64_t at_ms) {
    if (at_ms == 0 || (c->timer_at_ms != 0 && c->timer_at_ms <= at_ms)) {
        return; /* fires earlier: then it will be started for the rest */
    }
    int64_t after_ms = at_ms - hg_loop_now_ms(c->loop);
    hg_timer_start(c->timer, after_ms > 0 ? after_ms : 0);
    c->timer_at_ms = at_ms;
}

static void on_limit(struct hg_conn *c) {
    c->limit_ms = 0;
    if (c->state == HG_CONN_LINGERING) {
        hg_conn__die(c, c->end);
        return;
    }
    if (c->state == HG_CONN_OPENING) {
        hg_counter_add(&hg_net_handshakes_timeout, 1);
    }
    hg_conn__die(c, HG_CONN_TIMEOUT);
}

static void on_timer(void *arg) {
    struct hg_conn *c = HG_CAST(struct hg_conn, CONN_MAGIC, arg);
    int64_t now_ms = hg_loop_now_ms(c->loop);
    c->timer_at_ms = 0;
    if (c->state == HG_CONN_DEAD) {
        return;
    }
    if (c->limit_ms != 0 && c->limit_ms <= now_ms) {
        on_limit(c);
        return;
    }
    bool is_passed = c->deadline_ms != 0 && c->deadline_ms <= now_ms;
    if (is_passed) {
        c->deadline_ms = 0;
    }
    arm(c, c->limit_ms);
    arm(c, c->deadline_ms);
    if (is_passed && c->ops->on_deadline) {
        c->ops->on_deadline(c);
    }
}

static bool has_timer(struct hg_conn *c) {
    if (!c->timer) {
        c->timer = hg_timer_new(c->loop, on_timer, c);
    }
    if (!c->timer) {
        hg_conn__die(c, HG_CONN_ERROR);
    }
    return c->timer != NULL;
}

void hg_conn__limit(struct hg_conn *c, int64_t mono_ms) {
    c->limit_ms = mono_ms;
    if (mono_ms != 0 && has_timer(c)) {
        arm(c, mono_ms);
    }
}

void hg_conn_deadline(struct hg_conn *c, int64_t mono_ms) {
    if (c->state >= HG_CONN_CLOSING) {
        return;
    }
    c->deadline_ms = mono_ms;
    if (mono_ms != 0 && has_timer(c)) {
        arm(c, mono_ms);
    }
}

/* --- birth --- */

static void release(struct hg_conn *c) {
    hg_conn_tls__free(c);
    hg_out_fini(&c->out);
    hg_timer_free(&c->timer);
    int fd = c->watch.fd;
    hg_watch_fini(&c->watch);
    close(fd);
    if (c->is_placed) {
        hg_net_limit_give();
    }
    if (c->is_counted) {
        hg_counter_add(&hg_net_connections_open, -1);
    }
    hg_listener__left(c);
    c->magic = 0;
    hg_free(c);
}

static void on_turn_end(struct hg_task *task) {
    struct hg_conn *c =
        HG_CAST(struct hg_conn, CONN_MAGIC, HG_CONTAINER(task, struct hg_conn, turn_end));
    c->is_deferred = false;
    if (c->state == HG_CONN_OPENING && !c->tls) {
        hg_conn__open(c);
    }
    if (c->tls && c->state != HG_CONN_DEAD) {
        hg_conn_tls__go_on(c);
    }
    if (c->state != HG_CONN_DEAD && !c->is_blocked) {
        hg_conn__flush(c);
    }
    if (c->state != HG_CONN_DEAD) {
        hg_conn__watch(c);
    } else if (!c->is_deferred) {
        c->ops->on_close(c, (enum hg_conn_end)c->end);
        release(c);
    }
}

void hg_conn__schedule(struct hg_conn *c) {
    if (!c->is_deferred) {
        c->is_deferred = true;
        hg_loop_defer(c->loop, &c->turn_end);
    }
}

void hg_conn__set_peer(struct hg_conn *c, const struct hg_addr *peer) {
    struct hg_addr asked = {.len = sizeof asked.sa};
    if (!peer) {
        if (getpeername(c->watch.fd, &asked.sa.any, &asked.len) != 0) {
            return;
        }
        peer = &asked;
    }
    size_t len = peer->len;
    if (peer->sa.any.sa_family == AF_UNIX && len > sizeof peer->sa.any.sa_family) {
        len = sizeof peer->sa.any.sa_family;
    }
    HG_ASSERT(len <= sizeof c->peer);
    memcpy(&c->peer, &peer->sa, len);
    c->peer_len = (uint8_t)len;
}

int hg_conn__make(struct hg_loop *loop, int fd, const struct hg_addr *peer, struct hg_conn **ret) {
    struct hg_conn *c = hg_try_alloc(sizeof *c);
    if (!c || hg_watch_init(&c->watch, loop, fd, on_ready, c) != 0) {
        hg_free(c);
        close(fd);
        return HG_ENOMEM;
    }
    c->magic = CONN_MAGIC;
    c->loop = loop;
    c->turn_end.run = on_turn_end;
    hg_conn__set_peer(c, peer);
    *ret = c;
    return 0;
}

void hg_conn__start(struct hg_conn *c) {
    c->is_counted = !c->is_private;
    if (c->is_counted) {
        hg_counter_add(&hg_net_connections_open, 1);
    }
    if (c->tls) {
        hg_conn__watch(c);
    } else {
        hg_conn__schedule(c);
    }
}

static void on_close_unheard(struct hg_conn *c, enum hg_conn_end end) {
    (void)c, (void)end;
}

void hg_conn__drop(struct hg_conn **pc) {
    static const struct hg_conn_ops unheard = {.on_close = on_close_unheard};
    hg_conn_set_ops(*pc, &unheard, NULL);
    hg_conn__die(*pc, HG_CONN_OURS);
    *pc = NULL;
}

void hg_conn__open(struct hg_conn *c) {
    c->state = HG_CONN_OPEN;
    if (c->ops->on_open) {
        c->ops->on_open(c);
    }
}

int hg_conn_new(struct hg_loop *loop, int fd, struct hg_tls *tls, const struct hg_conn_ops *ops,
                void *user, struct hg_conn **ret) {
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        close(fd);
        return HG_EIO;
    }
    hg_addr_tune(fd);
    struct hg_conn *c = NULL;
    int err = hg_conn__make(loop, fd, NULL, &c);
    if (err) {
        return err;
    }
    if (tls && (err = hg_conn_tls__start(c, tls)) != 0) {
        hg_conn__drop(&c);
        return err;
    }
    hg_conn_set_ops(c, ops, user);
    hg_conn__start(c);
    *ret = c;
    return 0;
}

/* --- death --- */

void hg_conn__die(struct hg_conn *c, enum hg_conn_end end) {
    if (c->state == HG_CONN_DEAD) {
        return;
    }
    c->state = HG_CONN_DEAD;
    c->end = (uint8_t)end;
    hg_conn__watch(c);
    hg_conn__schedule(c);
}

void hg_conn__linger(struct hg_conn *c, enum hg_conn_end end) {
    c->end = (uint8_t)end;
    shutdown(c->watch.fd, SHUT_WR);
    if (c->is_eof) {
        hg_conn__die(c, end);
        return;
    }
    c->state = HG_CONN_LINGERING;
    c->deadline_ms = 0;
    c->is_blocked = false;
    c->is_read_off = false;
    hg_conn_tls__free_session(c);
    hg_conn__limit(c, hg_loop_now_ms(c->loop) + LINGER_MS);
    hg_conn__watch(c);
}

void hg_conn_close(struct hg_conn *c) {
    if (c->state >= HG_CONN_CLOSING) {
        return;
    }
    if (c->state == HG_CONN_OPENING && c->tls) {
        hg_conn__die(c, HG_CONN_OURS); /* nobody to say farewell to yet */
        return;
    }
    c->state = HG_CONN_CLOSING;
    c->deadline_ms = 0;
    c->is_read_off = false;
    hg_conn__limit(c, hg_loop_now_ms(c->loop) + LAST_FLUSH_MS);
    hg_conn__schedule(c);
}

void hg_conn_abort(struct hg_conn *c) {
    if (c->state != HG_CONN_DEAD && c->out.bytes > 0) {
        /* A peer that does not read would go on holding the kernel's copy. */
        struct linger reset = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(c->watch.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    }
    hg_conn__die(c, HG_CONN_OURS);
}

/* --- questions --- */

void hg_conn_set_ops(struct hg_conn *c, const struct hg_conn_ops *ops, void *user) {
    c->ops = ops;
    c->user = user;
}

void *hg_conn_user(const struct hg_conn *c) {
    return c->user;
}

struct hg_loop *hg_conn_loop(const struct hg_conn *c) {
    return c->loop;
}

struct hg_addr hg_conn_peer(const struct hg_conn *c) {
    struct hg_addr a = {.len = c->peer_len};
    memcpy(&a.sa, &c->peer, c->peer_len);
    return a;
}

bool hg_conn_is_private(const struct hg_conn *c) {
    return c->is_private;
}

bool hg_conn_is_tls(const struct hg_conn *c) {
    return c->tls != NULL;
}

void *hg_conn_listener_arg(const struct hg_conn *c) {
    return c->listener_arg;
}
