/* SPDX-License-Identifier: Apache-2.0 */
/* dedup.h - the index of ids that are stored: who published which id where,
 * and what was in it. Memory is bounded by max entries of 48 bytes and a table
 * of 4 to 16 bytes each; the oldest leave first, at the end of the window or
 * at max. Log thread only.
 *
 * The identity of an event is hashed with the key of this process: nobody can
 * choose ids that meet somebody else's, and nothing rests on it over a
 * restart. The content digest is kept in records, so its key is a constant
 * (hg_log_digest_key): who finds two contents with one digest fools only the
 * owner of that id, himself. Half of the digest is remembered. */
#ifndef HG_LOG_DEDUP_H
#define HG_LOG_DEDUP_H

#include "headgate/base.h"

struct hg_dedup;

struct hg_identity {
    uint64_t half[2];
};

struct hg_dedup_entry {
    struct hg_identity identity;
    uint64_t digest; /* hg_dedup_digest of the record's */
    uint64_t offset;
    uint32_t topic;
    uint32_t fingerprint;
    int32_t seconds; /* when it was stored, on the clock of hg_dedup_now */
    uint16_t partition;
};

/* HG_ENOMEM. */
int hg_dedup_new(size_t max, int64_t window_ms, struct hg_dedup **ret);
void hg_dedup_free(struct hg_dedup **pd);

/* Any thread. */
void hg_identity_make(uint32_t topic, uint64_t owner, struct hg_slice source, struct hg_slice id,
                      struct hg_identity *ret);
uint64_t hg_dedup_digest(const uint8_t digest[16]);
/* Seconds of the monotonic clock: the window does not move with the wall clock. */
int32_t hg_dedup_now(void);

/* Borrowed until the next change; NULL: not seen within the window. */
const struct hg_dedup_entry *hg_dedup_find(const struct hg_dedup *d,
                                           const struct hg_identity *identity, int32_t now);
/* The identity must not be there. */
void hg_dedup_add(struct hg_dedup *d, const struct hg_dedup_entry *entry);
/* Forget what left the window. */
void hg_dedup_expire(struct hg_dedup *d, int32_t now);
/* Forget a partition. Slow: looks at every entry. */
void hg_dedup_forget(struct hg_dedup *d, uint32_t topic, uint32_t partition);
size_t hg_dedup_count(const struct hg_dedup *d);
/* Add many that may be older than what is there; sorts them by time. Of two
 * with one identity the older stays. HG_ENOMEM: nothing was added. */
int hg_dedup_merge(struct hg_dedup *d, struct hg_dedup_entry *entries, size_t n);

#endif
