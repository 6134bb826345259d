/* SPDX-License-Identifier: Apache-2.0 */
/* h1.c - the way in: from a connection's bytes to requests, one at a time.
 *
 * run() takes the connection as far as what is there allows and is the only
 * place where a request is freed. What it cannot use yet, because an answer is
 * still to come, is held. */
#include "proto/h1/h1.h"

#include "proto/h1/h1_impl.h"
#include "proto/http/answer.h"
#include "proto/http/counters.h"
#include "proto/http/pace.h"

/* Above this much held the peer has to wait. */
enum { HELD_BYTES_MAX = 16384 };

static struct hg_h1_conn *conn_of(const struct hg_conn *c) {
    return HG_CAST(struct hg_h1_conn, HG_HTTP_DOOR_MAGIC, hg_conn_user(c));
}

static int64_t now_ms(const struct hg_h1_conn *h) {
    return hg_loop_now_ms(hg_conn_loop(h->conn));
}

static size_t held_bytes(const struct hg_h1_conn *h) {
    return h->held.len - h->held_from;
}

void hg_h1__update_pause(struct hg_h1_conn *h) {
    const struct hg_h1_stream *st = h->stream;
    bool is_wanted = held_bytes(h) > HELD_BYTES_MAX ||
                     (st != NULL && st->is_paused && st->answer != HG_H1_ENDED);
    if (is_wanted != h->is_conn_paused) {
        h->is_conn_paused = is_wanted;
        if (is_wanted) {
            hg_conn_pause(h->conn);
        } else {
            hg_conn_resume(h->conn);
        }
    }
}

void hg_h1__schedule(struct hg_h1_conn *h) {
    if (!h->is_turn_due) {
        h->is_turn_due = true;
        hg_loop_defer(hg_conn_loop(h->conn), &h->turn_end);
    }
}

/* --- the end of a request --- */

/* on_gone, once. */
static void let_go(struct hg_h1_stream *st, bool is_complete) {
    if (!st->is_let_go) {
        st->is_let_go = true;
        st->s.ops->on_gone(&st->s, is_complete);
    }
}

static void free_stream(struct hg_h1_conn *h) {
    hg_pieces_fini(&h->stream->chunk);
    hg_free(h->stream);
    h->stream = NULL;
}

static void close_conn(struct hg_h1_conn *h) {
    h->is_closing = true;
    hg_conn_close(h->conn);
}

static void close_refused(struct hg_h1_conn *h, const struct hg_h1_fault *fault,
                          struct hg_stream *s, const struct hg_http_head *head) {
    hg_h1__put_refusal(h, fault);
    hg_http_refusal_tell(h->setup->ops, h->conn, s, fault->status, head);
    close_conn(h);
}

/* Refuse a request that is no more than p's head, and close: what follows is of
 * no meaning. */
static void refuse_head(struct hg_h1_conn *h, const struct hg_h1_parser *p,
                        const struct hg_h1_fault *fault) {
    const struct hg_http_head head = hg_h1_parser_head(p);
    hg_http_count_error(hg_http_error_of(fault->status));
    close_refused(h, fault, NULL, &head);
}

/* The same of the request under way. */
static void refuse(struct hg_h1_conn *h, const struct hg_h1_fault *fault) {
    struct hg_h1_stream *st = h->stream;
    hg_http_count_error(hg_http_error_of(fault->status));
    if (st->answer == HG_H1_NONE) {
        close_refused(h, fault, &st->s, &st->head.http);
    } else if (st->answer == HG_H1_ENDED) {
        close_conn(h); /* the answer stands; only what was to be drained is wrong */
    } else {
        h->is_closing = true;
        hg_conn_abort(h->conn);
    }
    let_go(st, st->answer == HG_H1_ENDED);
    free_stream(h);
}

