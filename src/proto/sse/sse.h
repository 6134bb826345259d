/* SPDX-License-Identifier: Apache-2.0 */
/* sse.h - reads an event stream (HTML 9.2): bytes in, events out; no I/O.
 *
 * For who listens to a stream: headgatectl and the tests. What the gateway
 * writes is a sink's business. Knows nothing of what an event means. */
#ifndef HG_PROTO_SSE_SSE_H
#define HG_PROTO_SSE_SSE_H

#include "headgate/buf.h"

/* Slices live until the callback returns. The bytes are as they came: who
 * needs UTF-8 checks it. */
struct hg_sse_event {
    struct hg_slice type; /* "message" when the stream gave no name */
    struct hg_slice data; /* lines joined by LF */
    struct hg_slice id;   /* the last one seen, of this or an earlier block */
};

struct hg_sse_ops {
    void (*on_event)(void *arg, const struct hg_sse_event *event);
    /* How long to wait before connecting again. May be NULL. */
    void (*on_retry)(void *arg, int64_t retry_ms);
};

/* Zeroed but for the first three fields is a valid parser at the start of a
 * stream. */
struct hg_sse {
    const struct hg_sse_ops *ops;
    void *arg;
    size_t event_bytes_max; /* of a line, and of the data of one event; 0: no limit */
    struct hg_buf line;     /* the part of a line that came with earlier pieces */
    struct hg_buf type;
    struct hg_buf data;    /* each line with its LF */
    struct hg_buf id;      /* of the block that is being read */
    struct hg_buf last_id; /* of the last block that ended */
    bool has_begun;        /* the first line, which may hold a BOM, is over */
    bool is_after_cr;      /* a LF here belongs to the line that has ended */
    bool is_failed;
};

/* Feed received bytes, in pieces of any size. HG_E2BIG, HG_ENOMEM: nothing is
 * parsed after that. What is unfinished at the end of a stream is lost. */
int hg_sse_feed(struct hg_sse *s, const char *bytes, size_t n);
/* What Last-Event-ID says at the next connection: moved by every block that
 * has ended, also by one without data. */
struct hg_slice hg_sse_last_id(const struct hg_sse *s);
void hg_sse_fini(struct hg_sse *s);

#endif
