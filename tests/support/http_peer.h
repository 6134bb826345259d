/* SPDX-License-Identifier: Apache-2.0 */
/* http_peer.h - a server on a loopback port that answers from a list: what it
 * says is bytes, so it can also say what no server should. For tests of what
 * asks others. */
#ifndef HG_TESTS_SUPPORT_HTTP_PEER_H
#define HG_TESTS_SUPPORT_HTTP_PEER_H

#include "headgate/buf.h"

enum http_peer_then {
    HTTP_PEER_CLOSE, /* after the answer */
    HTTP_PEER_KEEP,  /* the next step is on the same connection if it is used */
    HTTP_PEER_RESET, /* with unread bytes, so that the client sees it cut */
    HTTP_PEER_HOLD,  /* say nothing more until the client goes */
};

/* One request and what is said to it; answer NULL: nothing. */
struct http_peer_step {
    const char *answer;
    enum http_peer_then then;
};

struct http_peer; /* one thread */

/* steps must outlive the peer. Aborts when there is no port or thread. */
struct http_peer *http_peer_start(const struct http_peer_step *steps, size_t n);
void http_peer_stop(struct http_peer **pp);
/* "http://127.0.0.1:PORT" and path. */
const char *http_peer_url(struct http_peer *p, const char *path);
/* How many requests have come whole. */
size_t http_peer_seen(struct http_peer *p);
/* The bytes of request i, head and body; waits for it. NULL: it never came. */
const char *http_peer_request(struct http_peer *p, size_t i);
/* A port on which nobody listens. */
const char *http_peer_nowhere(void);

#endif
