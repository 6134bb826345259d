/* SPDX-License-Identifier: Apache-2.0 */
/* sock.c - see sock.h. */
#include "unit/edge/sock.h"

void sock_open(struct sock *s, struct rig *rig, const char *target, const char *const *fields) {
    struct fake_request *r = &s->ask.request;
    memset(s, 0, sizeof(*s));
    fake_request_init(r, "GET", target, "upgrade", "websocket", "sec-websocket-version", "13",
                      fields != NULL ? fields[0] : NULL, fields != NULL ? fields[1] : NULL,
                      fields != NULL ? fields[2] : NULL, fields != NULL ? fields[3] : NULL, NULL);
    r->head.is_websocket = true;
    r->head.websocket_key = HG_SLICE("dGhlIHNhbXBsZSBub25jZQ==");
    ask_send(&s->ask, rig);
}

void sock_open_well(struct sock *s, struct rig *rig, const char *target) {
    sock_open(s, rig, target, NULL);
    if (s->ask.stream.status != 101) {
        fail_msg("%d %s", s->ask.stream.status, s->ask.stream.body.ptr);
    }
}

void sock_close(struct sock *s) {
    ask_close(&s->ask);
}

void sock_feed(struct sock *s, const void *bytes, size_t n) {
    struct hg_stream *stream = &s->ask.stream.stream;
    stream->ops->on_body(stream, bytes, n, false);
}

void sock_send(struct sock *s, int op, const char *payload) {
    struct hg_buf frame = {0};
    put_client(&frame, op, hg_slice_of(payload));
    sock_feed(s, frame.ptr, frame.len);
    hg_buf_fini(&frame);
}

/* The next frame that is there. */
static bool next(struct sock *s, struct server_frame *ret) {
    const struct hg_buf *body = &s->ask.stream.body;
    struct hg_slice rest = {body->ptr + s->at, body->len - s->at};
    if (body->len == 0 || !take_server_frame(&rest, ret)) {
        return false;
    }
    s->at = body->len - rest.len;
    snprintf(s->text, sizeof(s->text), "%.*s", HG_FMT(ret->payload));
    return true;
}

struct wanted {
    struct sock *sock;
    int op;
    const char *part;
};

static bool is_there(void *arg) {
    const struct wanted *w = arg;
    struct server_frame frame;
    while (next(w->sock, &frame)) {
        if (frame.op == w->op && (w->part == NULL || strstr(w->sock->text, w->part) != NULL)) {
            return true;
        }
    }
    return false;
}

const char *sock_take(struct sock *s, int op) {
    struct wanted w = {s, op, NULL};
    rig_until(&s->ask.rig->log, is_there, &w);
    return s->text;
}

const char *sock_take_text(struct sock *s, const char *part) {
    struct wanted w = {s, HG_WS_TEXT, part};
    rig_until(&s->ask.rig->log, is_there, &w);
    return s->text;
}

bool sock_has(struct sock *s, int op) {
    struct wanted w = {s, op, NULL};
    return is_there(&w);
}

void sock_assert_closed(struct sock *s, int code) {
    const char *text = sock_take(s, HG_WS_CLOSE);
    assert_int_equal((uint8_t)text[0] << 8 | (uint8_t)text[1], code);
    assert_true(s->ask.stream.is_ended);
    assert_false(sock_has(s, HG_WS_CLOSE));
}
