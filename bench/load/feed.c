/* SPDX-License-Identifier: Apache-2.0 */
/* feed.c - what a server sent, taken apart: response heads, bodies, chunks,
 * WebSocket frames, server-sent events. Knows nothing of sockets. */
#include "conn.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define REM_MAX (64 * 1024 * 1024)

static void ws_control(struct conn *c, int op, const uint8_t *p, size_t n) {
    uint8_t f[6 + 125];
    if (n > 125) {
        n = 125;
    }
    f[0] = (uint8_t)(0x80 | op);
    f[1] = (uint8_t)(0x80 | n);
    uint32_t m = (uint32_t)now_ns();
    memcpy(f + 2, &m, 4);
    for (size_t i = 0; i < n; i++) {
        f[6 + i] = p[i] ^ f[2 + (i & 3)];
    }
    conn_send(c, f, 6 + n);
}

static void text_add(struct conn *c, const uint8_t *p, size_t n) {
    if (c->text_len + n > c->text_cap) {
        c->text_cap = (c->text_len + n) * 2;
        if (!(c->text = realloc(c->text, c->text_cap))) {
            die("no memory");
        }
    }
    memcpy(c->text + c->text_len, p, n);
    c->text_len += n;
}

/* False: not one that a server may send. */
static bool frame_take(struct conn *c, int op, bool fin, const uint8_t *body, size_t len) {
    switch (op) {
    case 0:
        text_add(c, body, len);
        if (fin) {
            conn__tell(c, EV_MESSAGE, c->text, c->text_len);
            c->text_len = 0;
        }
        return true;
    case 1:
    case 2:
        if (fin) {
            conn__tell(c, EV_MESSAGE, body, len);
        } else {
            c->text_len = 0;
            text_add(c, body, len);
        }
        return true;
    case 8:
        ws_control(c, 8, body, len);
        conn__fail(c, "closed by server (WS close)");
        return false;
    case 9:
        ws_control(c, 10, body, len);
        return true;
    case 10:
        return true;
    default:
        conn__fail(c, "WS opcode");
        return false;
    }
}

/* How long the head of the frame at f is, 0 when it is not whole, and what follows it. */
static size_t frame_head(const uint8_t *f, size_t have, uint64_t *ret_len) {
    unsigned len = f[1] & 0x7f;
    size_t head = len == 126 ? 4 : len == 127 ? 10 : 2;
    if (have < head) {
        return 0;
    }
    uint64_t whole = head == 2 ? len : 0;
    for (size_t i = 2; i < head; i++) {
        whole = whole << 8 | f[i];
    }
    *ret_len = whole;
    return head;
}

/* Consumes whole frames; returns the number of bytes consumed. */
static size_t ws_feed(struct conn *c, const uint8_t *p, size_t n) {
    size_t used = 0;
    while (c->state == ST_OPEN && n - used >= 2) {
        const uint8_t *f = p + used;
        if (f[0] & 0x70) {
            conn__fail(c, "WS reserved bits set");
            return n;
        }
        if (f[1] & 0x80) {
            conn__fail(c, "WS frame from the server is masked");
            return n;
        }
        uint64_t len = 0;
        size_t head = frame_head(f, n - used, &len);
        if (len > REM_MAX) {
            conn__fail(c, "WS frame too long");
            return n;
        }
        if (head == 0 || n - used < head + len) {
            break;
        }
        used += head + (size_t)len;
        if (!frame_take(c, f[0] & 0x0f, f[0] & 0x80, f + head, (size_t)len)) {
            return n;
        }
    }
    return used;
}

static void sse_scan(struct conn *c) {
    size_t start = 0;
    uint8_t *nl;
    while (c->scan < c->text_len && (nl = memchr(c->text + c->scan, '\n', c->text_len - c->scan))) {
        size_t end = (size_t)(nl - c->text), l = end;
        if (l > c->line && c->text[l - 1] == '\r') {
            l--;
        }
        bool empty = l == c->line;
        c->scan = c->line = end + 1;
        if (empty) {
            if (end > start) {
                conn__tell(c, EV_MESSAGE, c->text + start, end - start);
            }
            if (c->state != ST_OPEN) {
                return;
            }
            start = end + 1;
        }
    }
    if (start) {
        memmove(c->text, c->text + start, c->text_len - start);
        c->text_len -= start;
        c->line -= start;
    }
    c->scan = c->text_len;
    if (c->text_len == 0 && c->text_cap > 16384) {
        free(c->text);
        c->text = NULL;
        c->text_cap = 0;
    }
    if (c->text_len > REM_MAX) {
        conn__fail(c, "SSE event too long");
    }
}

enum { CH_SIZE, CH_EXT, CH_DATA, CH_CR, CH_LF, CH_TRAIL, CH_TRAIL_LINE, CH_END };

void conn__response_done(struct conn *c) {
    if (c->kind != CONN_HTTP) {
        conn__fail(c, "stream ended by server");
        return;
    }
    c->state = ST_IDLE;
    conn__tell(c, EV_RESPONSE, NULL, 0);
    if (c->state == ST_IDLE && c->close_after) {
        conn__fail(c, "");
    }
}

/* Bytes of the body itself, at most what is left of it. */
static size_t data_feed(struct conn *c, const uint8_t *p, size_t n) {
    size_t k = !c->until_close && (int64_t)n > c->left ? (size_t)c->left : n;
    if (c->kind == CONN_SSE) {
        text_add(c, p, k);
    }
    c->left -= c->until_close ? 0 : (int64_t)k;
    return k;
}

