/* SPDX-License-Identifier: Apache-2.0 */
/* ws.h - WebSocket (RFC 6455) engine: bytes in, messages out; no I/O.
 *
 * A parser exists only while a message or frame is unfinished, so an idle
 * socket costs a struct of a few dozen bytes. Offers no extension. Knows
 * nothing of events, of HTTP or of who answers. */
#ifndef HG_PROTO_WS_WS_H
#define HG_PROTO_WS_WS_H

#include "base/blob.h"
#include "headgate/buf.h"

enum hg_ws_op {
    HG_WS_TEXT = 1,
    HG_WS_BINARY = 2,
    HG_WS_CLOSE = 8,
    HG_WS_PING = 9,
    HG_WS_PONG = 10
};

struct hg_ws_ops {
    /* A whole message (TEXT is valid UTF-8) or control frame. The payload
     * lives until the call returns. The callee may set is_closed or call
     * hg_ws_fini: nothing more is parsed then; the struct hg_ws itself must
     * outlive the hg_ws_feed that is under way. */
    void (*on_message)(void *arg, enum hg_ws_op op, struct hg_slice payload);
};

struct hg_ws_parser; /* opaque; made on the first byte of a frame */

struct hg_ws {
    const struct hg_ws_ops *ops;
    void *arg;
    size_t message_bytes_max;    /* of one message, all its fragments */
    uint32_t fragments_max;      /* of one message; a whole one is one fragment */
    struct hg_ws_parser *parser; /* NULL between messages */
    bool is_closed;              /* a close frame was received, or a fault found */
};

/* Feed received bytes, in pieces of any size. 0, or the close code to answer
 * with (1002, 1007, 1008, 1009, and 1013 when there is no memory): nothing is
 * parsed after that. */
int hg_ws_feed(struct hg_ws *ws, const char *bytes, size_t n);
void hg_ws_fini(struct hg_ws *ws);

/* Has part of a frame or message arrived whose rest is due? For the deadline
 * against peers that never finish. */
static inline bool hg_ws_is_waiting(const struct hg_ws *ws) {
    return ws->parser != NULL;
}

/* Append an unmasked server frame. A control frame's payload is at most 125
 * bytes. */
void hg_ws_put_head(struct hg_buf *out, enum hg_ws_op op, size_t payload_bytes);
void hg_ws_put_frame(struct hg_buf *out, enum hg_ws_op op, struct hg_slice payload);
/* code 0: empty body. reason is UTF-8, cut to 123 bytes at a code point. */
void hg_ws_put_close(struct hg_buf *out, int code, struct hg_slice reason);
/* What to answer to a received close frame: its code, 1000 when it had none,
 * 1002 when its body is illegal, 1007 when its reason is not UTF-8. */
int hg_ws_close_code(struct hg_slice payload);

/* Sec-WebSocket-Accept for a key; out needs 29 bytes. RFC 6455 4.2.2. Empty
 * when the library of digests has no memory. */
void hg_ws_accept(struct hg_slice key, char out[29]);

#endif
