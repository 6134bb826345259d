/* SPDX-License-Identifier: Apache-2.0 */
/* upper.h - a layer above HTTP for tests, and a peer on the other end of a
 * socket pair. It writes down what it is told, and answers by itself unless it
 * is told not to. */
#ifndef HG_TESTS_PROTO_UPPER_H
#define HG_TESTS_PROTO_UPPER_H

#include "headgate/buf.h"
#include "proto/http/http.h"

enum upper_mode {
    UPPER_ECHO,  /* 200 with the body, when it is whole */
    UPPER_EARLY, /* 403 at the head */
    UPPER_MANUAL /* the test answers */
};

struct upper {
    struct hg_loop *loop;
    struct hg_http_setup setup;
    enum upper_mode mode;
    struct hg_buf told;       /* "head POST /a; body hello last; gone 1; " */
    struct hg_buf refused;    /* "400 request-invalid GET /a alone; ", or "known; " */
    struct hg_buf body;       /* of the request under way */
    struct hg_stream *stream; /* the latest; NULL once gone */
    struct hg_conn *conn;     /* the latest */
    int fd;                   /* the peer's end; -1 closed */
    struct hg_buf received;   /* by the peer */
    bool is_peer_eof;
    bool is_quiet; /* do not write down bodies */
    unsigned n_gone, n_heads;
};

/* A loop, a connection attached to it, and its peer. */
void upper_init(struct upper *u);
void upper_fini(struct upper *u);
/* The same as a test's state. */
int upper_set_up(void **state);
int upper_tear_down(void **state);
/* Make room for what will be written down, so that no allocation of the test's
 * own is among those that fail. */
void upper_reserve(struct upper *u);
/* Attach; the limits may be changed between the two. */
void upper_connect(struct upper *u);

void upper_send(struct upper *u, struct hg_slice bytes);
/* Turn the loop, reading what the peer gets. */
void upper_turn(struct upper *u);
/* Until the peer has received text, or is at its end; else the test fails. */
void upper_wait(struct upper *u, const char *text);
void upper_wait_told(struct upper *u, const char *text);
void upper_wait_eof(struct upper *u);
/* What the peer received, as a text; what was told above. */
const char *upper_received(struct upper *u);
const char *upper_told(struct upper *u);
const char *upper_refused(struct upper *u);
void upper_forget(struct upper *u);

#endif
