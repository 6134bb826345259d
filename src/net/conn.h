/* SPDX-License-Identifier: Apache-2.0 */
/* conn.h - one connection: bytes in, bytes out, plain or TLS. Lives and dies
 * on one loop. Knows nothing of HTTP.
 *
 * Input is read into the loop's scratch buffer and handed up, so an idle
 * connection holds no buffer. Output is a queue of copied bytes and shared
 * blobs, written once per turn of the loop with as few system calls as fit. */
#ifndef HG_NET_CONN_H
#define HG_NET_CONN_H

#include "base/blob.h"
#include "headgate/base.h"
#include "loop/loop.h"
#include "net/addr.h"
#include "net/tls.h"

struct hg_conn;

enum hg_conn_end {
    HG_CONN_PEER, /* the peer closed */
    HG_CONN_OURS, /* hg_conn_close or _abort */
    HG_CONN_TIMEOUT,
    HG_CONN_ERROR,
};

/* Filled by proto/. All on the owner loop. */
struct hg_conn_ops {
    /* The handshake (if any) is done; is_h2 by ALPN. Choose the protocol with
     * hg_conn_set_ops. */
    void (*on_open)(struct hg_conn *c);
    /* All n bytes are consumed by the call; keep a copy of what is left. */
    void (*on_bytes)(struct hg_conn *c, const char *bytes, size_t n);
    /* The output queue has fallen to the low-water mark after having been
     * above it; so whoever found too little room is always called, and may be
     * called without having asked. */
    void (*on_room)(struct hg_conn *c);
    /* The peer will send no more; output is still possible. NULL: close. */
    void (*on_eof)(struct hg_conn *c);
    /* The deadline set with hg_conn_deadline has passed. */
    void (*on_deadline)(struct hg_conn *c);
    /* Last call; the connection is freed when it returns. */
    void (*on_close)(struct hg_conn *c, enum hg_conn_end end);
};

/* What a listener gives to each of its connections. Owned by the generation;
 * referenced by connections through retain and release. */
struct hg_listener_ops {
    /* The identity for a name the peer asked for (SNI; may be empty), or NULL
     * to refuse. No reference is given away: the listener keeps it alive. */
    struct hg_tls *(*tls_for)(void *arg, struct hg_slice server_name);
    /* A connection is there; set its ops and user. HG_EAGAIN: refuse it. */
    int (*on_accept)(void *arg, struct hg_conn *c);
};

struct hg_listener;
/* Accepts on fd (which stays the caller's) until stopped. is_tls may not
 * change. Owner thread of loop. HG_ENOMEM. */
int hg_listener_start(struct hg_loop *loop, int fd, bool is_tls, const struct hg_listener_ops *ops,
                      void *arg, struct hg_listener **ret);
/* New connections take ops' arg from now on (a new generation). */
void hg_listener_set_arg(struct hg_listener *l, void *arg);
void *hg_listener_arg(const struct hg_listener *l);
/* How long a TLS handshake may take (5 s), of those that begin from now on. */
void hg_listener_set_handshake_timeout(struct hg_listener *l, int64_t timeout_ms);
/* How many may run at once here (512); further clients wait in the backlog. */
void hg_listener_set_handshakes_max(struct hg_listener *l, unsigned at_once_max);
/* For those who look after the gateway, not for its clients: connections take
 * no place of the process's limit but one of these, and count nowhere. Before
 * the first is accepted. */
void hg_listener_set_private(struct hg_listener *l, unsigned at_once_max);
/* Accept no more; its connections go on and can still be walked. */
void hg_listener_shut(struct hg_listener *l);
/* Each connection that it accepted and that is still there; fn may end it. */
void hg_listener_each(struct hg_listener *l, void (*fn)(struct hg_conn *c));
bool hg_listener_has_conns(const struct hg_listener *l);
/* Shut, and forget: the connections go on. */
void hg_listener_stop(struct hg_listener **pl);

/* A connection over an existing socket, for tests. Takes fd, also when it
 * fails. on_open comes in a later turn. HG_ENOMEM, HG_EIO. */
int hg_conn_new(struct hg_loop *loop, int fd, struct hg_tls *tls, const struct hg_conn_ops *ops,
                void *user, struct hg_conn **ret);

void hg_conn_set_ops(struct hg_conn *c, const struct hg_conn_ops *ops, void *user);
void *hg_conn_user(const struct hg_conn *c);
struct hg_loop *hg_conn_loop(const struct hg_conn *c);
/* Of a unix socket without its path. */
struct hg_addr hg_conn_peer(const struct hg_conn *c);
bool hg_conn_is_tls(const struct hg_conn *c);
bool hg_conn_is_private(const struct hg_conn *c); /* its listener is */
bool hg_conn_is_h2(const struct hg_conn *c);      /* ALPN chose h2 */
/* The name asked for in lower case without final dot, as tls_for got it. */
struct hg_slice hg_conn_sni(const struct hg_conn *c);
/* Which listener it came from: the arg at that moment. */
void *hg_conn_listener_arg(const struct hg_conn *c);

/* Output. Copies bytes; takes a reference of blobs. Never fails at the call:
 * without memory the connection is aborted at the end of the turn. */
void hg_conn_put(struct hg_conn *c, const void *bytes, size_t n);
void hg_conn_put_blob(struct hg_conn *c, struct hg_blob *blob, size_t from, size_t len);
/* Bytes queued and not yet taken by the kernel. */
size_t hg_conn_queued(const struct hg_conn *c);
enum { HG_CONN_HIGH_BYTES = 256 * 1024, HG_CONN_LOW_BYTES = 64 * 1024 };
/* How much more may be queued before the high-water mark. */
size_t hg_conn_room(const struct hg_conn *c);

/* Stop and go on reading; bytes already read are not handed up twice. */
void hg_conn_pause(struct hg_conn *c);
void hg_conn_resume(struct hg_conn *c);

/* One deadline, absolute; 0 clears. Arriving bytes do not move it. */
void hg_conn_deadline(struct hg_conn *c, int64_t mono_ms);
/* Close when the queue has been written, lingering up to 2 s for the peer's
 * close so that it can read our last bytes. Input is ignored from now on, the
 * deadline is cleared, and no call but on_close follows. A peer that does not
 * take the queue within 30 s loses it (HG_CONN_TIMEOUT). */
void hg_conn_close(struct hg_conn *c);
/* Close now (at the end of the turn). on_close is still called. */
void hg_conn_abort(struct hg_conn *c);

#endif
