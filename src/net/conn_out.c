/* SPDX-License-Identifier: Apache-2.0 */
/* conn_out.c - writing: what was queued during a turn goes out at its end, in
 * as few system calls as fit; the rest when the socket is writable again. */
#include "net/conn_impl.h"

#include <errno.h>
#include <sys/socket.h>

#include "net/conn_tls.h"
#include "net/counters.h"

enum {
    VECTORS_MAX = 64,
    /* A peer that reads as fast as we write must not keep the loop to itself:
     * beyond this it waits for the next turn. */
    FLUSH_MAX_BYTES = 512 * 1024,
};

static void queued(struct hg_conn *c, int err) {
    if (err) {
        hg_conn__die(c, HG_CONN_ERROR);
        return;
    }
    if (c->out.bytes > HG_CONN_LOW_BYTES) {
        c->is_above_low = true;
    }
    if (!c->is_blocked) {
        hg_conn__schedule(c);
    }
}

void hg_conn_put(struct hg_conn *c, const void *bytes, size_t n) {
    if (c->state < HG_CONN_CLOSING && n > 0) {
        queued(c, hg_out_put(&c->out, bytes, n));
    }
}

void hg_conn_put_blob(struct hg_conn *c, struct hg_blob *blob, size_t from, size_t len) {
    if (c->state < HG_CONN_CLOSING && len > 0) {
        queued(c, hg_out_put_blob(&c->out, blob, from, len));
    }
}

size_t hg_conn_queued(const struct hg_conn *c) {
    return c->out.bytes;
}

size_t hg_conn_room(const struct hg_conn *c) {
    return c->out.bytes < HG_CONN_HIGH_BYTES ? HG_CONN_HIGH_BYTES - c->out.bytes : 0;
}

static size_t sum(const struct iovec *iov, unsigned n) {
    size_t bytes = 0;
    for (unsigned i = 0; i < n; i++) {
        bytes += iov[i].iov_len;
    }
    return bytes;
}

static void write_plain(struct hg_conn *c) {
    size_t written = 0;
    while (c->out.bytes > 0 && written < FLUSH_MAX_BYTES) {
        struct iovec iov[VECTORS_MAX];
        unsigned n_iov = hg_out_iov(&c->out, iov, VECTORS_MAX);
        struct msghdr message = {.msg_iov = iov, .msg_iovlen = n_iov};
        ssize_t n = sendmsg(c->watch.fd, &message, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno != EAGAIN && errno != EINTR) {
                hg_conn__die(c, hg_conn__end_of(errno));
            }
            return;
        }
        bool is_full = (size_t)n < sum(iov, n_iov);
        written += (size_t)n;
        if (!c->is_private) {
            hg_counter_add(&hg_net_bytes_sent_total, n);
        }
        hg_out_consume(&c->out, (size_t)n);
        if (is_full) {
            return;
        }
    }
}

static void write_tls(struct hg_conn *c) {
    size_t written = 0;
    while (c->out.bytes > 0 && written < FLUSH_MAX_BYTES) {
        size_t n = hg_conn_tls__write(c);
        if (n == 0) {
            return;
        }
        written += n;
        hg_out_consume(&c->out, n);
    }
}

/* The producer may queue more inside on_room. That waits for the next turn, or
 * it and a fast reader could make this turn last for ever. */
static void offer_room(struct hg_conn *c) {
    if (!c->is_above_low || c->out.bytes > HG_CONN_LOW_BYTES || c->state != HG_CONN_OPEN) {
        return;
    }
    c->is_above_low = false;
    c->is_blocked = true;
    if (c->ops->on_room) {
        c->ops->on_room(c);
    }
}

void hg_conn__flush(struct hg_conn *c) {
    if (c->state >= HG_CONN_LINGERING) {
        return;
    }
    if (c->tls && !hg_conn_tls__flush(c)) {
        c->is_blocked = true;
        return;
    }
    if (c->tls && !hg_conn_tls__is_established(c)) {
        return;
    }
    if (c->tls) {
        write_tls(c);
    } else {
        write_plain(c);
    }
    if (c->state == HG_CONN_DEAD) {
        return;
    }
    offer_room(c);
    c->is_blocked = c->out.bytes > 0 || (c->tls && hg_conn_tls__is_late(c));
    if (c->state != HG_CONN_CLOSING || c->is_blocked) {
        return;
    }
    if (c->tls && !hg_conn_tls__farewell(c)) {
        c->is_blocked = true;
        return;
    }
    hg_conn__linger(c, HG_CONN_OURS);
}
