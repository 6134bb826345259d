/* SPDX-License-Identifier: Apache-2.0 */
/* http.h - one request and its answer, whatever version of HTTP carries it.
 *
 * Down: h1/ and h2/ each fill struct hg_stream_proto. Up: edge/ fills struct
 * hg_stream_ops. Everything on the loop of the connection. */
#ifndef HG_PROTO_HTTP_HTTP_H
#define HG_PROTO_HTTP_HTTP_H

#include "base/blob.h"
#include "headgate/base.h"
#include "headgate/request.h"
#include "net/conn.h"

/* The head of a request, already held to the rules of its version: exactly
 * one authority (none from HTTP/1.0 without Host), a known method, a legal
 * target, no conflicting lengths. Names in fields are lower case. Hop-by-hop
 * fields are left in for HTTP/1.1. A WebSocket handshake is a GET without a
 * body, also on HTTP/2. */
struct hg_http_head {
    struct hg_slice method;
    struct hg_slice target;    /* origin form, as sent: path and query */
    struct hg_slice authority; /* host[:port] */
    const struct hg_field *fields;
    size_t n_fields;
    int64_t content_length; /* -1: not known */
    bool has_body;          /* something follows the head */
    bool is_h2;
    bool is_websocket;             /* a well-formed upgrade (RFC 6455 4, RFC 8441 5) */
    struct hg_slice websocket_key; /* HTTP/1.1 */
    bool expects_continue;
};

struct hg_stream;

/* A request that the protocol itself has answered with a refusal. */
struct hg_http_refusal {
    int status;
    const char *type;                /* of the problem that was answered */
    const struct hg_http_head *head; /* as far as it was read: what did not come is empty */
};

struct hg_stream_ops {
    /* The head is there; its slices live until the stream ends. */
    void (*on_head)(struct hg_stream *s, const struct hg_http_head *head);
    /* A piece of the body, or of the upgraded connection's bytes. is_last may
     * come with no bytes. Not called when the head has no body, and not after
     * the answer was ended. */
    void (*on_body)(struct hg_stream *s, const char *bytes, size_t n, bool is_last);
    /* hg_stream_room has grown from nothing. */
    void (*on_room)(struct hg_stream *s);
    /* For the record; NULL: nobody keeps one. s had its on_head, and on_gone
     * follows; NULL: nothing else is heard of the request. */
    void (*on_refused)(struct hg_conn *c, struct hg_stream *s, const struct hg_http_refusal *r);
    /* Last call: answered whole, reset, or the connection is gone. */
    void (*on_gone)(struct hg_stream *s, bool is_complete);
};

struct hg_stream_proto; /* proto-private vtable */

struct hg_stream {
    const struct hg_stream_proto *proto;
    const struct hg_stream_ops *ops;
    struct hg_conn *conn;
    void *user;  /* edge's */
    uint32_t id; /* of the stream in its connection */
};

struct hg_stream_proto {
    void (*answer)(struct hg_stream *s, int status, const struct hg_field *fields, size_t n,
                   struct hg_slice body);
    void (*begin)(struct hg_stream *s, int status, const struct hg_field *fields, size_t n);
    void (*upgrade)(struct hg_stream *s, const struct hg_field *fields, size_t n);
    void (*write)(struct hg_stream *s, struct hg_blob *blob, size_t from, size_t len);
    void (*put)(struct hg_stream *s, const void *bytes, size_t n);
    size_t (*room)(const struct hg_stream *s);
    void (*end)(struct hg_stream *s);
    void (*reset)(struct hg_stream *s);
    void (*go_on)(struct hg_stream *s);
    void (*pause)(struct hg_stream *s, bool is_paused);
};

/* The whole answer. date, server, content-length and connection fields are
 * added here; body is copied. A body not yet read is drained or the
 * connection closed after the answer. */
static inline void hg_stream_answer(struct hg_stream *s, int status, const struct hg_field *fields,
                                    size_t n, struct hg_slice body) {
    s->proto->answer(s, status, fields, n, body);
}
/* The head of an answer whose body goes on: chunked on HTTP/1.1. */
static inline void hg_stream_begin(struct hg_stream *s, int status, const struct hg_field *fields,
                                   size_t n) {
    s->proto->begin(s, status, fields, n);
}
/* 101, or 200 on HTTP/2: from now on write and on_body carry raw bytes.
 * sec-websocket-accept is the caller's to give. */
static inline void hg_stream_upgrade(struct hg_stream *s, const struct hg_field *fields, size_t n) {
    s->proto->upgrade(s, fields, n);
}
/* Queue body bytes: a shared blob's, or copied ones. Everything written in
 * one turn of the loop leaves together. Writing more than room is allowed
 * for the last piece; the caller stops at 0. */
static inline void hg_stream_write(struct hg_stream *s, struct hg_blob *blob, size_t from,
                                   size_t len) {
    s->proto->write(s, blob, from, len);
}
static inline void hg_stream_put(struct hg_stream *s, const void *bytes, size_t n) {
    s->proto->put(s, bytes, n);
}
/* What can be queued now without growing queues: the least of what
 * connection, TLS and flow-control windows allow. */
static inline size_t hg_stream_room(const struct hg_stream *s) {
    return s->proto->room(s);
}
static inline void hg_stream_end(struct hg_stream *s) {
    s->proto->end(s);
}
/* RST_STREAM, or the connection closed. on_gone follows. */
static inline void hg_stream_reset(struct hg_stream *s) {
    s->proto->reset(s);
}
/* 100 Continue, once, if the peer waits for it. */
static inline void hg_stream_continue(struct hg_stream *s) {
    s->proto->go_on(s);
}
/* Stop and go on reading body bytes. */
static inline void hg_stream_pause(struct hg_stream *s, bool is_paused) {
    s->proto->pause(s, is_paused);
}

/* Limits and timeouts of a listener's connections. */
struct hg_http_limits {
    size_t head_bytes_max; /* fields, names and values, 32 for each */
    size_t fields_max;
    size_t target_bytes_max;
    int64_t head_timeout_ms;
    int64_t body_timeout_ms;
    int64_t keepalive_timeout_ms;
    unsigned keepalive_requests;
    unsigned h2_streams_max;
};

/* What edge gives for a new connection: where its streams go. */
struct hg_http_setup {
    const struct hg_stream_ops *ops;
    struct hg_http_limits limits;
};

/* Takes over a connection in on_accept: chooses h1 or h2 when it is open
 * (ALPN; on plain sockets by the HTTP/2 preface). setup must outlive it. */
int hg_http_attach(struct hg_conn *c, const struct hg_http_setup *setup);
/* Drain: no new requests. h1: close when idle or after this answer; h2:
 * GOAWAY, then the same. */
void hg_http_drain(struct hg_conn *c);

/* Makes this room's counters visible. Any number of times. */
void hg_http_counters_register(void);

/* status -> "Accepted". */
const char *hg_http_reason(int status);

#endif
