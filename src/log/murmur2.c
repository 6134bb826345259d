/* SPDX-License-Identifier: Apache-2.0 */
/* murmur2.c - MurmurHash2 in 32 bits, as Kafka has it: words are little-endian
 * on every machine. */
#include "log/murmur2.h"

static const uint32_t SEED = 0x9747b28c, FACTOR = 0x5bd1e995;
static const uint32_t POSITIVE = 0x7fffffff;

/* The first n bytes, at most 4; the rest counts as zero. */
static uint32_t word_at(const unsigned char *at, size_t n) {
    uint32_t word = 0;
    for (size_t i = 0; i < n; i++) {
        word |= (uint32_t)at[i] << 8 * i;
    }
    return word;
}

uint32_t hg_murmur2(struct hg_slice bytes) {
    const unsigned char *at = (const unsigned char *)bytes.ptr;
    size_t left = bytes.len;
    uint32_t sum = SEED ^ (uint32_t)bytes.len;
    for (; left >= 4; at += 4, left -= 4) {
        uint32_t word = word_at(at, 4) * FACTOR;
        word = (word ^ word >> 24) * FACTOR;
        sum = sum * FACTOR ^ word;
    }
    if (left > 0) {
        sum = (sum ^ word_at(at, left)) * FACTOR;
    }
    sum = (sum ^ sum >> 13) * FACTOR;
    return sum ^ sum >> 15;
}

uint32_t hg_murmur2_partition(struct hg_slice key, uint32_t n) {
    return (hg_murmur2(key) & POSITIVE) % n;
}
