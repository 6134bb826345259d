/* SPDX-License-Identifier: Apache-2.0 */
/* buf.c - the byte buffer that grows. An append that does not fit changes
 * nothing but is_failed, so a reader never sees half of one. */
#include "headgate/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/digits.h"

static const size_t first_cap = 128;

void hg_buf_fini(struct hg_buf *b) {
    hg_free(b->ptr);
    *b = (struct hg_buf){.max = b->max};
}

void hg_buf_clear(struct hg_buf *b) {
    b->len = 0;
    b->is_failed = false;
}

static int fail(struct hg_buf *b, int err) {
    b->is_failed = true;
    return err;
}

static int grow(struct hg_buf *b, size_t need) {
    size_t cap = b->cap > first_cap / 2 ? b->cap : first_cap / 2;
    while (cap < need) {
        cap = cap <= SIZE_MAX / 2 ? cap * 2 : need;
    }
    if (b->max > 0 && cap > b->max) {
        cap = b->max;
    }
    char *ptr = hg_try_realloc(b->ptr, cap);
    if (ptr == NULL) {
        return fail(b, HG_ENOMEM);
    }
    b->ptr = ptr;
    b->cap = cap;
    return 0;
}

int hg_buf_reserve(struct hg_buf *b, size_t n) {
    if (n > SIZE_MAX - b->len || (b->max > 0 && b->len + n > b->max)) {
        return fail(b, HG_E2BIG);
    }
    if (b->is_failed) {
        return HG_ENOMEM;
    }
    return b->len + n <= b->cap ? 0 : grow(b, b->len + n);
}

void hg_buf_put(struct hg_buf *b, const void *bytes, size_t n) {
    if (n == 0 || hg_buf_reserve(b, n) != 0) {
        return;
    }
    memcpy(b->ptr + b->len, bytes, n);
    b->len += n;
}

/* Formatted aside, because vsnprintf wants a byte more than the text has and
 * that byte may be above max. */
static void put_long_text(struct hg_buf *b, size_t len, const char *fmt, va_list ap) {
    if (hg_buf_reserve(b, len) != 0) {
        return;
    }
    char *text = hg_try_alloc(len + 1);
    if (text == NULL) {
        fail(b, HG_ENOMEM);
        return;
    }
    vsnprintf(text, len + 1, fmt, ap);
    hg_buf_put(b, text, len);
    hg_free(text);
}

void hg_buf_printf(struct hg_buf *b, const char *fmt, ...) {
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (n < 0) {
        fail(b, HG_EINVAL);
    } else if ((size_t)n < sizeof(text)) {
        hg_buf_put(b, text, (size_t)n);
    } else {
        va_start(ap, fmt);
        put_long_text(b, (size_t)n, fmt, ap);
        va_end(ap);
    }
}

void hg_buf_put_u64(struct hg_buf *b, uint64_t value) {
    char digits[HG_DIGITS_MAX];
    hg_buf_put_slice(b, hg_digits(value, digits));
}

static bool must_escape(unsigned char c) {
    return c < 0x20 || c == '"' || c == '\\';
}

/* True when one of 8 bytes must be escaped. The three tests are the classic
 * "has a byte below n" and "has a zero byte" on bytes whose high bit is clear;
 * bytes of 0x80 and more are masked out at the end of each. */
static bool has_escape(const char *p) {
    const uint64_t ones = 0x0101010101010101u;
    uint64_t w;
    memcpy(&w, p, sizeof(w));
    uint64_t quote = w ^ (ones * '"');
    uint64_t slash = w ^ (ones * '\\');
    uint64_t found =
        ((w - ones * 0x20) & ~w) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash);
    return (found & (ones * 0x80)) != 0;
}

static size_t plain_run(const char *p, size_t len) {
    size_t i = 0;
    while (len - i >= 8 && !has_escape(p + i)) {
        i += 8;
    }
    while (i < len && !must_escape((unsigned char)p[i])) {
        i++;
    }
    return i;
}

static void put_escape(struct hg_buf *b, unsigned char c) {
    static const char hex[] = "0123456789abcdef";
    static const char shorts[] = "btn_fr"; /* from 0x08; 0x0b has none */
    char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    size_t n = sizeof(text);
    if (c == '"' || c == '\\') {
        text[1] = (char)c;
        n = 2;
    } else if (c >= 0x08 && c <= 0x0d && c != 0x0b) {
        text[1] = shorts[c - 0x08];
        n = 2;
    }
    hg_buf_put(b, text, n);
}

void hg_buf_put_json(struct hg_buf *b, struct hg_slice text) {
    hg_buf_put(b, "\"", 1);
    size_t at = 0;
    while (at < text.len && !b->is_failed) {
        size_t run = plain_run(text.ptr + at, text.len - at);
        hg_buf_put(b, text.ptr + at, run);
        at += run;
        if (at < text.len) {
            put_escape(b, (unsigned char)text.ptr[at]);
            at++;
        }
    }
    hg_buf_put(b, "\"", 1);
}
