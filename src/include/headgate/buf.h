/* SPDX-License-Identifier: Apache-2.0 */
/* buf.h - a byte buffer that grows, and the one way modules produce bytes.
 *
 * Failure is sticky: after one append that did not fit, is_failed stays set,
 * later appends do nothing, and the caller checks once at the end. */
#ifndef HEADGATE_BUF_H
#define HEADGATE_BUF_H

#include "headgate/base.h"

struct hg_buf {
    char *ptr;
    size_t len;
    size_t cap;
    size_t max;     /* never grows beyond; 0 is no limit of its own */
    bool is_failed; /* memory or max ran out; len is what fitted before */
};

/* A zeroed struct hg_buf is a valid empty buffer. */
HG_API void hg_buf_fini(struct hg_buf *b);
/* Forget the content, keep the memory and max. */
HG_API void hg_buf_clear(struct hg_buf *b);
/* Make room for n more bytes. HG_ENOMEM, HG_E2BIG (and is_failed). */
HG_API int hg_buf_reserve(struct hg_buf *b, size_t n);
HG_API void hg_buf_put(struct hg_buf *b, const void *bytes, size_t n);
HG_API void hg_buf_printf(struct hg_buf *b, const char *fmt, ...) HG_PRINTF(2, 3);
HG_API void hg_buf_put_u64(struct hg_buf *b, uint64_t value);
/* A JSON string with its quotes; bytes must be UTF-8. */
HG_API void hg_buf_put_json(struct hg_buf *b, struct hg_slice text);

static inline void hg_buf_put_slice(struct hg_buf *b, struct hg_slice s) {
    hg_buf_put(b, s.ptr, s.len);
}

#define HG_BUF_LIT(b, literal) hg_buf_put((b), (literal), sizeof(literal) - 1)

static inline struct hg_slice hg_buf_slice(const struct hg_buf *b) {
    return (struct hg_slice){b->ptr, b->len};
}

#endif
