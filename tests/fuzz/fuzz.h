/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz.h - what each entry defines, and how it takes an input apart. An entry
 * aborts when a promise of its parser is broken. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdint.h>

#include "headgate/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The rest of an input. */
struct fuzz_input {
    const char *at, *end;
};

static inline struct fuzz_input fuzz_input(const uint8_t *data, size_t size) {
    return (struct fuzz_input){(const char *)data, (const char *)data + size};
}

/* 0 when there is nothing left. */
static inline uint8_t fuzz_byte(struct fuzz_input *in) {
    return in->at < in->end ? (uint8_t)*in->at++ : 0;
}

/* A copy of exactly that size: what reads beyond it is found. Free it. */
static inline char *fuzz_copy(struct hg_slice s) {
    char *copy = hg_alloc(s.len > 0 ? s.len : 1);
    if (s.len > 0) {
        memcpy(copy, s.ptr, s.len);
    }
    return copy;
}

static inline struct hg_slice fuzz_rest(const struct fuzz_input *in) {
    return (struct hg_slice){in->at, (size_t)(in->end - in->at)};
}

#endif
