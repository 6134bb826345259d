/* SPDX-License-Identifier: Apache-2.0 */
/* h2.c - the connection: bytes through the guard into the library, what the
 * library has to say back to the connection once a turn, deadlines, farewells. */
#include "proto/h2/h2.h"

#include "proto/h2/h2_impl.h"
#include "proto/http/counters.h"
#include "proto/http/pace.h"

enum {
    DRAIN_NOTICE_MS = 1000, /* for requests that are on their way */
    FAREWELL_MS = 2000,     /* for GOAWAY to find room */
};

static struct hg_h2_conn *conn_of(const struct hg_conn *c) {
    return HG_CAST(struct hg_h2_conn, HG_HTTP_DOOR_MAGIC, hg_conn_user(c));
}

int64_t hg_h2__now_ms(const struct hg_h2_conn *h) {
    return hg_loop_now_ms(hg_conn_loop(h->conn));
}

void hg_h2__schedule(struct hg_h2_conn *h) {
    if (!h->is_turn_due) {
        h->is_turn_due = true;
        hg_loop_defer(hg_conn_loop(h->conn), &h->turn_end);
    }
}

void hg_h2__arm(struct hg_h2_conn *h, int64_t mono_ms) {
    if (h->deadline_ms == 0 || mono_ms < h->deadline_ms) {
        h->deadline_ms = mono_ms;
        hg_conn_deadline(h->conn, mono_ms);
    }
}

/* --- the end --- */

static void drop_streams(struct hg_h2_conn *h) {
    while (!hg_list_is_empty(&h->streams)) {
        struct hg_h2_stream *st = HG_CONTAINER(h->streams.next, struct hg_h2_stream, in_streams);
        hg_h2__let_go(st, false);
        hg_h2__stream_free(st);
    }
}

/* Outside of the library only: it is not called again. */
static void close_conn(struct hg_h2_conn *h) {
    if (!h->is_closing) {
        h->is_closing = true;
        hg_conn_close(h->conn);
        drop_streams(h);
    }
}

static void terminate(struct hg_h2_conn *h, uint32_t error_code) {
    if (nghttp2_session_terminate_session(h->session, error_code) != 0) {
        hg_conn_abort(h->conn);
    }
    h->is_ending = true;
    h->deadline_ms = 0;
    hg_h2__arm(h, hg_h2__now_ms(h) + FAREWELL_MS);
    hg_h2__schedule(h);
}

/* The library gave up and cannot say so any more: GOAWAY by hand. */
static void give_up(struct hg_h2_conn *h, int error) {
    uint32_t last = (uint32_t)nghttp2_session_get_last_proc_stream_id(h->session);
    bool is_flood = error == NGHTTP2_ERR_FLOODED || error == NGHTTP2_ERR_TOO_MANY_SETTINGS;
    unsigned char frame[17] = {0, 0, 8, 7, 0, 0, 0, 0, 0};
    frame[9] = (unsigned char)(last >> 24 & 0x7f);
    frame[10] = (unsigned char)(last >> 16);
    frame[11] = (unsigned char)(last >> 8);
    frame[12] = (unsigned char)last;
    frame[16] = is_flood ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR;
    hg_counter_add(&hg_h2_goaways[is_flood ? HG_H2_GOAWAY_CALM : HG_H2_GOAWAY_PROTOCOL], 1);
    hg_conn_put(h->conn, frame, sizeof(frame));
    close_conn(h);
}

/* First a notice that names no last stream, so that requests on their way are
 * still served; then, one round trip or a second later, the last one. */
void hg_h2__drain(struct hg_h2_conn *h) {
    if (h->is_closing || h->drain == HG_H2_LEAVES) {
        return;
    }
    if (h->drain == HG_H2_STAYS) {
        h->drain = HG_H2_NOTICED;
        nghttp2_submit_shutdown_notice(h->session);
        nghttp2_submit_ping(h->session, NGHTTP2_FLAG_NONE, NULL);
        h->drain_at_ms = hg_h2__now_ms(h) + DRAIN_NOTICE_MS;
        hg_h2__arm(h, h->drain_at_ms);
    } else {
        h->drain = HG_H2_LEAVES;
        nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE,
                              nghttp2_session_get_last_proc_stream_id(h->session), NGHTTP2_NO_ERROR,
                              NULL, 0);
    }
    hg_h2__schedule(h);
}

