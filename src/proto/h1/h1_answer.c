/* SPDX-License-Identifier: Apache-2.0 */
/* h1_answer.c - the way out: heads, chunks, upgrades.
 *
 * The pieces of a chunked answer are gathered until the end of the turn and
 * leave as one chunk: its size must be known before its first byte. */
#include "proto/h1/h1_impl.h"

#include "base/digits.h"
#include "proto/http/answer.h"
#include "proto/http/chars.h"
#include "proto/http/pace.h"

/* Gathers the many small parts of a head before they are copied once. */
struct writer {
    struct hg_conn *conn;
    size_t n;
    char text[1024];
};

static void flush_writer(struct writer *w) {
    hg_conn_put(w->conn, w->text, w->n);
    w->n = 0;
}

static void put(struct writer *w, const void *bytes, size_t n) {
    if (n > sizeof(w->text) - w->n) {
        flush_writer(w);
    }
    if (n > sizeof(w->text)) {
        hg_conn_put(w->conn, bytes, n);
        return;
    }
    if (n > 0) {
        memcpy(w->text + w->n, bytes, n);
        w->n += n;
    }
}

#define PUT(w, literal) put((w), (literal), sizeof(literal) - 1)

static void put_number(struct writer *w, uint64_t value) {
    char digits[HG_DIGITS_MAX];
    struct hg_slice text = hg_digits(value, digits);
    put(w, text.ptr, text.len);
}

static void put_status(struct writer *w, int status) {
    const char *reason = hg_http_reason(status);
    PUT(w, "HTTP/1.1 ");
    put_number(w, (uint64_t)status);
    PUT(w, " ");
    put(w, reason, strlen(reason));
    PUT(w, "\r\ndate: ");
    put(w, hg_http_date().ptr, HG_HTTP_DATE_LEN);
    PUT(w, "\r\nserver: headgate\r\n");
}

static void put_fields(struct writer *w, const struct hg_field *fields, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (hg_http_field_is_ours(&fields[i])) {
            put(w, fields[i].name.ptr, fields[i].name.len);
            PUT(w, ": ");
            put(w, fields[i].value.ptr, fields[i].value.len);
            PUT(w, "\r\n");
        }
    }
}

static void put_length(struct writer *w, uint64_t length) {
    PUT(w, "content-length: ");
    put_number(w, length);
    PUT(w, "\r\n");
}

/* Whether the connection can go on behind this answer. Whoever asked to be let
 * in (Expect, Upgrade) and was not may have sent bytes that only an accepted
 * request explains: they must never be read as a request. */
static bool must_close(const struct hg_h1_stream *st) {
    const struct hg_h1_conn *h = st->h;
    bool is_whole = hg_h1_body_is_whole(&st->body);
    bool is_end = h->is_eof && h->held_from == h->held.len;
    return st->is_last || st->head.is_last || h->is_draining || is_end ||
           h->n_requests >= h->setup->limits.keepalive_requests || st->head.http.is_websocket ||
           (!is_whole && st->head.http.expects_continue && !st->is_continued) ||
           (!is_whole && !st->head.is_chunked && st->body.left > HG_H1_DRAIN_BYTES_MAX);
}

static void put_connection(struct writer *w, struct hg_h1_stream *st) {
    st->is_last = must_close(st);
    if (st->is_last) {
        PUT(w, "connection: close\r\n");
    } else if (st->head.is_http10) {
        PUT(w, "connection: keep-alive\r\n");
    }
}

static struct hg_h1_stream *stream_of(struct hg_stream *s) {
    return HG_CONTAINER(s, struct hg_h1_stream, s);
}

static bool is_head_request(const struct hg_h1_stream *st) {
    return hg_slice_eq(st->head.http.method, HG_SLICE("HEAD"));
}

void hg_h1__start_body_clock(struct hg_h1_stream *st) {
    int64_t now_ms = hg_loop_now_ms(hg_conn_loop(st->s.conn));
    st->body_from_ms = now_ms;
    hg_conn_deadline(st->s.conn, now_ms + hg_http_body_check_ms(0, &st->h->setup->limits));
}