static void finish(struct hg_h1_conn *h) {
    bool is_last = h->stream->is_last || h->is_draining;
    free_stream(h);
    if (is_last) {
        close_conn(h);
        return;
    }
    hg_conn_deadline(h->conn, now_ms(h) + h->setup->limits.keepalive_timeout_ms);
}

/* --- the body --- */

static void deliver(struct hg_h1_stream *st, struct hg_slice piece, bool is_whole) {
    if (is_whole) {
        hg_conn_deadline(st->s.conn, 0);
    }
    if (st->answer == HG_H1_ENDED) {
        st->drained_bytes += piece.len;
        if (st->drained_bytes > HG_H1_DRAIN_BYTES_MAX) {
            st->is_last = true; /* run() closes without the rest */
        }
        return;
    }
    st->s.ops->on_body(&st->s, piece.ptr, piece.len, is_whole);
}

/* Whether to go on. */
static bool read_body(struct hg_h1_conn *h, const char **pos, const char *end) {
    struct hg_h1_stream *st = h->stream;
    struct hg_slice piece = {NULL, 0};
    switch (hg_h1_body_feed(&st->body, pos, end, &piece)) {
    case HG_H1_PIECE:
    case HG_H1_END:
        deliver(st, piece, hg_h1_body_is_whole(&st->body));
        return true;
    case HG_H1_FAULT:
        refuse(h, &st->body.fault);
        return false;
    default:
        return false;
    }
}

static bool read_raw(struct hg_h1_stream *st, const char **pos, const char *end) {
    if (st->is_paused || *pos == end) {
        return false;
    }
    const char *from = *pos;
    *pos = end;
    st->s.ops->on_body(&st->s, from, (size_t)(end - from), false);
    return true;
}

/* --- the head --- */

static bool open_stream(struct hg_h1_conn *h, struct hg_h1_parser *p) {
    size_t size = sizeof(struct hg_h1_stream) + hg_h1_parser_settled_size(p);
    struct hg_h1_stream *st = hg_try_realloc(NULL, size); /* settling writes what is behind it */
    if (st == NULL) {
        refuse_head(h, p, &(struct hg_h1_fault){503, "There is no memory for the request."});
        return false;
    }
    *st = (struct hg_h1_stream){.h = h};
    h->n_requests++;
    hg_counter_add(&hg_http_requests_h1, hg_conn_is_private(h->conn) ? 0 : 1);
    hg_h1_parser_settle(p, st->memory, &st->head);
    st->s = (struct hg_stream){
        .proto = &hg_h1_stream_proto, .ops = h->setup->ops, .conn = h->conn, .id = h->n_requests};
    hg_h1_body_init(&st->body, &st->head, &h->setup->limits);
    h->stream = st;
    if (hg_h1_body_is_whole(&st->body)) {
        hg_conn_deadline(h->conn, 0);
    } else {
        hg_h1__start_body_clock(st);
    }
    return true;
}

/* The head is not whole: the parser moves from the stack to the heap. */
static void keep_parser(struct hg_h1_conn *h, struct hg_h1_parser *p) {
    if (h->parser != NULL) {
        return;
    }
    h->parser = hg_try_alloc(sizeof(*h->parser));
    if (h->parser == NULL) {
        hg_h1_parser_fini(p);
        hg_http_count_error(HG_HTTP_NO_MEMORY);
        h->is_closing = true;
        hg_conn_abort(h->conn);
        return;
    }
    hg_h1_parser_move(h->parser, p);
    if (h->n_requests > 0) { /* the first head has its time from the start */
        hg_conn_deadline(h->conn, now_ms(h) + h->setup->limits.head_timeout_ms);
    }
}

static void drop_parser(struct hg_h1_conn *h) {
    if (h->parser != NULL) {
        hg_h1_parser_fini(h->parser);
        hg_free(h->parser);
        h->parser = NULL;
    }
}