/* --- out --- */

static void wake_starved(struct hg_h2_conn *h) {
    struct hg_list waiting;
    hg_list_init(&waiting);
    while (!hg_list_is_empty(&h->starved)) {
        struct hg_list *node = h->starved.next;
        hg_list_remove(node);
        hg_list_append(&waiting, node);
    }
    while (!hg_list_is_empty(&waiting)) {
        struct hg_h2_stream *st = HG_CONTAINER(waiting.next, struct hg_h2_stream, in_starved);
        hg_list_remove(&st->in_starved);
        if (!st->is_let_go && hg_stream_room(&st->s) > 0) {
            st->s.ops->on_room(&st->s);
        }
    }
}

static void release_bodies(struct hg_h2_conn *h) {
    if (!h->has_resumed) {
        return;
    }
    h->has_resumed = false;
    HG_LIST_EACH(node, &h->streams) {
        hg_h2__release_body(HG_CONTAINER(node, struct hg_h2_stream, in_streams));
    }
}

/* What the library wants to say, as long as the connection takes it. */
static void pull(struct hg_h2_conn *h) {
    while (hg_conn_room(h->conn) > 0) {
        const uint8_t *bytes = NULL;
        ssize_t n = nghttp2_session_mem_send(h->session, &bytes);
        if (n < 0) {
            hg_http_count_error(HG_HTTP_NO_MEMORY);
            h->is_closing = true;
            hg_conn_abort(h->conn);
            return;
        }
        if (n == 0) {
            return;
        }
        hg_conn_put(h->conn, bytes, (size_t)n);
    }
}

static void flush(struct hg_h2_conn *h) {
    pull(h);
    if (h->is_calm_due && !h->is_closing) {
        h->is_calm_due = false;
        terminate(h, NGHTTP2_ENHANCE_YOUR_CALM);
        pull(h);
    }
    if (h->is_closing) {
        return;
    }
    if (!nghttp2_session_want_read(h->session) && !nghttp2_session_want_write(h->session)) {
        close_conn(h);
        return;
    }
    wake_starved(h);
}

static void on_turn_end(struct hg_task *task) {
    struct hg_h2_conn *h = HG_CONTAINER(task, struct hg_h2_conn, turn_end);
    h->is_turn_due = false;
    if (h->is_gone) {
        h->door.magic = 0;
        hg_free(h);
    } else if (!h->is_closing) {
        release_bodies(h);
        flush(h);
    }
}

/* --- in --- */

static void act(struct hg_h2_conn *h, enum hg_h2_verdict verdict) {
    if (verdict == HG_H2_CALM || h->is_calm_due) {
        h->is_calm_due = false;
        terminate(h, NGHTTP2_ENHANCE_YOUR_CALM);
    } else {
        terminate(h, verdict == HG_H2_WRONG ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_STREAM_CLOSED);
    }
}

static void on_bytes(struct hg_conn *c, const char *bytes, size_t n) {
    struct hg_h2_conn *h = conn_of(c);
    const char *pos = bytes;
    const char *end = bytes + n;
    while (pos < end && !h->is_closing) {
        struct hg_slice run;
        enum hg_h2_verdict verdict = hg_h2_guard_next(&h->guard, &pos, end, hg_h2__now_ms(h), &run);
        ssize_t used = 0;
        if (run.len > 0) {
            used = nghttp2_session_mem_recv(h->session, (const uint8_t *)run.ptr, run.len);
        }
        if (used < 0) {
            give_up(h, (int)used);
            return;
        }
        if (verdict != HG_H2_GO_ON || h->is_calm_due) {
            act(h, verdict);
            return;
        }
    }
    if (h->guard.is_worn && h->drain == HG_H2_STAYS) {
        hg_h2__drain(h);
    }
    hg_h2__schedule(h);
}

static void on_room(struct hg_conn *c) {
    hg_h2__schedule(conn_of(c));
}

static void on_eof(struct hg_conn *c) {
    struct hg_h2_conn *h = conn_of(c);
    if (!h->is_closing) {
        pull(h);
        close_conn(h);
    }
}

/* --- deadlines --- */

