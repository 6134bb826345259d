/* SPDX-License-Identifier: Apache-2.0 */
/* bytes16.h - sixteen bytes of text looked at together, in the compiler's own
 * vectors: SSE2 on x86-64, NEON on ARM, and no #if for either. */
#ifndef HG_EVENT_BYTES16_H
#define HG_EVENT_BYTES16_H

#include "headgate/base.h"

typedef signed char hg_bytes16 __attribute__((vector_size(16)));
typedef uint16_t hg_words8 __attribute__((vector_size(16)));
typedef uint8_t hg_bytes8 __attribute__((vector_size(8)));

static inline hg_bytes16 hg_bytes16_load(const void *p) {
    hg_bytes16 v;
    memcpy(&v, p, sizeof(v));
    return v;
}

/* A comparison's result, four bits for each byte, in the order of memory. */
static inline uint64_t hg_bytes16_mask(hg_bytes16 hits) {
    hg_words8 words;
    memcpy(&words, &hits, sizeof(words));
    hg_bytes8 narrow = __builtin_convertvector((words >> 4) & 0xFF, hg_bytes8);
    uint64_t mask;
    memcpy(&mask, &narrow, sizeof(mask));
    return mask;
}

/* The index of the first byte that was hit; mask is not 0. */
static inline unsigned hg_bytes16_first(uint64_t mask) {
    bool is_little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    return (unsigned)(is_little ? __builtin_ctzll(mask) : __builtin_clzll(mask)) >> 2;
}

#endif
