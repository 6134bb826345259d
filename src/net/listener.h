/* SPDX-License-Identifier: Apache-2.0 */
/* listener.h - what is inside a listener, for the connections it accepts. */
#ifndef HG_NET_LISTENER_H
#define HG_NET_LISTENER_H

#include <openssl/types.h>

#include "base/list.h"
#include "net/conn.h"

struct hg_listener {
    uint32_t magic;
    unsigned refs;        /* the owner's, one of each connection, one more in its handshake */
    struct hg_list conns; /* accepted, not freed: hg_conn.sibling */
    struct hg_loop *loop;
    struct hg_watch watch;
    const struct hg_listener_ops *ops;
    void *arg;
    SSL_CTX *front; /* connections are born with it; NULL: plain */
    struct hg_timer *back_off;
    int spare_fd; /* given up for a moment when descriptors run out; -1: gone */
    int64_t handshake_timeout_ms;
    unsigned handshakes, handshakes_max;
    unsigned places_max; /* of a private one; 0: it is not */
    unsigned n_private;  /* places of those that are taken */
    bool is_backing_off;
    bool is_stopped;
};

/* A connection that was accepted is freed. */
void hg_listener__left(struct hg_conn *c);
/* A connection begins and ends its handshake. */
void hg_listener__handshake_begin(struct hg_listener *l);
void hg_listener__handshake_end(struct hg_listener **pl);

#endif
