/* SPDX-License-Identifier: Apache-2.0 */
/* conn_impl.h - what is inside a connection, and what the files that make it
 * up (conn, conn_out, conn_tls, listener) call of each other.
 *
 *   opening --handshake done, or end of the first turn--> open
 *   open    --hg_conn_close--> closing --hg_conn__flush wrote all--> lingering
 *   opening --handshake failed--> lingering --peer's end, or 2 s--> dead
 *   any     --hg_conn_abort, hg_conn__die--> dead --end of the turn--> freed
 *
 * Nothing is freed inside a callback: what dies is freed by on_turn_end. */
#ifndef HG_NET_CONN_IMPL_H
#define HG_NET_CONN_IMPL_H

#include <netinet/in.h>

#include "base/list.h"
#include "net/conn.h"
#include "net/out.h"

enum hg_conn_state {
    HG_CONN_OPENING,
    HG_CONN_OPEN,
    HG_CONN_CLOSING,
    HG_CONN_LINGERING,
    HG_CONN_DEAD,
};

struct hg_conn_tls;

struct hg_conn {
    uint32_t magic;
    uint8_t state;     /* enum hg_conn_state */
    uint8_t end;       /* enum hg_conn_end, once lingering or dead */
    bool is_deferred;  /* turn_end is in the loop's hands */
    bool is_paused;    /* by the protocol */
    bool is_read_off;  /* bytes came while paused: not watched until resumed */
    bool is_eof;       /* the peer's end was seen */
    bool is_blocked;   /* output waits until the socket is writable */
    bool is_above_low; /* the queue was above the low-water mark */
    bool is_placed;    /* holds a place of the process's limit */
    bool is_private;   /* of a private listener */
    bool is_counted;   /* among those that are open */
    struct hg_loop *loop;
    struct hg_watch watch;
    const struct hg_conn_ops *ops; /* NULL until on_accept has set them */
    void *user;
    void *listener_arg;
    struct hg_listener *listener; /* that accepted it, or NULL */
    struct hg_list sibling;       /* in the listener's conns */
    struct hg_out out;
    struct hg_task turn_end;
    struct hg_timer *timer;  /* made when first needed; one for all purposes */
    int64_t timer_at_ms;     /* when it will fire; 0: not started */
    int64_t deadline_ms;     /* the protocol's; 0: none */
    int64_t limit_ms;        /* ours: of the handshake, the last flush, the linger; 0: none */
    struct hg_conn_tls *tls; /* NULL: plain */
    uint8_t peer_len;
    union { /* of a unix socket the family alone: a path would make all of them larger */
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } peer;
};

/* A connection in state opening that nothing watches yet. Takes fd, also when
 * it fails. peer NULL: ask the socket. HG_ENOMEM, HG_EIO. */
int hg_conn__make(struct hg_loop *loop, int fd, const struct hg_addr *peer, struct hg_conn **ret);
/* NULL: ask the socket. */
void hg_conn__set_peer(struct hg_conn *c, const struct hg_addr *peer);
/* It has its ops: go. */
void hg_conn__start(struct hg_conn *c);
/* End one that was not started, without on_close. */
void hg_conn__drop(struct hg_conn **pc);

/* Opening to open. */
void hg_conn__open(struct hg_conn *c);
/* Hand up bytes, or the peer's end. The state may be another afterwards. */
void hg_conn__bytes(struct hg_conn *c, const char *bytes, size_t n);
void hg_conn__eof(struct hg_conn *c);
/* No more output: tell the peer, wait for its end. */
void hg_conn__linger(struct hg_conn *c, enum hg_conn_end end);
/* Dead at once, freed at the end of the turn. */
void hg_conn__die(struct hg_conn *c, enum hg_conn_end end);
/* What a failed system call on the socket means. */
enum hg_conn_end hg_conn__end_of(int error);

/* Have the end of the turn write, go on reading, or free. */
void hg_conn__schedule(struct hg_conn *c);
/* Watch what the flags ask for. */
void hg_conn__watch(struct hg_conn *c);
/* Set our own limit; 0 clears. */
void hg_conn__limit(struct hg_conn *c, int64_t mono_ms);

/* conn_out.c: write what the socket takes. */
void hg_conn__flush(struct hg_conn *c);

#endif