static int64_t earlier(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static void check_streams(struct hg_h2_conn *h) {
    HG_LIST_EACH(node, &h->reading) {
        hg_h2__check_body(HG_CONTAINER(node, struct hg_h2_stream, in_reading));
    }
    HG_LIST_EACH(node, &h->sending) {
        hg_h2__check_answer(HG_CONTAINER(node, struct hg_h2_stream, in_sending));
    }
}

/* An idle connection keeps no room for requests. */
static void trim(struct hg_h2_conn *h) {
    hg_h2__drop_spares(h);
    if (h->block != NULL) {
        hg_h2_block_fini(h->block);
        hg_free(h->block);
        h->block = NULL;
    }
}

/* When to look at the connection itself again. */
static int64_t check_conn(struct hg_h2_conn *h, int64_t now_ms) {
    const struct hg_http_limits *limits = &h->setup->limits;
    int64_t acked_by_ms = h->is_acked ? INT64_MAX : h->opened_ms + limits->head_timeout_ms;
    int64_t idle_until_ms = INT64_MAX;
    if (h->n_streams == 0) {
        trim(h);
        idle_until_ms = h->idle_since_ms + limits->keepalive_timeout_ms;
    }
    if (now_ms >= acked_by_ms) {
        terminate(h, NGHTTP2_SETTINGS_TIMEOUT);
    } else if (now_ms >= idle_until_ms) {
        terminate(h, NGHTTP2_NO_ERROR);
    } else if (h->drain == HG_H2_NOTICED && now_ms >= h->drain_at_ms) {
        hg_h2__drain(h);
    }
    int64_t drain_at_ms = h->drain == HG_H2_NOTICED ? h->drain_at_ms : INT64_MAX;
    return earlier(drain_at_ms, earlier(acked_by_ms, idle_until_ms));
}

static void on_deadline(struct hg_conn *c) {
    struct hg_h2_conn *h = conn_of(c);
    int64_t now_ms = hg_h2__now_ms(h);
    h->deadline_ms = 0;
    if (h->is_ending) {
        close_conn(h);
        return;
    }
    int64_t next_ms = check_conn(h, now_ms);
    check_streams(h);
    if (!hg_list_is_empty(&h->reading) || !hg_list_is_empty(&h->sending)) {
        int64_t pace_ms = earlier(HG_HTTP_PACE_CHECK_MS, h->setup->limits.body_timeout_ms);
        next_ms = earlier(next_ms, now_ms + pace_ms);
    }
    if (next_ms != INT64_MAX && !h->is_ending) {
        hg_h2__arm(h, next_ms);
    }
}

static void on_close(struct hg_conn *c, enum hg_conn_end end) {
    struct hg_h2_conn *h = conn_of(c);
    (void)end;
    h->is_closing = true;
    drop_streams(h);
    nghttp2_session_del(h->session);
    h->session = NULL;
    trim(h);
    h->is_gone = true;
    if (!h->is_turn_due) {
        h->door.magic = 0;
        hg_free(h);
    }
}

static void drain(struct hg_conn *c) {
    struct hg_h2_conn *h = conn_of(c);
    if (h->drain == HG_H2_STAYS) {
        hg_h2__drain(h);
    }
}

const struct hg_conn_ops hg_h2_conn_ops = {
    .on_bytes = on_bytes,
    .on_room = on_room,
    .on_eof = on_eof,
    .on_deadline = on_deadline,
    .on_close = on_close,
};

int hg_h2_open(struct hg_conn *c, const struct hg_http_setup *setup) {
    struct hg_h2_conn *h = hg_try_alloc(sizeof(*h));
    if (h == NULL) {
        return HG_ENOMEM;
    }
    h->door = (struct hg_http_door){HG_HTTP_DOOR_MAGIC, drain};
    h->conn = c;
    h->setup = setup;
    h->turn_end.run = on_turn_end;
    hg_list_init(&h->streams);
    hg_list_init(&h->reading);
    hg_list_init(&h->starved);
    hg_list_init(&h->sending);
    h->opened_ms = h->idle_since_ms = hg_h2__now_ms(h);
    hg_h2_guard_init(&h->guard, h->opened_ms);
    if (hg_h2__open_session(h) != 0) {
        nghttp2_session_del(h->session);
        hg_free(h);
        return HG_ENOMEM;
    }
    hg_conn_set_ops(c, &hg_h2_conn_ops, h);
    hg_h2__arm(h, h->opened_ms + setup->limits.head_timeout_ms);
    hg_h2__schedule(h);
    return 0;
}
