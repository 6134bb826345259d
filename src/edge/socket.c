/* SPDX-License-Identifier: Apache-2.0 */
/* socket.c - a WebSocket session: frames in, pings, the close handshake.
 * Events out are the feed's; it writes whole frames into the same stream. */
#include "edge/socket.h"

enum {
    PINGS_UNANSWERED_MAX = 2,
    /* Beyond these the peer has to wait; what one read brought still goes on. */
    IN_FLIGHT_MAX = 64,
    IN_FLIGHT_BYTES_MAX = 1 << 20,
    OWED_BYTES_MAX = 65536,
};

void hg_socket__unref(struct hg_edge__socket **ps) {
    struct hg_edge__socket *s = *ps;
    *ps = NULL;
    if (s != NULL && --s->refs == 0) {
        hg_free(s);
    }
}

/* A peer that sends faster than the log takes, or that sends and does not read
 * the replies, is not read from. One that only reads slowly is: its pongs have
 * to be heard. */
static void pace(struct hg_edge__socket *s) {
    unsigned share = s->is_paused ? 2 : 1; /* go on at half, not at each message */
    bool is_full = s->finish_code != 0 || s->in_flight >= IN_FLIGHT_MAX / share ||
                   s->in_flight_bytes >= IN_FLIGHT_BYTES_MAX / share ||
                   s->owed_bytes > OWED_BYTES_MAX;
    if (is_full != s->is_paused && s->visit != NULL && s->visit->stream != NULL && !s->is_closing) {
        s->is_paused = is_full;
        hg_stream_pause(s->visit->stream, is_full);
    }
}

void hg_socket_on_room(struct hg_visit *v) {
    v->socket->owed_bytes = 0;
    pace(v->socket);
}

void hg_socket__message_begins(struct hg_edge__socket *s, size_t bytes) {
    s->in_flight++;
    s->in_flight_bytes += bytes;
}

void hg_socket__message_ends(struct hg_edge__socket *s, size_t bytes) {
    s->in_flight--;
    s->in_flight_bytes -= bytes;
    if (s->finish_code != 0 && s->in_flight == 0 && s->visit != NULL) {
        hg_socket_close(s->visit, s->finish_code, s->finish_reason);
    }
    pace(s);
}

static void send_frame(struct hg_edge__socket *s, enum hg_ws_op op, struct hg_slice payload) {
    struct hg_stream *stream = s->visit->stream;
    struct hg_buf frame = {.max = 0};
    hg_ws_put_frame(&frame, op, payload);
    if (frame.is_failed) {
        hg_stream_reset(stream);
    } else {
        s->owed_bytes += hg_stream_room(stream) == 0 ? frame.len : 0;
        hg_stream_put(stream, frame.ptr, frame.len);
    }
    hg_buf_fini(&frame);
}

void hg_socket__send(struct hg_edge__socket *s, struct hg_slice text) {
    if (s->visit != NULL && s->visit->stream != NULL && !s->is_closing) {
        send_frame(s, HG_WS_TEXT, text);
    }
}

/* The server ends TCP first [RFC 6455 7.1.1]; the connection lingers so that
 * the peer reads our close frame. */
void hg_socket_close(struct hg_visit *v, int code, const char *reason) {
    struct hg_edge__socket *s = v->socket;
    struct hg_buf frame = {.max = 256};
    if (s == NULL || s->is_closing || v->stream == NULL) {
        return;
    }
    s->is_closing = true;
    hg_subscriber_close(&v->subscriber);
    hg_ws_put_close(&frame, code, hg_slice_of(reason));
    hg_stream_put(v->stream, frame.ptr, frame.len);
    hg_buf_fini(&frame);
    hg_stream_end(v->stream);
}