static bool read_head(struct hg_h1_conn *h, const char **pos, const char *end) {
    struct hg_h1_parser on_stack;
    struct hg_h1_parser *p = h->parser;
    bool is_open = false;
    if (*pos == end) {
        return false;
    }
    if (p == NULL) {
        p = &on_stack;
        hg_h1_parser_init(p, &h->setup->limits);
    }
    switch (hg_h1_parser_feed(p, pos, end)) {
    case HG_H1_HEAD:
        is_open = open_stream(h, p);
        break;
    case HG_H1_FAULT:
        refuse_head(h, p, &p->fault);
        break;
    default:
        keep_parser(h, p);
        return false;
    }
    if (p == &on_stack) {
        hg_h1_parser_fini(p);
    }
    drop_parser(h);
    if (is_open) {
        h->stream->s.ops->on_head(&h->stream->s, &h->stream->head.http);
    }
    return is_open;
}

/* --- all together --- */

/* One step forward; whether there may be another. */
static bool step(struct hg_h1_conn *h, const char **pos, const char *end) {
    struct hg_h1_stream *st = h->stream;
    if (st == NULL) {
        /* Who does not read answers has no more of them made. */
        return hg_conn_room(h->conn) > 0 && read_head(h, pos, end);
    }
    if (st->answer == HG_H1_UPGRADED) {
        return read_raw(st, pos, end);
    }
    if (st->answer == HG_H1_ENDED) {
        let_go(st, true);
        if (st->is_last || hg_h1_body_is_whole(&st->body)) {
            finish(h);
            return true;
        }
    }
    bool is_stopped = st->is_paused && st->answer != HG_H1_ENDED;
    return !is_stopped && !hg_h1_body_is_whole(&st->body) && read_body(h, pos, end);
}

/* The peer sends no more, and everything it sent was looked at. */
static void take_eof(struct hg_h1_conn *h) {
    struct hg_h1_stream *st = h->stream;
    if (st == NULL) {
        if (h->parser != NULL) {
            hg_http_count_error(HG_HTTP_INCOMPLETE);
        }
        close_conn(h);
    } else if (st->answer == HG_H1_UPGRADED) {
        if (!st->is_eof_told && !st->is_paused) {
            st->is_eof_told = true;
            st->s.ops->on_body(&st->s, NULL, 0, true);
        }
    } else if (!hg_h1_body_is_whole(&st->body)) {
        hg_http_count_error(HG_HTTP_INCOMPLETE);
        let_go(st, false);
        free_stream(h);
        close_conn(h);
    } else {
        st->is_last = true; /* the answer is still wanted */
    }
}

static void run(struct hg_h1_conn *h, const char **pos, const char *end) {
    while (!h->is_closing && step(h, pos, end)) {
    }
    if (h->is_closing) {
        *pos = end;
    } else if (h->is_eof && *pos == end) {
        take_eof(h);
    }
}

static void run_held(struct hg_h1_conn *h) {
    const char *pos = h->held.ptr + h->held_from;
    const char *end = h->held.ptr + h->held.len;
    if (h->held.len == 0) {
        pos = end = "";
    }
    run(h, &pos, end);
    if (pos == end) {
        hg_buf_fini(&h->held);
        h->held_from = 0;
    } else {
        h->held_from = h->held.len - (size_t)(end - pos);
    }
    hg_h1__update_pause(h);
}

static void hold(struct hg_h1_conn *h, const char *bytes, size_t n) {
    if (h->held_from > 0) {
        h->held.len -= h->held_from;
        memmove(h->held.ptr, h->held.ptr + h->held_from, h->held.len);
        h->held_from = 0;
    }
    hg_buf_put(&h->held, bytes, n);
    if (h->held.is_failed) {
        hg_http_count_error(HG_HTTP_NO_MEMORY);
        h->is_closing = true;
        hg_conn_abort(h->conn);
    }
    hg_h1__update_pause(h);
}

static void on_bytes(struct hg_conn *c, const char *bytes, size_t n) {
    struct hg_h1_conn *h = conn_of(c);
    if (held_bytes(h) > 0) {
        hold(h, bytes, n);
        run_held(h);
        return;
    }
    const char *pos = bytes;
    run(h, &pos, bytes + n);
    if (pos < bytes + n) {
        hold(h, pos, (size_t)(bytes + n - pos));
    }
}

