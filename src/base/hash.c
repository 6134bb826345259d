/* SPDX-License-Identifier: Apache-2.0 */
/* hash.c - keyed hashes: SipHash with 1 and 3 rounds. For tables whose keys
 * come from outside; not a signature. */
#include "base/hash.h"

#include <errno.h>
#include <pthread.h>
#include <sys/random.h>

#include "base/siphash.h"

enum { C_ROUNDS = 1, D_ROUNDS = 3 };

static struct hg_hash_key process_key;
static pthread_once_t process_key_once = PTHREAD_ONCE_INIT;

static void make_process_key(void) {
    ssize_t n;
    do {
        n = getrandom(&process_key, sizeof(process_key), 0);
    } while (n < 0 && errno == EINTR);
    /* A key that can be guessed lets peers choose keys that collide: better
     * not to run at all. */
    HG_ASSERT(n == sizeof(process_key));
}

const struct hg_hash_key *hg_hash_process_key(void) {
    int rc = pthread_once(&process_key_once, make_process_key);
    HG_ASSERT(rc == 0);
    return &process_key;
}

uint64_t hg_hash64(const struct hg_hash_key *key, const void *bytes, size_t len) {
    struct hg_hash h;
    hg_siphash__begin(&h, key, false);
    hg_siphash__feed(&h, bytes, len, C_ROUNDS);
    return hg_siphash__end64(&h, C_ROUNDS, D_ROUNDS);
}

void hg_hash128(const struct hg_hash_key *key, const void *bytes, size_t len, uint8_t ret[16]) {
    struct hg_hash h;
    hg_siphash__begin(&h, key, true);
    hg_siphash__feed(&h, bytes, len, C_ROUNDS);
    hg_siphash__end128(&h, C_ROUNDS, D_ROUNDS, ret);
}

void hg_hash_begin(struct hg_hash *h, const struct hg_hash_key *key) {
    hg_siphash__begin(h, key, true);
}

void hg_hash_feed(struct hg_hash *h, const void *bytes, size_t len) {
    hg_siphash__feed(h, bytes, len, C_ROUNDS);
}

void hg_hash_end128(struct hg_hash *h, uint8_t ret[16]) {
    hg_siphash__end128(h, C_ROUNDS, D_ROUNDS, ret);
}
