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

/* The value of a letter, or a number of 64 and more. */
static unsigned value_of(char c, char letter62, char letter63) {
    if (c >= 'A' && c <= 'Z') {
        return (unsigned)(c - 'A');
    }
    if (c >= 'a' && c <= 'z') {
        return (unsigned)(c - 'a') + 26;
    }
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0') + 52;
    }
    return c == letter62 ? 62 : c == letter63 ? 63 : 64;
}

static int decode(struct hg_slice text, const char *letters, unsigned char *out, size_t *ret_len) {
    size_t rest = text.len % 4, n = 0;
    uint32_t bits = 0;
    if (rest == 1) {
        return HG_EINVAL;
    }
    for (size_t i = 0; i < text.len; i++) {
        unsigned value = value_of(text.ptr[i], letters[62], letters[63]);
        if (value > 63) {
            return HG_EINVAL;
        }
        bits = bits << 6 | value;
        if (i % 4 == 3) {
            out[n++] = (unsigned char)(bits >> 16);
            out[n++] = (unsigned char)(bits >> 8);
            out[n++] = (unsigned char)bits;
        }
    }
    if ((rest == 2 && (bits & 15) != 0) || (rest == 3 && (bits & 3) != 0)) {
        return HG_EINVAL;
    }
    if (rest == 2) {
        out[n++] = (unsigned char)(bits >> 4);
    } else if (rest == 3) {
        out[n++] = (unsigned char)(bits >> 10);
        out[n++] = (unsigned char)(bits >> 2);
    }
    *ret_len = n;
    return 0;
}

int hg_base64_decode(struct hg_slice text, void *out, size_t *ret_len) {
    if (text.len % 4 != 0) {
        return HG_EINVAL;
    }
    for (int i = 0; i < 2 && text.len > 0 && text.ptr[text.len - 1] == '='; i++) {
        text.len--;
    }
    return decode(text, alphabet, out, ret_len);
}

int hg_base64url_decode(struct hg_slice text, void *out, size_t *ret_len) {
    return decode(text, alphabet_url, out, ret_len);
}
