/* SPDX-License-Identifier: Apache-2.0 */
/* h2_stream.c - one request and its answer on HTTP/2.
 *
 * What is written waits in the stream's queue until the library has window for
 * it; then its DATA frames take it out, without a copy. */
#include "proto/h2/h2_impl.h"

#include "base/digits.h"
#include "proto/http/answer.h"
#include "proto/http/counters.h"
#include "proto/http/pace.h"

enum { FIELDS_MAX = 64 };

static struct hg_h2_stream *stream_of(struct hg_stream *s) {
    return HG_CONTAINER(s, struct hg_h2_stream, s);
}

/* --- life --- */

/* Busy connections hand the memory of one stream to the next. */
static struct hg_h2_stream *take_memory(struct hg_h2_conn *h, size_t bytes) {
    struct hg_h2_stream *st = h->spares;
    bool is_spare_sized = bytes <= HG_H2_SPARE_BYTES;
    if (is_spare_sized && st != NULL) {
        h->spares = st->next_spare;
        h->n_spares--;
    } else {
        st = hg_try_realloc(NULL, is_spare_sized ? HG_H2_SPARE_BYTES : bytes);
    }
    if (st != NULL) {
        *st = (struct hg_h2_stream){.is_spare_sized = is_spare_sized};
    }
    return st;
}

static void give_memory(struct hg_h2_conn *h, struct hg_h2_stream *st) {
    if (st->is_spare_sized && h->n_spares < HG_H2_SPARES_MAX && !h->is_closing) {
        st->next_spare = h->spares;
        h->spares = st;
        h->n_spares++;
    } else {
        hg_free(st);
    }
}

void hg_h2__drop_spares(struct hg_h2_conn *h) {
    while (h->spares != NULL) {
        struct hg_h2_stream *st = h->spares;
        h->spares = st->next_spare;
        hg_free(st);
    }
    h->n_spares = 0;
}

struct hg_h2_stream *hg_h2__stream_new(struct hg_h2_conn *h, uint32_t id, bool is_whole) {
    struct hg_h2_stream *st = take_memory(h, sizeof(*st) + hg_h2_block_settled_size(h->block));
    if (st == NULL) {
        return NULL;
    }
    hg_h2_block_settle(h->block, is_whole, st->memory, &st->head);
    st->s = (struct hg_stream){
        .proto = &hg_h2_stream_proto, .ops = h->setup->ops, .conn = h->conn, .id = id};
    st->h = h;
    st->is_whole = is_whole;
    st->is_whole_told = is_whole;
    st->is_let_go = h->block->status != 0; /* nobody above will know of it */
    hg_list_append(&h->streams, &st->in_streams);
    hg_list_init(&st->in_starved);
    hg_list_init(&st->in_reading);
    hg_list_init(&st->in_sending);
    h->n_streams++;
    if (st->head.has_body) {
        st->body_from_ms = hg_h2__now_ms(h);
        hg_list_append(&h->reading, &st->in_reading);
        hg_h2__arm(h, st->body_from_ms + hg_http_body_check_ms(0, &h->setup->limits));
    }
    return st;
}

void hg_h2__stream_free(struct hg_h2_stream *st) {
    struct hg_h2_conn *h = st->h;
    hg_list_remove(&st->in_streams);
    hg_list_remove(&st->in_starved);
    hg_list_remove(&st->in_reading);
    hg_list_remove(&st->in_sending);
    h->queued_bytes -= st->out.bytes;
    hg_pieces_fini(&st->out);
    hg_buf_fini(&st->held);
    give_memory(h, st);
    if (--h->n_streams == 0) {
        h->idle_since_ms = hg_h2__now_ms(h);
        int64_t keep_ms = h->setup->limits.keepalive_timeout_ms;
        hg_h2__arm(h, h->idle_since_ms + (keep_ms < HG_H2_TRIM_MS ? keep_ms : HG_H2_TRIM_MS));
    }
    if (!hg_list_is_empty(&h->starved)) {
        hg_h2__schedule(h); /* what this one had queued is room for them */
    }
}

void hg_h2__let_go(struct hg_h2_stream *st, bool is_complete) {
    if (!st->is_let_go) {
        st->is_let_go = true;
        st->s.ops->on_gone(&st->s, is_complete);
    }
}

/* What the library says no to is the end of the stream, or of the connection. */
static void check(struct hg_h2_stream *st, int err) {
    if (err == NGHTTP2_ERR_NOMEM) {
        hg_conn_abort(st->s.conn);
    } else if (err != 0) {
        hg_h2__reset(st, NGHTTP2_INTERNAL_ERROR);
    }
}