void hg_socket_finish(struct hg_visit *v, int code, const char *reason) {
    struct hg_edge__socket *s = v->socket;
    if (s == NULL || s->is_closing || v->stream == NULL || s->in_flight == 0) {
        hg_socket_close(v, code, reason);
    } else if (s->finish_code == 0) {
        s->finish_code = code;
        s->finish_reason = reason;
        hg_subscriber_close(&v->subscriber);
        pace(s);
    }
}

static void on_message(void *arg, enum hg_ws_op op, struct hg_slice payload) {
    struct hg_edge__socket *s = arg;
    struct hg_visit *v = s->visit;
    if (s->is_closing || s->finish_code != 0) {
        return;
    }
    s->unanswered_pings = 0;
    switch (op) {
    case HG_WS_PING:
        send_frame(s, HG_WS_PONG, payload);
        break;
    case HG_WS_PONG:
        break;
    case HG_WS_CLOSE:
        hg_socket_finish(v, hg_ws_close_code(payload), "");
        break;
    case HG_WS_BINARY:
        hg_socket_close(v, 1003, "text messages only");
        break;
    case HG_WS_TEXT:
        if (v->location->intake.source == NULL) {
            hg_socket_close(v, 1003, "this location takes no events");
        } else {
            hg_socket__publish(s, payload);
        }
        break;
    }
}

static const struct hg_ws_ops ws_ops = {.on_message = on_message};

void hg_socket_rebind(struct hg_visit *v) {
    if (v->socket != NULL) {
        v->socket->ws.message_bytes_max = (size_t)v->location->conf->message_bytes_max;
    }
}

int hg_socket_open(struct hg_visit *v) {
    struct hg_edge__socket *s = hg_try_alloc(sizeof(*s));
    if (s == NULL) {
        return HG_ENOMEM;
    }
    s->refs = 1;
    s->visit = v;
    s->ws = (struct hg_ws){
        .ops = &ws_ops,
        .arg = s,
        .message_bytes_max = (size_t)v->location->conf->message_bytes_max,
        .fragments_max = 64,
    };
    s->next_ping_ms = hg_loop_now_ms(v->edge->loop) + v->location->conf->ping_ms;
    v->socket = s;
    return 0;
}

/* The peer went without a close frame: there is nobody to answer. */
static void end_unsaid(struct hg_visit *v) {
    v->socket->is_closing = true;
    hg_subscriber_close(&v->subscriber);
    hg_stream_end(v->stream);
}

void hg_socket_on_bytes(struct hg_visit *v, const char *bytes, size_t n, bool is_last) {
    struct hg_edge__socket *s = v->socket;
    if (s == NULL || s->is_closing) {
        return;
    }
    s->refs++; /* a close inside may end the visit */
    int code = hg_ws_feed(&s->ws, bytes, n);
    if (code != 0 && s->visit != NULL) {
        hg_socket_close(s->visit, code, "");
    }
    if (is_last && s->visit != NULL && !s->is_closing) {
        end_unsaid(s->visit);
    }
    pace(s);
    hg_socket__unref(&s);
}

void hg_socket_tick(struct hg_visit *v, int64_t now_ms) {
    struct hg_edge__socket *s = v->socket;
    if (s->is_closing || now_ms < s->next_ping_ms) {
        return;
    }
    if (s->is_paused && s->in_flight > 0) { /* it is we who do not listen */
        s->next_ping_ms = now_ms + v->location->conf->ping_ms;
        return;
    }
    if (s->unanswered_pings >= PINGS_UNANSWERED_MAX) {
        hg_stream_reset(v->stream);
        return;
    }
    s->unanswered_pings++;
    s->next_ping_ms = now_ms + v->location->conf->ping_ms;
    send_frame(s, HG_WS_PING, (struct hg_slice){NULL, 0});
}

void hg_socket_free(struct hg_visit *v) {
    if (v->socket != NULL) {
        hg_ws_fini(&v->socket->ws);
        v->socket->visit = NULL;
        hg_socket__unref(&v->socket);
    }
}
