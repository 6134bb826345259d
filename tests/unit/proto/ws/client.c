/* SPDX-License-Identifier: Apache-2.0 */
/* client.c - see client.h. */
#include "unit/proto/ws/client.h"

/* Never the same key twice in a row, never a key of four equal bytes. */
static void next_key(uint8_t key[4]) {
    static uint32_t state = 0x9e3779b9;
    state = state * 1664525 + 1013904223;
    key[0] = (uint8_t)(state >> 24);
    key[1] = (uint8_t)(state >> 16);
    key[2] = (uint8_t)(state >> 8);
    key[3] = (uint8_t)~key[0];
}

static void put_big_endian(struct hg_buf *out, uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; i--) {
        uint8_t b = (uint8_t)(value >> (8 * i));
        hg_buf_put(out, &b, 1);
    }
}

void put_client_frame(struct hg_buf *out, const struct client_frame *f) {
    uint8_t key[4];
    uint8_t mask = f->is_bare ? 0 : 0x80;
    int form = f->length_form;
    size_t len = f->payload.len;
    if (form == 0) {
        form = len < 126 ? 8 : len < 65536 ? 16 : 64;
    }
    put_big_endian(out, (f->is_final ? 0x80u : 0u) | (uint32_t)f->rsv << 4 | f->op, 1);
    if (f->raw_length) {
        put_big_endian(out, mask | 127u, 1);
        hg_buf_put(out, f->raw_length, 8);
    } else if (form == 8) {
        put_big_endian(out, mask | len, 1);
    } else {
        put_big_endian(out, mask | (form == 16 ? 126u : 127u), 1);
        put_big_endian(out, len, form / 8);
    }
    if (f->is_bare) {
        hg_buf_put_slice(out, f->payload);
        return;
    }
    next_key(key);
    hg_buf_put(out, key, 4);
    for (size_t i = 0; i < len; i++) {
        uint8_t b = (uint8_t)f->payload.ptr[i] ^ key[i % 4];
        hg_buf_put(out, &b, 1);
    }
}

void put_client(struct hg_buf *out, int op, struct hg_slice payload) {
    put_client_frame(
        out, &(struct client_frame){.op = (uint8_t)op, .is_final = true, .payload = payload});
}

bool take_server_frame(struct hg_slice *rest, struct server_frame *ret) {
    const uint8_t *p = (const uint8_t *)rest->ptr;
    if (rest->len == 0) {
        return false;
    }
    HG_ASSERT(rest->len >= 2 && (p[0] & 0xf0) == 0x80 && (p[1] & 0x80) == 0);
    size_t head = p[1] == 126 ? 4 : p[1] == 127 ? 10 : 2;
    size_t len = head == 2 ? p[1] : 0;
    HG_ASSERT(rest->len >= head);
    for (size_t i = 2; i < head; i++) {
        len = len << 8 | p[i];
    }
    HG_ASSERT(head == 2 || (head == 4 && len > 125) || len > 65535);
    HG_ASSERT(rest->len - head >= len);
    *ret = (struct server_frame){p[0] & 0x0f, {rest->ptr + head, len}};
    *rest = (struct hg_slice){rest->ptr + head + len, rest->len - head - len};
    return true;
}

static void on_message(void *arg, enum hg_ws_op op, struct hg_slice payload) {
    struct echo *e = arg;
    int code;
    switch (op) {
    case HG_WS_TEXT:
    case HG_WS_BINARY:
        hg_ws_put_frame(&e->out, op, payload);
        break;
    case HG_WS_PING:
        hg_ws_put_frame(&e->out, HG_WS_PONG, payload);
        break;
    case HG_WS_CLOSE:
        code = hg_ws_close_code(payload);
        hg_ws_put_close(&e->out, code, HG_SLICE(""));
        e->is_over = true;
        break;
    case HG_WS_PONG:
        break;
    }
}

static const struct hg_ws_ops ops = {.on_message = on_message};

void echo_init(struct echo *e, size_t message_bytes_max) {
    *e = (struct echo){
        .ws = {.ops = &ops, .arg = e, .message_bytes_max = message_bytes_max, .fragments_max = 64},
    };
}

void echo_feed(struct echo *e, struct hg_slice bytes) {
    int code = hg_ws_feed(&e->ws, bytes.ptr, bytes.len);
    if (code != 0) {
        HG_ASSERT(!e->is_over);
        hg_ws_put_close(&e->out, code, HG_SLICE(""));
        e->is_over = true;
    }
}

void echo_fini(struct echo *e) {
    hg_ws_fini(&e->ws);
    hg_buf_fini(&e->out);
}