void hg_h2__reset(struct hg_h2_stream *st, uint32_t error_code) {
    if (!st->is_reset) {
        st->is_reset = true;
        nghttp2_submit_rst_stream(st->h->session, NGHTTP2_FLAG_NONE, (int32_t)st->s.id, error_code);
        hg_h2__schedule(st->h);
    }
}

/* --- the body of the request --- */

static bool may_deliver(const struct hg_h2_stream *st) {
    return !st->is_paused && (!st->head.is_websocket || st->is_upgraded);
}

static bool is_unwanted(const struct hg_h2_stream *st) {
    return st->is_let_go || st->answer == HG_H2_ENDED;
}

static void consume(struct hg_h2_stream *st, size_t n) {
    check(st, nghttp2_session_consume(st->h->session, (int32_t)st->s.id, n));
}

void hg_h2__take_body(struct hg_h2_stream *st, const char *bytes, size_t n) {
    st->body_bytes += n;
    if (is_unwanted(st)) {
        consume(st, n);
    } else if (!may_deliver(st)) {
        hg_buf_put(&st->held, bytes, n);
        if (st->held.is_failed) {
            hg_conn_abort(st->s.conn);
        }
    } else {
        st->s.ops->on_body(&st->s, bytes, n, false);
        consume(st, n);
    }
}

static void tell_end(struct hg_h2_stream *st) {
    if (st->is_whole && !st->is_whole_told && may_deliver(st) && !is_unwanted(st)) {
        st->is_whole_told = true;
        st->s.ops->on_body(&st->s, NULL, 0, true);
    }
}

void hg_h2__take_end(struct hg_h2_stream *st) {
    st->is_whole = true;
    hg_list_remove(&st->in_reading);
    tell_end(st);
}

void hg_h2__release_body(struct hg_h2_stream *st) {
    if (st->held.len > 0 && (may_deliver(st) || is_unwanted(st))) {
        struct hg_buf held = st->held;
        st->held = (struct hg_buf){.len = 0};
        if (!is_unwanted(st)) {
            st->s.ops->on_body(&st->s, held.ptr, held.len, false);
        }
        consume(st, held.len);
        hg_buf_fini(&held);
    }
    tell_end(st);
}

void hg_h2__check_body(struct hg_h2_stream *st) {
    const struct hg_http_limits *limits = &st->h->setup->limits;
    int64_t elapsed_ms = hg_h2__now_ms(st->h) - st->body_from_ms;
    if (st->is_paused || !hg_http_body_is_late(elapsed_ms, st->body_bytes, limits)) {
        return;
    }
    st->is_late = true;
    if (st->answer == HG_H2_NONE) {
        hg_h2__refuse(st, 408, "The body came too slowly.");
    } else {
        hg_h2__reset(st, NGHTTP2_CANCEL);
    }
}

void hg_h2__check_answer(struct hg_h2_stream *st) {
    int64_t now_ms = hg_h2__now_ms(st->h);
    if (now_ms < st->stall_from_ms + hg_http_stall_ms(&st->h->setup->limits)) {
        return;
    }
    if (st->sent_bytes < HG_HTTP_STALL_BYTES) {
        hg_h2__reset(st, NGHTTP2_CANCEL);
    }
    st->stall_from_ms = now_ms;
    st->sent_bytes = 0;
}

/* A body that is still to come is let come to its end when that is near: some
 * clients forget an answer that a reset follows. */
void hg_h2__finish(struct hg_h2_stream *st) {
    hg_list_remove(&st->in_sending);
    hg_h2__let_go(st, true);
    if (st->is_whole) {
        return;
    }
    int64_t left = st->head.content_length - (int64_t)st->body_bytes;
    if (st->head.is_websocket) {
        st->body_from_ms = hg_h2__now_ms(st->h);
        hg_list_remove(&st->in_reading);
        hg_list_append(&st->h->reading, &st->in_reading);
        hg_h2__arm(st->h, st->body_from_ms + HG_HTTP_GRACE_MS);
    } else if (st->head.content_length < 0 || left > HG_H2_STREAM_WINDOW || st->is_late) {
        hg_h2__reset(st, NGHTTP2_NO_ERROR);
    }
}

/* --- the answer --- */

