/* SPDX-License-Identifier: Apache-2.0 */
/* base.h - the ground under every module: slices, errors, memory, assertions.
 *
 * Depends on nothing but the C library. */
#ifndef HEADGATE_BASE_H
#define HEADGATE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Marks what the gateway's binary exports to modules; all else is hidden. */
#define HG_API __attribute__((visibility("default")))
#define HG_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* A function that can fail returns 0 or one of these. Outputs named ret_x are
 * untouched on failure. A verdict on what a peer sent is not an error. */
enum hg_err {
    HG_ENOMEM = -1,     /* no memory left within the limit */
    HG_EINVAL = -2,     /* the caller's or the peer's bytes are wrong */
    HG_E2BIG = -3,      /* above a configured limit */
    HG_ENOENT = -4,     /* there is no such thing */
    HG_EEXIST = -5,     /* there is one already */
    HG_EAGAIN = -6,     /* not now: a queue is at its limit */
    HG_EFULL = -7,      /* no room on the storage */
    HG_EIO = -8,        /* the storage or the system failed; see the log */
    HG_ECLOSED = -9,    /* the other side is gone or is going */
    HG_ECONFLICT = -10, /* differs from what is already there */
    HG_EDOUBT = -11,    /* it may or may not have happened */
    HG_EDENIED = -12,   /* not allowed */
    HG_ENOTSUP = -13,   /* the driver or the build cannot do this */
};

/* A short constant text for an error, for log lines. */
HG_API const char *hg_err_text(int err);

/* Bytes that somebody else owns. Not terminated; empty is {NULL or any, 0}. */
struct hg_slice {
    const char *ptr;
    size_t len;
};

#define HG_SLICE(literal) ((struct hg_slice){(literal), sizeof(literal) - 1})
/* For printf's "%.*s". */
#define HG_FMT(s) (int)(s).len, (s).ptr

static inline struct hg_slice hg_slice_of(const char *text) {
    return (struct hg_slice){text, text ? strlen(text) : 0};
}

static inline bool hg_slice_eq(struct hg_slice a, struct hg_slice b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Without the spaces and tabs around it: HTTP's optional white space. */
static inline struct hg_slice hg_slice_trim(struct hg_slice s) {
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t')) {
        s.len--;
    }
    return s;
}

static inline bool hg_slice_starts(struct hg_slice s, struct hg_slice prefix) {
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

/* Equal but for the case of ASCII letters. */
HG_API bool hg_slice_ieq(struct hg_slice a, struct hg_slice b);

/* Human text about a failure. Filled by conf and loader code only. */
struct hg_why {
    char text[512];
};

HG_API void hg_why_set(struct hg_why *why, const char *fmt, ...) HG_PRINTF(2, 3);

/* Memory. hg_alloc aborts when there is none and belongs to start-up alone.
 * hg_try_alloc returns NULL: for whatever exists because a peer or a reload
 * asked for it. Both return zeroed memory. hg_free takes NULL. */
HG_API void *hg_alloc(size_t bytes);
HG_API void *hg_try_alloc(size_t bytes);
HG_API void *hg_try_realloc(void *ptr, size_t bytes);
HG_API void hg_free(void *ptr);

/* What cannot happen. Always compiled; its argument has no side effects. */
#define HG_ASSERT(cond) ((cond) ? (void)0 : hg_assert_failed(#cond, __FILE__, __LINE__))
HG_API void hg_assert_failed(const char *cond, const char *file, int line)
    __attribute__((noreturn));

/* Objects behind a void * start with a magic number and come back through
 * HG_CAST, which asserts it. */
#define HG_CAST(type, magic_value, ptr)                                                            \
    ((type *)hg_cast_check((ptr), (magic_value), __FILE__, __LINE__))
HG_API void *hg_cast_check(void *ptr, uint32_t magic, const char *file, int line);

#define HG_CONTAINER(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define HG_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
