/* SPDX-License-Identifier: Apache-2.0 */
/* h2_session.c - what the library calls, and what it is told at the start. */
#include "proto/h2/h2_impl.h"

#include "proto/http/counters.h"

static struct hg_h2_stream *find(nghttp2_session *session, int32_t id) {
    return nghttp2_session_get_stream_user_data(session, id);
}

/* --- heads --- */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
    struct hg_h2_conn *h = user;
    (void)session;
    if (h->block == NULL) {
        h->block = hg_try_alloc(sizeof(*h->block));
    }
    if (h->block == NULL) {
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* of this stream */
    }
    hg_h2_block_begin(h->block, frame->headers.cat != NGHTTP2_HCAT_REQUEST);
    return 0;
}

static int reset_malformed(nghttp2_session *session, int32_t id) {
    hg_http_count_error(HG_HTTP_MALFORMED);
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_PROTOCOL_ERROR);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *user) {
    struct hg_h2_conn *h = user;
    (void)flags;
    bool is_ok =
        hg_h2_block_add(h->block, (struct hg_slice){(const char *)name, name_len},
                        (struct hg_slice){(const char *)value, value_len}, &h->setup->limits);
    return is_ok ? 0 : reset_malformed(session, frame->hd.stream_id);
}

/* The library would leave the field out and go on. */
static int on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame,
                             const uint8_t *name, size_t name_len, const uint8_t *value,
                             size_t value_len, uint8_t flags, void *user) {
    (void)name, (void)name_len, (void)value, (void)value_len, (void)flags, (void)user;
    return reset_malformed(session, frame->hd.stream_id);
}

static void open_stream(struct hg_h2_conn *h, const nghttp2_frame *frame) {
    bool is_end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    struct hg_h2_block *block = h->block;
    hg_h2_block_close(block, is_end);
    struct hg_h2_stream *st = hg_h2__stream_new(h, (uint32_t)frame->hd.stream_id, is_end);
    if (st == NULL) {
        hg_http_count_error(HG_HTTP_NO_MEMORY);
        nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                  NGHTTP2_REFUSED_STREAM);
        return;
    }
    nghttp2_session_set_stream_user_data(h->session, frame->hd.stream_id, st);
    hg_counter_add(&hg_http_requests_h2, hg_conn_is_private(h->conn) ? 0 : 1);
    if (block->status != 0) {
        hg_h2__refuse(st, block->status, block->text);
        return;
    }
    st->s.ops->on_head(&st->s, &st->head);
    uint32_t in_all = h->setup->limits.keepalive_requests;
    in_all = in_all > HG_H2_STREAMS_IN_ALL ? in_all : HG_H2_STREAMS_IN_ALL;
    if (++h->n_streams_in_all >= in_all && h->drain == HG_H2_STAYS) {
        hg_h2__drain(h);
    }
}

/* --- frames --- */

static void take_data_frame(struct hg_h2_conn *h, const nghttp2_frame *frame) {
    size_t padding = frame->data.padlen;
    if (padding * 2 > frame->hd.length &&
        hg_h2_guard_glitch(&h->guard, hg_h2__now_ms(h)) != HG_H2_GO_ON) {
        h->is_calm_due = true;
    }
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
    struct hg_h2_conn *h = user;
    struct hg_h2_stream *st = NULL;
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
            open_stream(h, frame);
            return 0;
        }
        break; /* trailers: dropped */
    case NGHTTP2_DATA:
        take_data_frame(h, frame);
        break;
    case NGHTTP2_SETTINGS:
        h->is_acked = h->is_acked || (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
        return 0;
    case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0 && h->drain == HG_H2_NOTICED) {
            hg_h2__drain(h);
        }
        return 0;
    default:
        return 0;
    }
    st = find(session, frame->hd.stream_id);
    if (st != NULL && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
        hg_h2__take_end(st);
    }
    return 0;
}

static int on_invalid_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, int error,
                                 void *user) {
    (void)session, (void)frame, (void)error, (void)user;
    hg_http_count_error(HG_HTTP_MALFORMED);
    return 0;
}

static int on_data_chunk(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                         size_t n, void *user) {
    struct hg_h2_stream *st = find(session, id);
    (void)flags, (void)user;
    if (st == NULL) {
        nghttp2_session_consume_connection(session, n);
    } else {
        hg_h2__take_body(st, (const char *)data, n);
    }
    return 0;
}

