/* SPDX-License-Identifier: Apache-2.0 */
/* ws.c - reads client frames and joins them to messages.
 *
 *        take_head            take_payload
 *   HEAD ─────────► PAYLOAD ───────────────► end_frame ──► HEAD
 *    ▲  one byte at a time   as much as there is
 *    └── a fault at any byte ends the session with its close code
 *
 * Every rule is applied at the first byte that can break it: a length beyond
 * the limit is refused before anything is allocated for it, and bad UTF-8 as
 * soon as no continuation could mend it. Memory follows what has arrived, not
 * what a header promises. */
#include "proto/ws/ws.h"

#include "base/utf8.h"

enum {
    HEAD_BYTES_MAX = 14, /* 2, extended length 8, key 4 */
    CONTROL_BYTES_MAX = 125,
    OP_CONTINUATION = 0,
    /* Close codes of RFC 6455 7.4.1 that a parser can come to. */
    CODE_PROTOCOL = 1002,
    CODE_BAD_TEXT = 1007,
    CODE_POLICY = 1008,
    CODE_TOO_BIG = 1009,
    CODE_TRY_LATER = 1013,
};

struct hg_ws_parser {
    /* The frame. */
    uint8_t head[HEAD_BYTES_MAX];
    uint8_t head_have;
    uint8_t head_need; /* 2 until the second byte says how long it is */
    uint8_t key[4];    /* turned, so that key[0] is for the next byte */
    uint64_t left;     /* payload bytes still to come, once the head is whole */
    /* The message that its fragments make; op 0 is none. */
    uint8_t op;
    uint32_t fragments;
    struct hg_utf8 utf8;
    struct hg_buf message;
    /* A control frame, which may stand between fragments. */
    size_t control_len;
    char control[CONTROL_BYTES_MAX];
};

static uint8_t frame_op(const struct hg_ws_parser *p) {
    return p->head[0] & 0x0f;
}

static bool is_final(const struct hg_ws_parser *p) {
    return (p->head[0] & 0x80) != 0;
}

static bool is_control(const struct hg_ws_parser *p) {
    return (p->head[0] & 0x08) != 0;
}

static bool is_head_whole(const struct hg_ws_parser *p) {
    return p->head_have == p->head_need;
}

static int check_first_byte(const struct hg_ws_parser *p) {
    if (p->head[0] & 0x70) { /* reserved bits: no extension was agreed */
        return CODE_PROTOCOL;
    }
    switch (frame_op(p)) {
    case OP_CONTINUATION:
        return p->op == 0 ? CODE_PROTOCOL : 0;
    case HG_WS_TEXT:
    case HG_WS_BINARY:
        return p->op != 0 ? CODE_PROTOCOL : 0;
    case HG_WS_CLOSE:
    case HG_WS_PING:
    case HG_WS_PONG:
        return is_final(p) ? 0 : CODE_PROTOCOL;
    default:
        return CODE_PROTOCOL;
    }
}

/* Mask bit and short length: from here on the size of the head is known. */
static int check_second_byte(struct hg_ws_parser *p) {
    uint8_t len = p->head[1] & 0x7f;
    if ((p->head[1] & 0x80) == 0) {
        return CODE_PROTOCOL;
    }
    if (is_control(p) && len > CONTROL_BYTES_MAX) {
        return CODE_PROTOCOL;
    }
    p->head_need = (uint8_t)(6 + (len == 126 ? 2 : len == 127 ? 8 : 0));
    return 0;
}

/* The length, read as soon as its last byte is there and before the key is. */
static int check_length(const struct hg_ws *ws, struct hg_ws_parser *p) {
    size_t end = (size_t)p->head_need - 4;
    uint64_t len = p->head[1] & 0x7f;
    if (end > 2) {
        len = 0;
        for (size_t i = 2; i < end; i++) {
            len = len << 8 | p->head[i];
        }
        if (len < (end == 4 ? 126u : 65536u) || len >> 63 != 0) {
            return CODE_PROTOCOL; /* not the shortest form, or the top bit */
        }
    }
    p->left = len;
    if (is_control(p)) {
        return 0;
    }
    /* No sum of a length under 2^63 and one that is in memory wraps. */
    if (p->message.len + len > ws->message_bytes_max) {
        return CODE_TOO_BIG;
    }
    return p->fragments >= ws->fragments_max ? CODE_POLICY : 0;
}

static void begin_payload(struct hg_ws_parser *p) {
    memcpy(p->key, p->head + p->head_need - 4, sizeof p->key);
    if (is_control(p)) {
        p->control_len = 0;
        return;
    }
    p->fragments++;
    if (frame_op(p) != OP_CONTINUATION) {
        p->op = frame_op(p);
    }
}