static void pause_body(struct hg_stream *s, bool is_paused) {
    struct hg_h1_stream *st = stream_of(s);
    int64_t now_ms = hg_loop_now_ms(hg_conn_loop(s->conn));
    bool is_reading = !hg_h1_body_is_whole(&st->body);
    if (is_paused == st->is_paused) {
        return;
    }
    st->is_paused = is_paused;
    if (is_paused) {
        st->paused_at_ms = now_ms;
        if (is_reading) {
            hg_conn_deadline(s->conn, 0); /* it is we who are slow */
        }
    } else {
        if (is_reading) {
            st->body_from_ms += now_ms - st->paused_at_ms;
            hg_conn_deadline(s->conn, now_ms + HG_HTTP_PACE_CHECK_MS);
        }
        hg_h1__schedule(st->h); /* for what is held */
    }
    hg_h1__update_pause(st->h);
}

/* The answer is whole: what is left of the body is read after all, to be
 * dropped. */
static void close_answer(struct hg_h1_stream *st) {
    pause_body(&st->s, false);
    st->answer = HG_H1_ENDED;
    hg_h1__schedule(st->h);
}

static void answer(struct hg_stream *s, int status, const struct hg_field *fields, size_t n,
                   struct hg_slice body) {
    struct hg_h1_stream *st = stream_of(s);
    struct writer w = {.conn = s->conn, .n = 0};
    HG_ASSERT(st->answer == HG_H1_NONE);
    put_status(&w, status);
    put_fields(&w, fields, n);
    put_connection(&w, st);
    if (!hg_http_is_bodyless(status)) {
        put_length(&w, body.len);
    }
    PUT(&w, "\r\n");
    if (!hg_http_is_bodyless(status) && !is_head_request(st)) {
        put(&w, body.ptr, body.len);
    }
    flush_writer(&w);
    close_answer(st);
}

static bool has_length(const struct hg_field *fields, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (hg_slice_eq(fields[i].name, HG_SLICE("content-length"))) {
            return true;
        }
    }
    return false;
}

static void begin(struct hg_stream *s, int status, const struct hg_field *fields, size_t n) {
    struct hg_h1_stream *st = stream_of(s);
    struct writer w = {.conn = s->conn, .n = 0};
    HG_ASSERT(st->answer == HG_H1_NONE);
    bool is_counted = has_length(fields, n) || hg_http_is_bodyless(status);
    if (!is_counted && st->head.is_http10) {
        st->is_last = true; /* the end of the connection is the end of the body */
    }
    st->is_chunked = !is_counted && !st->head.is_http10;
    st->is_bodyless = hg_http_is_bodyless(status) || is_head_request(st);
    put_status(&w, status);
    put_fields(&w, fields, n);
    put_connection(&w, st);
    if (st->is_chunked) {
        PUT(&w, "transfer-encoding: chunked\r\n");
    }
    PUT(&w, "\r\n");
    flush_writer(&w);
    st->answer = HG_H1_BEGUN;
}

static void upgrade(struct hg_stream *s, const struct hg_field *fields, size_t n) {
    struct hg_h1_stream *st = stream_of(s);
    struct writer w = {.conn = s->conn, .n = 0};
    HG_ASSERT(st->answer == HG_H1_NONE && st->head.http.is_websocket);
    put_status(&w, 101);
    put_fields(&w, fields, n);
    PUT(&w, "upgrade: websocket\r\nconnection: Upgrade\r\n\r\n");
    flush_writer(&w);
    st->answer = HG_H1_UPGRADED;
    st->is_last = true;
    hg_h1__schedule(st->h); /* bytes may have come behind the request */
}

static bool takes_bytes(const struct hg_h1_stream *st) {
    HG_ASSERT(st->answer == HG_H1_BEGUN || st->answer == HG_H1_UPGRADED);
    return !st->is_bodyless && !st->h->is_closing;
}

/* What was added to the chunk leaves at the end of the turn. */
static void close_add(struct hg_h1_stream *st, int err) {
    if (err != 0) {
        hg_conn_abort(st->s.conn);
    } else {
        hg_h1__schedule(st->h);
    }
}

