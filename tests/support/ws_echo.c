/* SPDX-License-Identifier: Apache-2.0 */
/* ws_echo.c - the WebSocket engine alone on a port: each message is answered
 * with itself, for suites that ask for an echo. Never installed.
 *
 *   ws_echo PORT
 *
 * Closing is done as the gateway does it. SIGTERM ends it. */
#include <signal.h>
#include <stdio.h>

#include "proto/http/http.h"
#include "proto/ws/ws.h"

enum { MESSAGE_BYTES_MAX = 32 << 20, FRAGMENTS_MAX = 1 << 20 };

struct session {
    struct hg_ws ws;
    struct hg_stream *stream; /* NULL: gone */
    bool is_closing;
    bool is_feeding; /* hg_ws_feed is on the stack and needs the session */
};

static void send_frame(struct session *s, enum hg_ws_op op, struct hg_slice payload) {
    struct hg_buf frame = {.max = 0};
    hg_ws_put_frame(&frame, op, payload);
    hg_stream_put(s->stream, frame.ptr, frame.len);
    hg_buf_fini(&frame);
}

static void close_session(struct session *s, int code) {
    struct hg_buf frame = {.max = 0};
    if (s->stream == NULL || s->is_closing) {
        return;
    }
    s->is_closing = true;
    hg_ws_put_close(&frame, code, (struct hg_slice){NULL, 0});
    hg_stream_put(s->stream, frame.ptr, frame.len);
    hg_buf_fini(&frame);
    hg_stream_end(s->stream);
}

static void on_message(void *arg, enum hg_ws_op op, struct hg_slice payload) {
    struct session *s = arg;
    if (op == HG_WS_CLOSE) {
        close_session(s, hg_ws_close_code(payload));
    } else if (op != HG_WS_PONG && s->stream != NULL && !s->is_closing) {
        send_frame(s, op == HG_WS_PING ? HG_WS_PONG : op, payload);
    }
}

static const struct hg_ws_ops ws_ops = {.on_message = on_message};

static void on_head(struct hg_stream *stream, const struct hg_http_head *head) {
    char accept[29];
    struct session *s;
    if (!head->is_websocket || (s = hg_try_alloc(sizeof(*s))) == NULL) {
        hg_stream_answer(stream, 400, NULL, 0, HG_SLICE("a WebSocket handshake was expected\n"));
        return;
    }
    s->ws = (struct hg_ws){.ops = &ws_ops,
                           .arg = s,
                           .message_bytes_max = MESSAGE_BYTES_MAX,
                           .fragments_max = FRAGMENTS_MAX};
    s->stream = stream;
    stream->user = s;
    hg_ws_accept(head->websocket_key, accept);
    struct hg_field field = {HG_SLICE("sec-websocket-accept"), hg_slice_of(accept)};
    hg_stream_upgrade(stream, &field, 1);
}

static void free_session(struct session *s) {
    hg_ws_fini(&s->ws);
    hg_free(s);
}

static void on_body(struct hg_stream *stream, const char *bytes, size_t n, bool is_last) {
    struct session *s = stream->user;
    if (s == NULL || s->is_closing) {
        return;
    }
    s->is_feeding = true;
    int code = hg_ws_feed(&s->ws, bytes, n);
    s->is_feeding = false;
    if (code != 0) {
        close_session(s, code);
    } else if (is_last && s->stream != NULL && !s->is_closing) {
        s->is_closing = true;
        hg_stream_end(s->stream);
    }
    if (s->stream == NULL) {
        free_session(s);
    }
}

static void on_room(struct hg_stream *stream) {
    (void)stream;
}

static void on_gone(struct hg_stream *stream, bool is_complete) {
    struct session *s = stream->user;
    (void)is_complete;
    if (s != NULL) {
        s->stream = NULL;
        if (!s->is_feeding) {
            free_session(s);
        }
    }
}

static const struct hg_stream_ops stream_ops = {
    .on_head = on_head, .on_body = on_body, .on_room = on_room, .on_gone = on_gone};

static const struct hg_http_setup setup = {.ops = &stream_ops,
                                           .limits = {.head_bytes_max = 16384,
                                                      .fields_max = 100,
                                                      .target_bytes_max = 8192,
                                                      .head_timeout_ms = 10000,
                                                      .body_timeout_ms = 60000,
                                                      .keepalive_timeout_ms = 60000,
                                                      .keepalive_requests = 1000000,
                                                      .h2_streams_max = 100}};

static int on_accept(void *arg, struct hg_conn *c) {
    (void)arg;
    return hg_http_attach(c, &setup);
}

static void on_signal(void *arg, int signo) {
    (void)signo;
    hg_loop_stop(arg);
}

int main(int argc, char **argv) {
    const struct hg_listener_ops listener_ops = {.on_accept = on_accept};
    struct hg_listener *listener = NULL;
    struct hg_loop *loop = NULL;
    struct hg_addr addr;
    char text[64];
    int fd = -1;
    if (argc != 2) {
        fprintf(stderr, "usage: ws_echo PORT\n");
        return 2;
    }
    snprintf(text, sizeof(text), "127.0.0.1:%s", argv[1]);
    if (hg_addr_parse(hg_slice_of(text), &addr) != 0 || hg_loop_new(0, &loop) != 0 ||
        hg_addr_listen(&addr, 1024, false, &fd) != 0 ||
        hg_listener_start(loop, fd, false, &listener_ops, NULL, &listener) != 0 ||
        hg_loop_on_signal(loop, SIGTERM, on_signal, loop) != 0) {
        perror("ws_echo");
        return 1;
    }
    hg_loop_run(loop);
    hg_listener_stop(&listener);
    hg_loop_free(&loop);
    return 0;
}