static ssize_t read_data(nghttp2_session *session, int32_t id, uint8_t *buf, size_t length,
                         uint32_t *flags, nghttp2_data_source *source, void *user) {
    struct hg_h2_stream *st = source->ptr;
    bool is_end = st->answer == HG_H2_ENDED;
    size_t n = st->out.bytes < length ? st->out.bytes : length;
    (void)session, (void)id, (void)buf, (void)user;
    if (n == 0 && !is_end) {
        st->is_waiting = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= n > 0 ? NGHTTP2_DATA_FLAG_NO_COPY : 0;
    *flags |= is_end && n == st->out.bytes ? NGHTTP2_DATA_FLAG_EOF : 0;
    return (ssize_t)n;
}

static nghttp2_nv make_nv(struct hg_slice name, struct hg_slice value, uint8_t flags) {
    return (nghttp2_nv){(uint8_t *)name.ptr, (uint8_t *)value.ptr, name.len, value.len, flags};
}

/* A value that is new with each answer would push what repeats out of the
 * compression table. */
static bool is_unique(struct hg_slice name) {
    return hg_slice_starts(name, HG_SLICE("headgate-")) || hg_slice_eq(name, HG_SLICE("link"));
}

/* The head; with_length: of an answer that is given whole. */
static void submit(struct hg_h2_stream *st, int status, const struct hg_field *fields, size_t n,
                   const size_t *with_length, bool has_data) {
    nghttp2_nv nv[FIELDS_MAX + 4];
    nghttp2_data_provider provider = {.source.ptr = st, .read_callback = read_data};
    char status_text[HG_DIGITS_MAX], length_text[HG_DIGITS_MAX];
    size_t n_nv = 0;
    nv[n_nv++] = make_nv(HG_SLICE(":status"), hg_digits((uint64_t)status, status_text),
                         NGHTTP2_NV_FLAG_NO_COPY_NAME);
    nv[n_nv++] = make_nv(HG_SLICE("date"), hg_http_date(), NGHTTP2_NV_FLAG_NO_COPY_NAME);
    nv[n_nv++] = make_nv(HG_SLICE("server"), HG_SLICE("headgate"),
                         NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE);
    if (with_length != NULL) {
        nv[n_nv++] = make_nv(HG_SLICE("content-length"), hg_digits(*with_length, length_text),
                             NGHTTP2_NV_FLAG_NO_COPY_NAME);
    }
    for (size_t i = 0; i < n && n_nv < HG_COUNT(nv); i++) {
        if (hg_http_field_is_ours(&fields[i])) {
            nv[n_nv++] = make_nv(fields[i].name, fields[i].value,
                                 is_unique(fields[i].name) ? NGHTTP2_NV_FLAG_NO_INDEX
                                                           : NGHTTP2_NV_FLAG_NONE);
        }
    }
    check(st, nghttp2_submit_response(st->h->session, (int32_t)st->s.id, nv, n_nv,
                                      has_data ? &provider : NULL));
    hg_h2__schedule(st->h);
}

/* From now on it is the peer's pace alone. */
static void start_sending(struct hg_h2_stream *st) {
    struct hg_h2_conn *h = st->h;
    st->stall_from_ms = hg_h2__now_ms(h);
    st->sent_bytes = 0;
    hg_list_append(&h->sending, &st->in_sending);
    hg_h2__arm(h, st->stall_from_ms + hg_http_stall_ms(&h->setup->limits));
}

static bool is_head_request(const struct hg_h2_stream *st) {
    return hg_slice_eq(st->head.method, HG_SLICE("HEAD"));
}

static void answer(struct hg_stream *s, int status, const struct hg_field *fields, size_t n,
                   struct hg_slice body) {
    struct hg_h2_stream *st = stream_of(s);
    HG_ASSERT(st->answer == HG_H2_NONE);
    st->answer = HG_H2_ENDED;
    if (st->is_reset) {
        return;
    }
    bool has_body = body.len > 0 && !hg_http_is_bodyless(status) && !is_head_request(st);
    if (has_body && hg_pieces_copy(&st->out, body.ptr, body.len) != 0) {
        hg_conn_abort(s->conn);
        return;
    }
    st->h->queued_bytes += st->out.bytes;
    st->h->has_resumed = st->h->has_resumed || st->held.len > 0;
    submit(st, status, fields, n, hg_http_is_bodyless(status) ? NULL : &body.len, has_body);
    if (has_body) {
        start_sending(st);
    }
}

static void begin(struct hg_stream *s, int status, const struct hg_field *fields, size_t n) {
    struct hg_h2_stream *st = stream_of(s);
    HG_ASSERT(st->answer == HG_H2_NONE);
    st->answer = HG_H2_BEGUN;
    st->is_bodyless = hg_http_is_bodyless(status) || is_head_request(st);
    if (!st->is_reset) {
        submit(st, status, fields, n, NULL, true);
    }
}

static void upgrade(struct hg_stream *s, const struct hg_field *fields, size_t n) {
    struct hg_h2_stream *st = stream_of(s);
    HG_ASSERT(st->head.is_websocket);
    begin(s, 200, fields, n);
    st->is_upgraded = true;
    st->h->has_resumed = true; /* bytes may have come behind the request */
}

/* There are bytes, or the end of them. */
static void wake(struct hg_h2_stream *st) {
    if (st->is_waiting) {
        st->is_waiting = false;
        check(st, nghttp2_session_resume_data(st->h->session, (int32_t)st->s.id));
    }
    hg_h2__schedule(st->h);
}

static bool takes_bytes(const struct hg_h2_stream *st) {
    HG_ASSERT(st->answer == HG_H2_BEGUN);
    return !st->is_bodyless && !st->is_reset && !st->h->is_closing;
}

static void close_add(struct hg_h2_stream *st, int err, size_t n) {
    if (err != 0) {
        hg_conn_abort(st->s.conn);
        return;
    }
    st->h->queued_bytes += n;
    wake(st);
}

static void write_blob(struct hg_stream *s, struct hg_blob *blob, size_t from, size_t len) {
    struct hg_h2_stream *st = stream_of(s);
    if (takes_bytes(st) && len > 0) {
        close_add(st, hg_pieces_add(&st->out, blob, from, len), len);
    }
}

static void put_bytes(struct hg_stream *s, const void *bytes, size_t n) {
    struct hg_h2_stream *st = stream_of(s);
    if (takes_bytes(st) && n > 0) {
        close_add(st, hg_pieces_copy(&st->out, bytes, n), n);
    }
}

static size_t left_of(int64_t window, size_t queued) {
    return window > (int64_t)queued ? (size_t)window - queued : 0;
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

static size_t room(const struct hg_stream *s) {
    /* Not const where it was made: whoever finds no room is called back. */
    struct hg_h2_stream *st = stream_of((struct hg_stream *)s);
    struct hg_h2_conn *h = st->h;
    if (st->is_reset || h->is_closing) {
        return 0;
    }
    int64_t of_stream =
        nghttp2_session_get_stream_remote_window_size(h->session, (int32_t)st->s.id);
    int64_t of_conn = nghttp2_session_get_remote_window_size(h->session);
    size_t left = least(left_of(of_stream, st->out.bytes), left_of(of_conn, h->queued_bytes));
    left = least(left, left_of((int64_t)hg_conn_room(s->conn), h->queued_bytes));
    if (left == 0) {
        hg_list_remove(&st->in_starved);
        hg_list_append(&h->starved, &st->in_starved);
    }
    return left;
}

static void end(struct hg_stream *s) {
    struct hg_h2_stream *st = stream_of(s);
    HG_ASSERT(st->answer == HG_H2_BEGUN);
    st->answer = HG_H2_ENDED;
    st->h->has_resumed = st->h->has_resumed || st->held.len > 0;
    if (!st->is_reset) {
        start_sending(st);
        wake(st);
    }
}

static void reset(struct hg_stream *s) {
    hg_h2__reset(stream_of(s), NGHTTP2_CANCEL);
}

static void go_on(struct hg_stream *s) {
    struct hg_h2_stream *st = stream_of(s);
    const nghttp2_nv nv = make_nv(HG_SLICE(":status"), HG_SLICE("100"), NGHTTP2_NV_FLAG_NONE);
    if (st->head.expects_continue && !st->is_continued && st->answer == HG_H2_NONE &&
        st->body_bytes == 0 && !st->is_reset) {
        st->is_continued = true;
        st->body_from_ms = hg_h2__now_ms(st->h);
        check(st, nghttp2_submit_headers(st->h->session, NGHTTP2_FLAG_NONE, (int32_t)st->s.id, NULL,
                                         &nv, 1, NULL) < 0
                      ? NGHTTP2_ERR_NOMEM
                      : 0);
        hg_h2__schedule(st->h);
    }
}

static void pause_body(struct hg_stream *s, bool is_paused) {
    struct hg_h2_stream *st = stream_of(s);
    int64_t now_ms = hg_h2__now_ms(st->h);
    if (is_paused == st->is_paused) {
        return;
    }
    st->is_paused = is_paused;
    if (is_paused) {
        st->paused_at_ms = now_ms;
    } else {
        st->body_from_ms += now_ms - st->paused_at_ms;
        st->h->has_resumed = true;
        hg_h2__schedule(st->h);
    }
}

void hg_h2__refuse(struct hg_h2_stream *st, int status, const char *text) {
    char body[HG_HTTP_REFUSAL_MAX];
    size_t n_fields = 0;
    const struct hg_field *fields = hg_http_refusal_fields(status, &n_fields);
    size_t n = hg_http_refusal_print(status, text, body);
    hg_http_count_error(hg_http_error_of(status));
    hg_http_refusal_tell(st->s.ops, st->s.conn, st->is_let_go ? NULL : &st->s, status, &st->head);
    hg_h2__let_go(st, false);
    if (hg_h2_guard_reset_sent(&st->h->guard, hg_h2__now_ms(st->h)) != HG_H2_GO_ON) {
        st->h->is_calm_due = true;
    }
    answer(&st->s, status, fields, n_fields, (struct hg_slice){body, n});
}

const struct hg_stream_proto hg_h2_stream_proto = {
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
