/* SPDX-License-Identifier: Apache-2.0 */
/* sock.h - a WebSocket for tests: opens one through the edge, sends client
 * frames, reads what the edge and the feed wrote. */
#ifndef HG_TESTS_UNIT_EDGE_SOCK_H
#define HG_TESTS_UNIT_EDGE_SOCK_H

#include "unit/edge/rig.h"
#include "unit/proto/ws/client.h"

struct sock {
    struct ask ask;
    size_t at;       /* what was taken of the answer's body */
    char text[8192]; /* of the last frame taken, ends with a 0 */
};

/* RFC 6455 4.1, with the key of its example. fields: name and value of two
 * more fields at most, or NULL. */
void sock_open(struct sock *s, struct rig *rig, const char *target, const char *const *fields);
/* It must have been opened: 101. */
void sock_open_well(struct sock *s, struct rig *rig, const char *target);
void sock_close(struct sock *s);

void sock_feed(struct sock *s, const void *bytes, size_t n);
void sock_send(struct sock *s, int op, const char *payload);
/* The next frame of this kind, skipping others; waits for it. Its payload is
 * in text. */
const char *sock_take(struct sock *s, int op);
/* The next text frame with this in it. */
const char *sock_take_text(struct sock *s, const char *part);
/* Is there another frame of this kind by now? */
bool sock_has(struct sock *s, int op);
/* A close frame has come with this code, and the stream is ended. */
void sock_assert_closed(struct sock *s, int code);

#endif
