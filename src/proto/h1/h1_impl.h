/* SPDX-License-Identifier: Apache-2.0 */
/* h1_impl.h - what h1.c (the way in) and h1_answer.c (the way out) share.
 *
 * The exchange of one request:
 *
 *   h1.c open_stream -> on_head -> read_body -> on_body ... -> body whole --\
 *   h1_answer.c      NONE -answer-> ENDED                                    > finish
 *                    NONE -begin-> BEGUN -end-> ENDED ----------------------/
 *                    NONE -upgrade-> UPGRADED -end-> closed
 *
 * Nothing is freed inside a call from above: what such a call changes is acted
 * upon by run(), in the caller of the callback or at the end of the turn. */
#ifndef HG_PROTO_H1_H1_IMPL_H
#define HG_PROTO_H1_H1_IMPL_H

#include "headgate/loop.h"
#include "proto/h1/body.h"
#include "proto/h1/parser.h"
#include "proto/http/door.h"
#include "proto/http/pieces.h"

struct hg_h1_stream;

struct hg_h1_conn {
    struct hg_http_door door;
    struct hg_conn *conn;
    const struct hg_http_setup *setup;
    struct hg_h1_parser *parser; /* a head that is not whole, or NULL */
    struct hg_h1_stream *stream; /* the request under way, or NULL */
    struct hg_buf held;          /* read and not yet looked at; empty holds no memory */
    size_t held_from;
    struct hg_task turn_end;
    uint32_t n_requests;
    bool is_turn_due; /* turn_end is in the loop's hands */
    bool is_gone;     /* the connection is: turn_end frees this */
    bool is_closing;  /* nothing that comes is looked at any more */
    bool is_eof;
    bool is_draining;
    bool is_conn_paused;
};

enum hg_h1_answer { HG_H1_NONE, HG_H1_BEGUN, HG_H1_ENDED, HG_H1_UPGRADED };

struct hg_h1_stream {
    struct hg_stream s;
    struct hg_h1_conn *h;
    struct hg_h1_head head;
    struct hg_h1_body body;
    int64_t body_from_ms; /* moved on by pauses */
    int64_t paused_at_ms;
    uint64_t drained_bytes;
    uint8_t answer;           /* enum hg_h1_answer */
    bool is_last;             /* the connection is closed after the answer */
    bool is_chunked;          /* the answer is */
    bool is_bodyless;         /* what is written of the answer's body is dropped */
    bool is_paused;           /* by the layer above */
    bool is_let_go;           /* on_gone was called */
    bool is_continued;        /* 100 was sent */
    bool is_eof_told;         /* of an upgraded connection */
    bool is_starved;          /* the layer above found no room */
    struct hg_pieces chunk;   /* of this turn */
    struct hg_field memory[]; /* the head's fields, and its bytes behind them */
};

enum { HG_H1_DRAIN_BYTES_MAX = 65536 };

/* h1.c: have turn_end called at the end of this turn. */
void hg_h1__schedule(struct hg_h1_conn *h);
/* Read from the connection or not, as what is held and the layer above say. */
void hg_h1__update_pause(struct hg_h1_conn *h);

/* h1_answer.c */
extern const struct hg_stream_proto hg_h1_stream_proto;
/* What was written in this turn, as one chunk. */
void hg_h1__flush(struct hg_h1_stream *st);
/* A refusal by the protocol itself, with the connection's end behind it. */
void hg_h1__put_refusal(struct hg_h1_conn *h, const struct hg_h1_fault *fault);
/* The body's clock starts, or goes on. */
void hg_h1__start_body_clock(struct hg_h1_stream *st);

#endif
