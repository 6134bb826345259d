/* SPDX-License-Identifier: Apache-2.0 */
/* base64.c - RFC 4648. One text decodes to one value and back: what two
 * readers could read differently is refused. */
#include "base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char alphabet_url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void put(struct hg_buf *out, const void *bytes, size_t len, const char *letters,
                bool is_padded) {
    const unsigned char *p = bytes;
    size_t last = len % 3 == 0 ? 0 : is_padded ? 4 : len % 3 + 1;
    if (len > SIZE_MAX / 4 || hg_buf_reserve(out, len / 3 * 4 + last) != 0) {
        out->is_failed = true;
        return;
    }
    char *to = out->ptr + out->len;
    for (; len >= 3; p += 3, len -= 3) {
        *to++ = letters[p[0] >> 2];
        *to++ = letters[(p[0] & 3) << 4 | p[1] >> 4];
        *to++ = letters[(p[1] & 15) << 2 | p[2] >> 6];
        *to++ = letters[p[2] & 63];
    }
    if (len > 0) {
        unsigned char second = len > 1 ? p[1] : 0;
        *to++ = letters[p[0] >> 2];
        *to++ = letters[(p[0] & 3) << 4 | second >> 4];
        if (len > 1) {
            *to++ = letters[(second & 15) << 2];
        }
        for (size_t i = len; is_padded && i < 3; i++) {
            *to++ = '=';
        }
    }
    out->len = (size_t)(to - out->ptr);
}

void hg_base64_put(struct hg_buf *out, const void *bytes, size_t len) {
    put(out, bytes, len, alphabet, true);
}

void hg_base64url_put(struct hg_buf *out, const void *bytes, size_t len) {
    put(out, bytes, len, alphabet_url, false);
}

/* What a letter stands for, in six bits, and where it is no letter. */
enum { NOT_PLAIN = 0x40, NOT_URL = 0x80 };
static const unsigned char values[128] = {
    0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0,
    0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0,
    0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xbe, 0xc0, 0x7e, 0xc0, 0xbf,
    0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0,
    0xc0, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e,
    0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0xc0, 0xc0, 0xc0, 0xc0, 0x7f,
    0xc0, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28,
    0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f, 0x30, 0x31, 0x32, 0x33, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0};

static unsigned value_of(char c) {
    unsigned char u = (unsigned char)c;
    return u < sizeof(values) ? values[u] : NOT_PLAIN | NOT_URL;
}

static int decode_end(struct hg_slice text, unsigned wrong, unsigned char *out, size_t *ret_n) {
    unsigned a = value_of(text.ptr[0]), b = value_of(text.ptr[1]);
    unsigned c = text.len == 3 ? value_of(text.ptr[2]) : 0;
    unsigned unused = text.len == 3 ? c & 3 : b & 15;
    if (((a | b | c) & wrong) != 0 || unused != 0) {
        return HG_EINVAL;
    }
    out[0] = (unsigned char)(a << 2 | (b & 63) >> 4);
    if (text.len == 3) {
        out[1] = (unsigned char)(b << 4 | (c & 63) >> 2);
    }
    *ret_n = text.len - 1;
    return 0;
}

static int decode(struct hg_slice text, unsigned wrong, unsigned char *out, size_t *ret_len) {
    size_t n = 0, n_end = 0;
    for (; text.len >= 4; text.ptr += 4, text.len -= 4, n += 3) {
        unsigned a = value_of(text.ptr[0]), b = value_of(text.ptr[1]);
        unsigned c = value_of(text.ptr[2]), d = value_of(text.ptr[3]);
        if (((a | b | c | d) & wrong) != 0) {
            return HG_EINVAL;
        }
        out[n] = (unsigned char)(a << 2 | (b & 63) >> 4);
        out[n + 1] = (unsigned char)(b << 4 | (c & 63) >> 2);
        out[n + 2] = (unsigned char)(c << 6 | (d & 63));
    }
    if (text.len == 1 || (text.len > 1 && decode_end(text, wrong, out + n, &n_end) != 0)) {
        return HG_EINVAL;
    }
    *ret_len = n + n_end;
    return 0;
}

int hg_base64_decode(struct hg_slice text, void *out, size_t *ret_len) {
    if (text.len % 4 != 0) {
        return HG_EINVAL;
    }
    for (int i = 0; i < 2 && text.len > 0 && text.ptr[text.len - 1] == '='; i++) {
        text.len--;
    }
    return decode(text, NOT_PLAIN, out, ret_len);
}

int hg_base64url_decode(struct hg_slice text, void *out, size_t *ret_len) {
    return decode(text, NOT_URL, out, ret_len);
}
