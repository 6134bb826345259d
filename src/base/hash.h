/* SPDX-License-Identifier: Apache-2.0 */
/* hash.h - keyed hashes (SipHash-1-3, 64 and 128 bit; Aumasson and Bernstein)
 * and CRC32C (Castagnoli; hardware where there is any). */
#ifndef HG_BASE_HASH_H
#define HG_BASE_HASH_H

#include "headgate/base.h"
#include "headgate/record.h" /* hg_crc32c */

struct hg_hash_key {
    uint64_t k0, k1;
};

/* Random, the same for the life of the process. */
const struct hg_hash_key *hg_hash_process_key(void);

uint64_t hg_hash64(const struct hg_hash_key *key, const void *bytes, size_t len);
void hg_hash128(const struct hg_hash_key *key, const void *bytes, size_t len, uint8_t ret[16]);

/* The same over several pieces. */
struct hg_hash {
    uint64_t v[4];
    uint64_t tail;
    size_t total;
};
void hg_hash_begin(struct hg_hash *h, const struct hg_hash_key *key);
void hg_hash_feed(struct hg_hash *h, const void *bytes, size_t len);
void hg_hash_end128(struct hg_hash *h, uint8_t ret[16]);

#endif
