/* SPDX-License-Identifier: Apache-2.0 */
/* codepoint.h - one code point of strict UTF-8 at a time (Unicode 15, table
 * 3-7), for scanners that must say where the fault is. Whole texts are the
 * business of base/utf8.h. */
#ifndef HG_EVENT_CODEPOINT_H
#define HG_EVENT_CODEPOINT_H

#include "headgate/base.h"

static inline bool hg_codepoint_is_tail(unsigned char c) {
    return (c & 0xC0) == 0x80;
}

/* How many bytes the code point at p takes, or 0 when there is none. p < end. */
static inline unsigned hg_codepoint_read(const unsigned char *p, const unsigned char *end,
                                         uint32_t *ret) {
    size_t left = (size_t)(end - p);
    if (p[0] < 0x80) {
        *ret = p[0];
        return 1;
    }
    if (left < 2 || p[0] < 0xC2 || !hg_codepoint_is_tail(p[1])) {
        return 0;
    }
    if (p[0] < 0xE0) {
        *ret = (uint32_t)(p[0] & 0x1F) << 6 | (p[1] & 0x3Fu);
        return 2;
    }
    if (left < 3 || !hg_codepoint_is_tail(p[2])) {
        return 0;
    }
    if (p[0] < 0xF0) {
        uint32_t c = (uint32_t)(p[0] & 0x0F) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
        if (c < 0x800 || (c >= 0xD800 && c <= 0xDFFF)) {
            return 0;
        }
        *ret = c;
        return 3;
    }
    if (left < 4 || p[0] > 0xF4 || !hg_codepoint_is_tail(p[3])) {
        return 0;
    }
    uint32_t c =
        (uint32_t)(p[0] & 0x07) << 18 | (p[1] & 0x3Fu) << 12 | (p[2] & 0x3Fu) << 6 | (p[3] & 0x3Fu);
    if (c < 0x10000 || c > 0x10FFFF) {
        return 0;
    }
    *ret = c;
    return 4;
}

/* Writes at most 4 bytes; c is a scalar value. */
static inline unsigned hg_codepoint_write(uint32_t c, char out[4]) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

#endif
