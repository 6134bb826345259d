/* SPDX-License-Identifier: Apache-2.0 */
/* peer.c - see peer.h. */
#include "peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"

enum { PATIENCE_MS = 5000, FIELDS_MAX = 256 };

void peer_init(struct peer *p, struct upper *u) {
    *p = (struct peer){.u = u, .goaway = -1};
    assert_int_equal(nghttp2_hd_deflate_new(&p->deflater, 4096), 0);
    assert_int_equal(nghttp2_hd_inflate_new(&p->inflater), 0);
    HG_BUF_LIT(&p->out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    peer_frame(p, F_SETTINGS, 0, 0, NULL, 0);
}

void peer_fini(struct peer *p) {
    nghttp2_hd_deflate_del(p->deflater);
    nghttp2_hd_inflate_del(p->inflater);
    hg_buf_fini(&p->out);
    hg_buf_fini(&p->told);
    hg_buf_fini(&p->data);
}

int both_fini(void **state) {
    struct both *b = *state;
    peer_fini(&b->p);
    upper_fini(&b->u);
    return 0;
}

static void put_u32(unsigned char *to, uint32_t v) {
    to[0] = (unsigned char)(v >> 24);
    to[1] = (unsigned char)(v >> 16);
    to[2] = (unsigned char)(v >> 8);
    to[3] = (unsigned char)v;
}

static uint32_t get_u32(const char *p) {
    const unsigned char *b = (const unsigned char *)p;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

void peer_frame(struct peer *p, unsigned type, unsigned flags, uint32_t id, const void *payload,
                size_t n) {
    unsigned char head[9] = {(unsigned char)(n >> 16), (unsigned char)(n >> 8), (unsigned char)n,
                             (unsigned char)type, (unsigned char)flags};
    put_u32(head + 5, id);
    hg_buf_put(&p->out, head, sizeof(head));
    hg_buf_put(&p->out, payload, n);
}

void peer_deflate(struct peer *p, const char *const *fields, struct hg_buf *ret) {
    nghttp2_nv nv[FIELDS_MAX];
    size_t n = 0;
    while (fields[2 * n] != NULL) {
        assert_true(n < FIELDS_MAX);
        nv[n] = (nghttp2_nv){(uint8_t *)fields[2 * n], (uint8_t *)fields[2 * n + 1],
                             strlen(fields[2 * n]), strlen(fields[2 * n + 1]), 0};
        n++;
    }
    *ret = (struct hg_buf){.len = 0};
    hg_buf_reserve(ret, nghttp2_hd_deflate_bound(p->deflater, nv, n));
    ssize_t len = nghttp2_hd_deflate_hd(p->deflater, (uint8_t *)ret->ptr, ret->cap, nv, n);
    assert_true(len >= 0);
    ret->len = (size_t)len;
}

void peer_headers(struct peer *p, unsigned flags, uint32_t id, const char *const *fields) {
    struct hg_buf block;
    peer_deflate(p, fields, &block);
    peer_frame(p, F_HEADERS, flags | F_END_HEADERS, id, block.ptr, block.len);
    hg_buf_fini(&block);
}

void peer_get(struct peer *p, uint32_t id, const char *path) {
    const char *const fields[] = {":method", "GET",        ":scheme", "https", ":path",
                                  path,      ":authority", "h",       NULL};
    peer_headers(p, F_END_STREAM, id, fields);
}

void peer_post(struct peer *p, uint32_t id, const char *path, const char *length) {
    const char *const fields[] = {":method",    "POST",  ":scheme",
                                  "https",      ":path", path,
                                  ":authority", "h",     length != NULL ? "content-length" : NULL,
                                  length,       NULL};
    peer_headers(p, 0, id, fields);
}

void peer_data(struct peer *p, unsigned flags, uint32_t id, const char *text) {
    peer_frame(p, F_DATA, flags, id, text, strlen(text));
}

void peer_window(struct peer *p, uint32_t id, uint32_t increment) {
    unsigned char payload[4];
    put_u32(payload, increment);
    peer_frame(p, F_WINDOW, 0, id, payload, sizeof(payload));
}

void peer_setting(struct peer *p, unsigned id, uint32_t value) {
    unsigned char payload[6] = {0, (unsigned char)id};
    put_u32(payload + 2, value);
    peer_frame(p, F_SETTINGS, 0, 0, payload, sizeof(payload));
}

void peer_ack(struct peer *p) {
    peer_frame(p, F_SETTINGS, F_ACK, 0, NULL, 0);
}

/* Only the status is told. */
static void tell_headers(struct peer *p, uint32_t id, const char *payload, size_t n) {
    const uint8_t *in = (const uint8_t *)payload;
    hg_buf_printf(&p->told, "HEADERS %u", id);
    for (;;) {
        nghttp2_nv nv;
        int flags = 0;
        ssize_t used = nghttp2_hd_inflate_hd2(p->inflater, &nv, &flags, in, n, 1);
        assert_true(used >= 0);
        in += used;
        n -= (size_t)used;
        if (flags & NGHTTP2_HD_INFLATE_EMIT) {
            if (nv.namelen == 7 && memcmp(nv.name, ":status", 7) == 0) {
                hg_buf_printf(&p->told, " %.*s", (int)nv.valuelen, nv.value);
            }
        }
        if (flags & NGHTTP2_HD_INFLATE_FINAL) {
            nghttp2_hd_inflate_end_headers(p->inflater);
            return;
        }
    }
}

static void tell_frame(struct peer *p, unsigned type, unsigned flags, uint32_t id,
                       const char *payload, size_t n) {
    switch (type) {
    case F_DATA:
        p->n_data++;
        hg_buf_put(&p->data, payload, n);
        hg_buf_printf(&p->told, "DATA %u %zu", id, n);
        break;
    case F_HEADERS:
        p->n_headers++;
        tell_headers(p, id, payload, n);
        break;
    case F_RST:
        p->n_rst++;
        p->last_rst = get_u32(payload);
        hg_buf_printf(&p->told, "RST %u %u", id, p->last_rst);
        break;
    case F_SETTINGS:
        hg_buf_printf(&p->told, flags & F_ACK ? "SETTINGS ACK" : "SETTINGS");
        flags = 0;
        break;
    case F_PING:
        hg_buf_printf(&p->told, flags & F_ACK ? "PONG" : "PING");
        flags = 0;
        break;
    case F_GOAWAY:
        p->goaway = get_u32(payload + 4);
        hg_buf_printf(&p->told, "GOAWAY %u %u", get_u32(payload), (unsigned)p->goaway);
        break;
    case F_WINDOW:
        hg_buf_printf(&p->told, "WINDOW %u %u", id, get_u32(payload));
        break;
    default:
        hg_buf_printf(&p->told, "FRAME %u", type);
    }
    hg_buf_printf(&p->told, flags & F_END_STREAM && type <= F_HEADERS ? " end; " : "; ");
}

static void read_frames(struct peer *p) {
    const struct hg_buf *in = &p->u->received;
    while (in->len - p->parsed >= 9) {
        const unsigned char *h = (const unsigned char *)in->ptr + p->parsed;
        size_t n = (size_t)h[0] << 16 | (size_t)h[1] << 8 | h[2];
        if (in->len - p->parsed < 9 + n) {
            return;
        }
        tell_frame(p, h[3], h[4], get_u32((const char *)h + 5), (const char *)h + 9, n);
        p->parsed += 9 + n;
    }
}

void peer_go(struct peer *p) {
    if (p->out.len > 0) {
        upper_send(p->u, hg_buf_slice(&p->out));
        hg_buf_clear(&p->out);
    }
    upper_turn(p->u);
    read_frames(p);
}

const char *peer_told(struct peer *p) {
    hg_buf_put(&p->told, "", 1);
    p->told.len--;
    return p->told.ptr;
}

void peer_wait(struct peer *p, const char *text) {
    int64_t until_ms = hg_clock_mono_ms() + PATIENCE_MS;
    peer_go(p);
    while (strstr(peer_told(p), text) == NULL) {
        if (hg_clock_mono_ms() > until_ms) {
            fail_msg("waited in vain for \"%s\" in \"%s\"", text, peer_told(p));
        }
        peer_go(p);
    }
}

void peer_wait_told(struct peer *p, const char *text) {
    peer_go(p);
    upper_wait_told(p->u, text);
    read_frames(p);
}

void peer_wait_goaway(struct peer *p, uint32_t error_code) {
    peer_wait(p, "GOAWAY ");
    while (p->goaway != error_code && !p->u->is_peer_eof) {
        peer_go(p);
    }
    if (p->goaway != error_code) {
        fail_msg("GOAWAY says %d, not %u", (int)p->goaway, error_code);
    }
    upper_wait_eof(p->u);
}

void peer_forget(struct peer *p) {
    hg_buf_clear(&p->told);
    hg_buf_clear(&p->data);
}