static void count_goaway(const nghttp2_goaway *goaway) {
    enum hg_h2_goaway why = HG_H2_GOAWAY_PROTOCOL;
    if (goaway->error_code == NGHTTP2_NO_ERROR) {
        if (goaway->last_stream_id == INT32_MAX) {
            return; /* the notice; the real one follows */
        }
        why = HG_H2_GOAWAY_DRAIN;
    } else if (goaway->error_code == NGHTTP2_ENHANCE_YOUR_CALM) {
        why = HG_H2_GOAWAY_CALM;
    } else if (goaway->error_code == NGHTTP2_SETTINGS_TIMEOUT) {
        why = HG_H2_GOAWAY_TIMEOUT;
    }
    hg_counter_add(&hg_h2_goaways[why], 1);
}

static int on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
    struct hg_h2_conn *h = user;
    switch (frame->hd.type) {
    case NGHTTP2_RST_STREAM:
        hg_counter_add(&hg_h2_resets_sent, 1);
        if (hg_h2_guard_reset_sent(&h->guard, hg_h2__now_ms(h)) != HG_H2_GO_ON) {
            h->is_calm_due = true;
        }
        break;
    case NGHTTP2_GOAWAY:
        count_goaway(&frame->goaway);
        break;
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
        if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
            struct hg_h2_stream *st = find(session, frame->hd.stream_id);
            if (st != NULL) {
                hg_h2__finish(st);
            }
        }
        break;
    default:
        break;
    }
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error_code, void *user) {
    struct hg_h2_stream *st = find(session, id);
    (void)error_code, (void)user;
    if (st != NULL) {
        nghttp2_session_set_stream_user_data(session, id, NULL);
        nghttp2_session_consume_connection(session, st->held.len);
        hg_h2__let_go(st, false);
        hg_h2__stream_free(st);
    }
    return 0;
}

/* The frame's bytes go from the stream's queue into the connection's. */
static int send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *framehd,
                     size_t length, nghttp2_data_source *source, void *user) {
    struct hg_h2_conn *h = user;
    struct hg_h2_stream *st = source->ptr;
    (void)session, (void)frame;
    if (hg_conn_room(h->conn) == 0) {
        return NGHTTP2_ERR_WOULDBLOCK;
    }
    hg_conn_put(h->conn, framehd, HG_H2_FRAME_HEADER_LEN);
    hg_pieces_move(&st->out, h->conn, length);
    h->queued_bytes -= length;
    st->sent_bytes += length;
    hg_h2_guard_data_sent(&h->guard, length);
    return 0;
}

/* --- the start --- */

static int set_callbacks(nghttp2_session_callbacks **ret) {
    nghttp2_session_callbacks *cb = NULL;
    if (nghttp2_session_callbacks_new(&cb) != 0) {
        return HG_ENOMEM;
    }
    nghttp2_session_callbacks_set_on_begin_headers_callback(cb, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(cb, on_invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame_recv);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(cb, on_invalid_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data_chunk);
    nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_frame_send);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_stream_close);
    nghttp2_session_callbacks_set_send_data_callback(cb, send_data);
    *ret = cb;
    return 0;
}

static int submit_settings(struct hg_h2_conn *h) {
    const struct hg_http_limits *limits = &h->setup->limits;
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits->h2_streams_max},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, HG_H2_STREAM_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)limits->head_bytes_max},
        {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
    };
    int err = nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings, HG_COUNT(settings));
    if (err == 0) {
        err = nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0,
                                                    HG_H2_CONN_WINDOW);
    }
    return err == 0 ? 0 : HG_ENOMEM;
}

int hg_h2__open_session(struct hg_h2_conn *h) {
    nghttp2_session_callbacks *cb = NULL;
    nghttp2_option *option = NULL;
    int err = set_callbacks(&cb);
    if (err == 0 && nghttp2_option_new(&option) != 0) {
        err = HG_ENOMEM;
    }
    if (err == 0) {
        /* Windows open as the layer above takes the bytes. */
        nghttp2_option_set_no_auto_window_update(option, 1);
        nghttp2_option_set_no_closed_streams(option, 1);
        if (nghttp2_session_server_new2(&h->session, cb, h, option) != 0) {
            err = HG_ENOMEM;
        }
    }
    if (err == 0) {
        err = submit_settings(h);
    }
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(cb);
    return err;
}