static size_t size_feed(struct conn *c, uint8_t ch, size_t n) {
    if (!isxdigit(ch)) {
        c->chunk_state = CH_EXT;
        return 0;
    }
    if (c->left > REM_MAX) {
        conn__fail(c, "chunk too long");
        return n;
    }
    c->left = c->left * 16 + (ch <= '9' ? ch - '0' : (ch | 32) - 'a' + 10);
    return 1;
}

/* One step through chunks. */
static size_t chunk_feed(struct conn *c, const uint8_t *p, size_t n) {
    size_t k = 1;
    switch (c->chunk_state) {
    case CH_SIZE:
        return size_feed(c, *p, n);
    case CH_EXT:
        if (*p == '\n') {
            c->chunk_state = c->left ? CH_DATA : CH_TRAIL;
        }
        break;
    case CH_DATA:
        k = data_feed(c, p, n);
        if (c->left == 0) {
            c->chunk_state = CH_CR;
        }
        break;
    case CH_CR:
        c->chunk_state = CH_LF;
        break;
    case CH_LF:
        c->chunk_state = CH_SIZE;
        break;
    case CH_TRAIL:
        if (*p == '\n') {
            c->chunk_state = CH_END;
            conn__response_done(c);
        } else if (*p != '\r') {
            c->chunk_state = CH_TRAIL_LINE;
        }
        break;
    case CH_TRAIL_LINE:
        if (*p == '\n') {
            c->chunk_state = CH_TRAIL;
        }
        break;
    default:
        break;
    }
    return k;
}

/* Takes body bytes off p; returns the bytes consumed: all but what follows the end. */
static size_t body_feed(struct conn *c, const uint8_t *p, size_t n) {
    size_t i = 0;
    while (i < n && c->state == ST_OPEN) {
        if (c->chunked) {
            i += chunk_feed(c, p + i, n - i);
        } else {
            i += data_feed(c, p + i, n - i);
            if (!c->until_close && c->left == 0) {
                conn__response_done(c);
            }
        }
    }
    if (c->kind == CONN_SSE && c->state == ST_OPEN) {
        sse_scan(c);
    }
    return i;
}

static bool header(const uint8_t *p, size_t n, const char *name, char *val, size_t cap) {
    const char *s = (const char *)p, *end = s + n;
    size_t nl = strlen(name);
    while (s < end) {
        const char *e = memchr(s, '\n', (size_t)(end - s));
        if (!e) {
            e = end;
        }
        if ((size_t)(e - s) > nl && s[nl] == ':' && strncasecmp(s, name, nl) == 0) {
            const char *v = s + nl + 1;
            while (v < e && (*v == ' ' || *v == '\t')) {
                v++;
            }
            size_t k = (size_t)(e - v);
            while (k && isspace((unsigned char)v[k - 1])) {
                k--;
            }
            if (k >= cap) {
                k = cap - 1;
            }
            memcpy(val, v, k);
            val[k] = 0;
            return true;
        }
        s = e + 1;
    }
    return false;
}

/* A stream is subscribed, when the status is the one that says so. */
static void begin_stream(struct conn *c, int wanted) {
    if (c->status != wanted) {
        snprintf(c->err, sizeof c->err, "status %d instead of %d", c->status, wanted);
        conn__fail(c, "");
        return;
    }
    c->state = ST_OPEN;
    c->was_open = true;
    conn__tell(c, EV_OPEN, NULL, 0);
}

static void begin_response(struct conn *c) {
    c->state = ST_OPEN;
    bool is_empty = !c->chunked && !c->until_close && c->left == 0;
    if (is_empty || c->status == 204 || c->status == 304) {
        conn__response_done(c);
    }
}

/* Parses a response head when whole; returns the bytes consumed, 0 if more are needed. */
static size_t head_feed(struct conn *c, const uint8_t *p, size_t n) {
    const uint8_t *e = memmem(p, n, "\r\n\r\n", 4);
    if (!e) {
        if (n > 65536) {
            conn__fail(c, "response head too long");
        }
        return 0;
    }
    size_t hn = (size_t)(e - p) + 4;
    char v[256];
    if (n < 12 || memcmp(p, "HTTP/1.", 7) != 0) {
        conn__fail(c, "not HTTP/1.x");
        return hn;
    }
    c->status = (int)strtol((const char *)p + 9, NULL, 10);
    if (c->status / 100 == 1 && c->status != 101) {
        return hn; /* interim */
    }
    c->close_after = header(p, hn, "connection", v, sizeof v) && strcasestr(v, "close");
    c->chunked = header(p, hn, "transfer-encoding", v, sizeof v) && strcasestr(v, "chunked");
    c->chunk_state = CH_SIZE;
    bool has_len = header(p, hn, "content-length", v, sizeof v);
    c->until_close = !c->chunked && !has_len;
    c->left = has_len && !c->chunked ? atoll(v) : 0;
    if (c->kind == CONN_HTTP) {
        begin_response(c);
    } else {
        begin_stream(c, c->kind == CONN_WS ? 101 : 200);
    }
    return hn;
}

size_t conn__feed(struct conn *c, const uint8_t *p, size_t n) {
    size_t used = 0;
    while (used < n && c->state != ST_CLOSED) {
        size_t k;
        if (c->state == ST_HEAD) {
            k = head_feed(c, p + used, n - used);
        } else if (c->state == ST_OPEN) {
            k = c->kind == CONN_WS ? ws_feed(c, p + used, n - used)
                                   : body_feed(c, p + used, n - used);
        } else {
            conn__fail(c, "bytes that no request asked for");
            return n;
        }
        if (k == 0) {
            break;
        }
        used += k;
    }
    return used;
}
