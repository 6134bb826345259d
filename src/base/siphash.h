/* SPDX-License-Identifier: Apache-2.0 */
/* siphash.h - the SipHash construction (Aumasson and Bernstein, 2012) with the
 * numbers of rounds as parameters. hash.c uses 1 and 3; the tests run the same
 * code with 2 and 4 against the published vectors. For those two alone. */
#ifndef HG_BASE_SIPHASH_H
#define HG_BASE_SIPHASH_H

#include <endian.h>

#include "base/hash.h"

static inline uint64_t hg_siphash__rotl(uint64_t x, int by) {
    return x << by | x >> (64 - by);
}

static inline void hg_siphash__rounds(uint64_t v[4], int n) {
    uint64_t a = v[0], b = v[1], c = v[2], d = v[3];
    for (int i = 0; i < n; i++) {
        a += b;
        c += d;
        b = hg_siphash__rotl(b, 13) ^ a;
        d = hg_siphash__rotl(d, 16) ^ c;
        a = hg_siphash__rotl(a, 32) + d;
        c += b;
        d = hg_siphash__rotl(d, 21) ^ a;
        b = hg_siphash__rotl(b, 17) ^ c;
        c = hg_siphash__rotl(c, 32);
    }
    v[0] = a, v[1] = b, v[2] = c, v[3] = d;
}

static inline uint32_t hg_siphash__load4(const unsigned char *p) {
    uint32_t w;
    memcpy(&w, p, sizeof(w));
    return le32toh(w);
}

/* Fewer than 8 bytes, from both ends: what is read twice is the same. */
static inline uint64_t hg_siphash__load(const unsigned char *p, size_t n) {
    if (n >= 4) {
        return hg_siphash__load4(p) | (uint64_t)hg_siphash__load4(p + n - 4) << (8 * (n - 4));
    }
    if (n == 0) {
        return 0;
    }
    size_t last = n - 1;
    return p[0] | (uint64_t)p[n / 2] << (8 * (n / 2)) | (uint64_t)p[last] << (8 * last);
}

static inline void hg_siphash__store(uint8_t *p, uint64_t w) {
    w = htole64(w);
    memcpy(p, &w, sizeof(w));
}

static inline void hg_siphash__word(struct hg_hash *h, uint64_t w, int c_rounds) {
    h->v[3] ^= w;
    hg_siphash__rounds(h->v, c_rounds);
    h->v[0] ^= w;
}

static inline void hg_siphash__begin(struct hg_hash *h, const struct hg_hash_key *key,
                                     bool is_128) {
    *h = (struct hg_hash){.v = {key->k0 ^ 0x736f6d6570736575u, key->k1 ^ 0x646f72616e646f6du,
                                key->k0 ^ 0x6c7967656e657261u, key->k1 ^ 0x7465646279746573u}};
    h->v[1] ^= is_128 ? 0xee : 0;
}

static inline uint64_t hg_siphash__load8(const unsigned char *p) {
    uint64_t w;
    memcpy(&w, p, sizeof(w));
    return le64toh(w);
}

/* tail holds the total % 8 bytes that do not make a word yet. */
static inline void hg_siphash__feed(struct hg_hash *h, const void *bytes, size_t len,
                                    int c_rounds) {
    const unsigned char *p = bytes;
    size_t have = h->total % 8;
    h->total += len;
    if (have > 0) {
        size_t n = len < 8 - have ? len : 8 - have;
        h->tail |= hg_siphash__load(p, n) << (8 * have);
        if (have + n < 8) {
            return;
        }
        hg_siphash__word(h, h->tail, c_rounds);
        h->tail = 0;
        p += n;
        len -= n;
    }
    uint64_t v[4]; /* bytes may be anywhere, so the compiler would store h->v each time */
    memcpy(v, h->v, sizeof(v));
    for (; len >= 8; p += 8, len -= 8) {
        uint64_t w = hg_siphash__load8(p);
        v[3] ^= w;
        hg_siphash__rounds(v, c_rounds);
        v[0] ^= w;
    }
    memcpy(h->v, v, sizeof(v));
    h->tail |= hg_siphash__load(p, len);
}

static inline uint64_t hg_siphash__end64(struct hg_hash *h, int c_rounds, int d_rounds) {
    hg_siphash__word(h, (uint64_t)h->total << 56 | h->tail, c_rounds);
    h->v[2] ^= 0xff;
    hg_siphash__rounds(h->v, d_rounds);
    return h->v[0] ^ h->v[1] ^ h->v[2] ^ h->v[3];
}

static inline void hg_siphash__end128(struct hg_hash *h, int c_rounds, int d_rounds,
                                      uint8_t ret[16]) {
    hg_siphash__word(h, (uint64_t)h->total << 56 | h->tail, c_rounds);
    h->v[2] ^= 0xee;
    hg_siphash__rounds(h->v, d_rounds);
    hg_siphash__store(ret, h->v[0] ^ h->v[1] ^ h->v[2] ^ h->v[3]);
    h->v[1] ^= 0xdd;
    hg_siphash__rounds(h->v, d_rounds);
    hg_siphash__store(ret + 8, h->v[0] ^ h->v[1] ^ h->v[2] ^ h->v[3]);
}

#endif