/* Consumes head bytes up to the end of the head. */
static int take_head(const struct hg_ws *ws, struct hg_ws_parser *p, const char **bytes,
                     size_t *n) {
    while (*n > 0 && !is_head_whole(p)) {
        int code = 0;
        p->head[p->head_have++] = (uint8_t) * (*bytes)++;
        (*n)--;
        if (p->head_have == 1) {
            code = check_first_byte(p);
        } else if (p->head_have == 2) {
            code = check_second_byte(p);
        }
        /* Not an else: a short length is whole with the second byte. */
        if (code == 0 && p->head_have >= 2 && p->head_have + 4 == p->head_need) {
            code = check_length(ws, p);
        }
        if (code != 0) {
            return code;
        }
    }
    if (is_head_whole(p)) {
        begin_payload(p);
    }
    return 0;
}

/* Copies n bytes without their mask, eight at a time, and turns the key to
 * the byte after them. */
static void unmask(char *to, const char *from, size_t n, uint8_t key[4]) {
    uint8_t pair[8];
    uint64_t key8;
    memcpy(pair, key, 4);
    memcpy(pair + 4, key, 4);
    memcpy(&key8, pair, 8);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t word;
        memcpy(&word, from + i, 8);
        word ^= key8;
        memcpy(to + i, &word, 8);
    }
    for (; i < n; i++) {
        to[i] = (char)((uint8_t)from[i] ^ pair[i & 7]);
    }
    memcpy(key, pair + (n & 3), 4);
}

static int take_payload(struct hg_ws_parser *p, const char **bytes, size_t *n) {
    size_t take = p->left < *n ? (size_t)p->left : *n;
    if (take == 0) {
        return 0;
    }
    if (is_control(p)) {
        unmask(p->control + p->control_len, *bytes, take, p->key);
        p->control_len += take;
    } else {
        if (hg_buf_reserve(&p->message, take) != 0) {
            return CODE_TRY_LATER;
        }
        char *to = p->message.ptr + p->message.len;
        unmask(to, *bytes, take, p->key);
        p->message.len += take;
        if (p->op == HG_WS_TEXT && !hg_utf8_feed(&p->utf8, to, take)) {
            return CODE_BAD_TEXT;
        }
    }
    *bytes += take;
    *n -= take;
    p->left -= take;
    return 0;
}

static void await_frame(struct hg_ws_parser *p) {
    p->head_have = 0;
    p->head_need = 2;
}

static void end_control(struct hg_ws *ws, struct hg_ws_parser *p) {
    enum hg_ws_op op = (enum hg_ws_op)frame_op(p);
    await_frame(p);
    if (op == HG_WS_CLOSE) {
        ws->is_closed = true;
    }
    ws->ops->on_message(ws->arg, op, (struct hg_slice){p->control, p->control_len});
}

static int end_frame(struct hg_ws *ws, struct hg_ws_parser *p) {
    if (is_control(p)) {
        end_control(ws, p);
        return 0;
    }
    bool is_last = is_final(p);
    await_frame(p);
    if (!is_last) {
        return 0;
    }
    if (p->op == HG_WS_TEXT && !hg_utf8_is_whole(&p->utf8)) {
        return CODE_BAD_TEXT;
    }
    enum hg_ws_op op = (enum hg_ws_op)p->op;
    p->op = 0;
    p->fragments = 0;
    ws->ops->on_message(ws->arg, op, hg_buf_slice(&p->message));
    hg_buf_clear(&p->message);
    return 0;
}

static int parse(struct hg_ws *ws, struct hg_ws_parser *p, const char *bytes, size_t n) {
    int code = 0;
    while (code == 0 && n > 0 && !ws->is_closed) {
        if (!is_head_whole(p)) {
            code = take_head(ws, p, &bytes, &n);
            if (code != 0 || !is_head_whole(p)) {
                return code;
            }
        }
        code = take_payload(p, &bytes, &n);
        if (code == 0 && p->left == 0) {
            code = end_frame(ws, p);
        }
    }
    return code;
}

static struct hg_ws_parser *new_parser(const struct hg_ws *ws) {
    struct hg_ws_parser *p = hg_try_alloc(sizeof *p);
    if (p) {
        p->message.max = ws->message_bytes_max;
        await_frame(p);
    }
    return p;
}

static void free_parser(struct hg_ws_parser *p) {
    if (p) {
        hg_buf_fini(&p->message);
        hg_free(p);
    }
}

int hg_ws_feed(struct hg_ws *ws, const char *bytes, size_t n) {
    if (ws->is_closed || n == 0) {
        return 0;
    }
    /* Out of the struct while callbacks run, so that one may call hg_ws_fini. */
    struct hg_ws_parser *p = ws->parser;
    ws->parser = NULL;
    if (!p) {
        p = new_parser(ws);
    }
    int code = p ? parse(ws, p, bytes, n) : CODE_TRY_LATER;
    if (code != 0) {
        ws->is_closed = true;
    }
    if (ws->is_closed || (p->op == 0 && p->head_have == 0)) {
        free_parser(p);
        return code;
    }
    if (p->op == 0) { /* only a head has begun: the last message's bytes are not needed */
        hg_buf_fini(&p->message);
    }
    ws->parser = p;
    return 0;
}

void hg_ws_fini(struct hg_ws *ws) {
    ws->is_closed = true;
    free_parser(ws->parser);
    ws->parser = NULL;
}
