/* SPDX-License-Identifier: Apache-2.0 */
/* h2_impl.h - what the files of HTTP/2 share: h2.c (the connection),
 * h2_session.c (what the library calls), h2_stream.c (answers).
 *
 *   on_bytes -> guard -> library -> on_header ... on_frame_recv -> on_head
 *                                -> on_data_chunk -> on_body
 *   hg_stream_write -> out -> turn_end -> library -> send_data -> connection
 *
 * A stream is freed when the library closes it, which it does only while it
 * reads or writes, never inside a call from above; or with its connection. */
#ifndef HG_PROTO_H2_H2_IMPL_H
#define HG_PROTO_H2_H2_IMPL_H

#include <nghttp2/nghttp2.h>

#include "base/list.h"
#include "headgate/loop.h"
#include "proto/h2/h2_guard.h"
#include "proto/h2/h2_head.h"
#include "proto/http/door.h"
#include "proto/http/pieces.h"

enum {
    HG_H2_STREAM_WINDOW = 65536,
    HG_H2_CONN_WINDOW = 1 << 20,
    HG_H2_STREAMS_IN_ALL = 10000, /* or keepalive_requests, when that is more */
    HG_H2_SPARE_BYTES = 1536,     /* most requests fit into as much */
    HG_H2_SPARES_MAX = 32,
    HG_H2_TRIM_MS = 1000, /* idle for so long: let go of what only requests need */
};

enum hg_h2_drain { HG_H2_STAYS, HG_H2_NOTICED, HG_H2_LEAVES };

struct hg_h2_conn {
    struct hg_http_door door;
    struct hg_conn *conn;
    const struct hg_http_setup *setup;
    nghttp2_session *session;
    struct hg_h2_guard guard;
    struct hg_h2_block *block;   /* of the request that is coming in; dropped when idle */
    struct hg_list streams;      /* all of them */
    struct hg_list reading;      /* whose body is not whole */
    struct hg_list starved;      /* which found no room */
    struct hg_list sending;      /* whose answer is given and not yet sent whole */
    struct hg_h2_stream *spares; /* memory of streams that are gone, HG_H2_SPARE_BYTES each */
    uint32_t n_spares;
    size_t queued_bytes; /* of all streams, not yet in a frame */
    struct hg_task turn_end;
    int64_t opened_ms;
    int64_t idle_since_ms;
    int64_t drain_at_ms;
    int64_t deadline_ms; /* as set; 0: none */
    uint32_t n_streams;  /* open now */
    uint32_t n_streams_in_all;
    uint8_t drain; /* enum hg_h2_drain */
    bool is_turn_due;
    bool is_gone;     /* the connection is: turn_end frees this */
    bool is_ending;   /* GOAWAY with an error, or when idle, is on its way */
    bool is_closing;  /* the session is of no more use */
    bool is_acked;    /* the peer knows our settings */
    bool has_resumed; /* a stream may have held bytes to deliver */
    bool is_calm_due; /* an account ran empty inside the library */
};

enum hg_h2_answer { HG_H2_NONE, HG_H2_BEGUN, HG_H2_ENDED };

struct hg_h2_stream {
    struct hg_stream s;
    struct hg_h2_conn *h;
    struct hg_list in_streams, in_reading, in_starved, in_sending;
    struct hg_http_head head;
    struct hg_pieces out;
    struct hg_buf held; /* came while paused; the window bounds it */
    int64_t body_from_ms;
    int64_t paused_at_ms;
    uint64_t body_bytes;
    uint64_t sent_bytes;
    int64_t stall_from_ms; /* since when sent_bytes counts */
    uint8_t answer;        /* enum hg_h2_answer */
    bool is_let_go;        /* on_gone was called, or there never was an on_head */
    bool is_paused;
    bool is_whole; /* END_STREAM has come */
    bool is_whole_told;
    bool is_waiting; /* the library waits for bytes of ours */
    bool is_continued;
    bool is_bodyless;
    bool is_upgraded;
    bool is_reset;       /* by us: nothing is sent any more */
    bool is_late;        /* the body came too slowly */
    bool is_spare_sized; /* in a block of HG_H2_SPARE_BYTES */
    struct hg_h2_stream *next_spare;
    struct hg_field memory[]; /* the head's fields, and its bytes behind them */
};

/* h2.c */
void hg_h2__schedule(struct hg_h2_conn *h);
/* Have deadlines looked at, at mono_ms at the latest. */
void hg_h2__arm(struct hg_h2_conn *h, int64_t mono_ms);
void hg_h2__drain(struct hg_h2_conn *h);
int64_t hg_h2__now_ms(const struct hg_h2_conn *h);

/* h2_session.c: HG_ENOMEM. */
int hg_h2__open_session(struct hg_h2_conn *h);

/* h2_stream.c */
extern const struct hg_stream_proto hg_h2_stream_proto;
/* block's request as a stream, in all lists; NULL: no memory. */
struct hg_h2_stream *hg_h2__stream_new(struct hg_h2_conn *h, uint32_t id, bool is_whole);
void hg_h2__stream_free(struct hg_h2_stream *st);
void hg_h2__drop_spares(struct hg_h2_conn *h);
void hg_h2__let_go(struct hg_h2_stream *st, bool is_complete);
/* Bytes of the body: to the layer above, held, or dropped. */
void hg_h2__take_body(struct hg_h2_stream *st, const char *bytes, size_t n);
void hg_h2__take_end(struct hg_h2_stream *st);
/* What was held, if it may go now. */
void hg_h2__release_body(struct hg_h2_stream *st);
/* The answer is sent whole. */
void hg_h2__finish(struct hg_h2_stream *st);
/* The protocol's own answer, without the layer above. */
void hg_h2__refuse(struct hg_h2_stream *st, int status, const char *text);
/* The body's clock: late bodies are refused, later ones reset. */
void hg_h2__check_body(struct hg_h2_stream *st);
/* The answer's: one that does not get on is reset. */
void hg_h2__check_answer(struct hg_h2_stream *st);
void hg_h2__reset(struct hg_h2_stream *st, uint32_t error_code);

#endif