static void on_turn_end(struct hg_task *task) {
    struct hg_h1_conn *h = HG_CONTAINER(task, struct hg_h1_conn, turn_end);
    h->is_turn_due = false;
    if (h->is_gone) {
        h->door.magic = 0;
        hg_free(h);
        return;
    }
    if (h->stream != NULL) {
        hg_h1__flush(h->stream);
    }
    run_held(h);
}

static void on_room(struct hg_conn *c) {
    struct hg_h1_stream *st = conn_of(c)->stream;
    if (st == NULL) {
        hg_h1__schedule(conn_of(c)); /* for requests that are held */
        return;
    }
    if (st->is_starved && !st->is_let_go) {
        st->is_starved = false;
        st->s.ops->on_room(&st->s);
    }
}

static void on_eof(struct hg_conn *c) {
    struct hg_h1_conn *h = conn_of(c);
    h->is_eof = true;
    if (h->stream != NULL && h->stream->answer == HG_H1_BEGUN) {
        hg_conn_abort(c); /* an answer without end: who closes does not wait for it */
        return;
    }
    run_held(h);
}

/* --- deadlines --- */

static void check_body(struct hg_h1_conn *h, struct hg_h1_stream *st) {
    const struct hg_http_limits *limits = &h->setup->limits;
    int64_t elapsed_ms = now_ms(h) - st->body_from_ms;
    if (hg_http_body_is_late(elapsed_ms, st->body.payload_bytes, limits)) {
        refuse(h, &(struct hg_h1_fault){408, "The body came too slowly."});
    } else {
        hg_conn_deadline(h->conn, now_ms(h) + hg_http_body_check_ms(elapsed_ms, limits));
    }
}

static void on_deadline(struct hg_conn *c) {
    struct hg_h1_conn *h = conn_of(c);
    if (h->stream != NULL) {
        if (!hg_h1_body_is_whole(&h->stream->body)) {
            check_body(h, h->stream);
        }
    } else if (h->parser != NULL) {
        refuse_head(h, h->parser, &(struct hg_h1_fault){408, "The head came too slowly."});
    } else {
        if (h->n_requests == 0) {
            hg_http_count_error(HG_HTTP_TIMEOUT);
        }
        close_conn(h);
    }
}

static void on_close(struct hg_conn *c, enum hg_conn_end end) {
    struct hg_h1_conn *h = conn_of(c);
    (void)end;
    h->is_closing = true;
    if (h->stream != NULL) {
        let_go(h->stream, false);
        free_stream(h);
    }
    drop_parser(h);
    hg_buf_fini(&h->held);
    h->is_gone = true;
    if (!h->is_turn_due) {
        h->door.magic = 0;
        hg_free(h);
    }
}

static void drain(struct hg_conn *c) {
    struct hg_h1_conn *h = conn_of(c);
    h->is_draining = true;
    if (h->stream == NULL && h->parser == NULL && held_bytes(h) == 0) {
        close_conn(h);
    }
}

const struct hg_conn_ops hg_h1_conn_ops = {
    .on_bytes = on_bytes,
    .on_room = on_room,
    .on_eof = on_eof,
    .on_deadline = on_deadline,
    .on_close = on_close,
};

int hg_h1_open(struct hg_conn *c, const struct hg_http_setup *setup) {
    struct hg_h1_conn *h = hg_try_alloc(sizeof(*h));
    if (h == NULL) {
        return HG_ENOMEM;
    }
    h->door = (struct hg_http_door){HG_HTTP_DOOR_MAGIC, drain};
    h->conn = c;
    h->setup = setup;
    h->turn_end.run = on_turn_end;
    hg_conn_set_ops(c, &hg_h1_conn_ops, h);
    return 0;
}