static void write_blob(struct hg_stream *s, struct hg_blob *blob, size_t from, size_t len) {
    struct hg_h1_stream *st = stream_of(s);
    if (!takes_bytes(st) || len == 0) {
        return;
    }
    if (st->is_chunked) {
        close_add(st, hg_pieces_add(&st->chunk, blob, from, len));
    } else {
        hg_conn_put_blob(s->conn, blob, from, len);
    }
}

static void put_bytes(struct hg_stream *s, const void *bytes, size_t n) {
    struct hg_h1_stream *st = stream_of(s);
    if (!takes_bytes(st) || n == 0) {
        return;
    }
    if (st->is_chunked) {
        close_add(st, hg_pieces_copy(&st->chunk, bytes, n));
    } else {
        hg_conn_put(s->conn, bytes, n);
    }
}

static void put_chunk_size(struct hg_conn *c, size_t size) {
    char text[20];
    size_t at = sizeof(text);
    text[--at] = '\n';
    text[--at] = '\r';
    do {
        text[--at] = "0123456789abcdef"[size & 15];
        size >>= 4;
    } while (size > 0);
    hg_conn_put(c, text + at, sizeof(text) - at);
}

void hg_h1__flush(struct hg_h1_stream *st) {
    struct hg_conn *c = st->s.conn;
    if (st->chunk.bytes > 0) {
        put_chunk_size(c, st->chunk.bytes);
        hg_pieces_move(&st->chunk, c, st->chunk.bytes);
        hg_conn_put(c, "\r\n", 2);
    }
}

static size_t room(const struct hg_stream *s) {
    /* Not const where it was made: whoever finds no room is called back. */
    struct hg_h1_stream *st = stream_of((struct hg_stream *)s);
    size_t left = hg_conn_room(s->conn);
    left = left > st->chunk.bytes ? left - st->chunk.bytes : 0;
    st->is_starved = st->is_starved || left == 0;
    return left;
}

static void end(struct hg_stream *s) {
    struct hg_h1_stream *st = stream_of(s);
    HG_ASSERT(st->answer == HG_H1_BEGUN || st->answer == HG_H1_UPGRADED);
    hg_h1__flush(st);
    if (st->is_chunked && !st->is_bodyless) {
        hg_conn_put(s->conn, "0\r\n\r\n", 5);
    }
    close_answer(st);
}

static void reset(struct hg_stream *s) {
    stream_of(s)->h->is_closing = true;
    hg_conn_abort(s->conn);
}

static void go_on(struct hg_stream *s) {
    struct hg_h1_stream *st = stream_of(s);
    if (st->head.http.expects_continue && !st->is_continued && st->answer == HG_H1_NONE &&
        st->body.payload_bytes == 0) {
        st->is_continued = true;
        hg_conn_put(s->conn, "HTTP/1.1 100 Continue\r\n\r\n", 25);
        hg_h1__start_body_clock(st);
    }
}

void hg_h1__put_refusal(struct hg_h1_conn *h, const struct hg_h1_fault *fault) {
    struct writer w = {.conn = h->conn, .n = 0};
    char body[HG_HTTP_REFUSAL_MAX];
    size_t n_fields = 0;
    const struct hg_field *fields = hg_http_refusal_fields(fault->status, &n_fields);
    size_t n = hg_http_refusal_print(fault->status, fault->text, body);
    put_status(&w, fault->status);
    put_fields(&w, fields, n_fields);
    if (fault->status == 426) {
        PUT(&w, "upgrade: websocket\r\nconnection: Upgrade, close\r\n");
    } else {
        PUT(&w, "connection: close\r\n");
    }
    put_length(&w, n);
    PUT(&w, "\r\n");
    put(&w, body, n);
    flush_writer(&w);
}

const struct hg_stream_proto hg_h1_stream_proto = {
    .answer = answer,
    .begin = begin,
    .upgrade = upgrade,
    .write = write_blob,
    .put = put_bytes,
    .room = room,
    .end = end,
    .reset = reset,
    .go_on = go_on,
    .pause = pause_body,
};
