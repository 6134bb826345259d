/* SPDX-License-Identifier: Apache-2.0 */
/* dedup.c - a ring of entries in order of time, and a table that finds them.
 *
 * A slot of the table holds the number of an entry plus one, and above it as
 * many bits of the identity as there is room for, so that a probe past
 * somebody else's slot hardly ever reads the ring. Collisions go to the next
 * slot; a removal moves later ones back, so there are no graves. */
#include "log/dedup.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"

struct hg_dedup {
    struct hg_dedup_entry *ring;
    size_t head, n, max;
    uint32_t *slots;
    size_t mask;         /* slots are mask + 1, a power of two, at most half full */
    uint32_t index_mask; /* the bits of a slot that number an entry */
    int32_t window_s;
};

static uint32_t bits_above(size_t max) {
    uint32_t mask = 1;
    while (mask < max + 1) { /* numbers are 1 to max */
        mask = mask << 1 | 1;
    }
    return mask;
}

int hg_dedup_new(size_t max, int64_t window_ms, struct hg_dedup **ret) {
    HG_ASSERT(max > 0 && max < UINT32_MAX / 4 && window_ms > 0);
    struct hg_dedup *d = hg_try_alloc(sizeof *d);
    size_t slots = 4;
    while (slots < 2 * max) {
        slots *= 2;
    }
    if (d != NULL) {
        d->ring = hg_try_alloc(max * sizeof *d->ring);
        d->slots = hg_try_alloc(slots * sizeof *d->slots);
    }
    if (d == NULL || d->ring == NULL || d->slots == NULL) {
        hg_dedup_free(&d);
        return HG_ENOMEM;
    }
    d->max = max;
    d->mask = slots - 1;
    d->index_mask = bits_above(max);
    int64_t window_s = window_ms / 1000 + (window_ms % 1000 != 0);
    d->window_s = window_s < INT32_MAX / 4 ? (int32_t)window_s : INT32_MAX / 4;
    *ret = d;
    return 0;
}

void hg_dedup_free(struct hg_dedup **pd) {
    struct hg_dedup *d = *pd;
    *pd = NULL;
    if (d != NULL) {
        hg_free(d->ring);
        hg_free(d->slots);
        hg_free(d);
    }
}

void hg_identity_make(uint32_t topic, uint64_t owner, struct hg_slice source, struct hg_slice id,
                      struct hg_identity *ret) {
    struct {
        uint64_t owner, source_len;
        uint32_t topic, zero;
    } head = {owner, source.len, topic, 0};
    struct hg_hash h;
    uint8_t sum[16];
    hg_hash_begin(&h, hg_hash_process_key());
    hg_hash_feed(&h, &head, sizeof head);
    hg_hash_feed(&h, source.ptr, source.len);
    hg_hash_feed(&h, id.ptr, id.len);
    hg_hash_end128(&h, sum);
    memcpy(ret->half, sum, sizeof sum);
}

uint64_t hg_dedup_digest(const uint8_t digest[16]) {
    uint64_t half;
    memcpy(&half, digest, sizeof half);
    return half;
}

int32_t hg_dedup_now(void) {
    return (int32_t)(hg_clock_mono_ms() / 1000);
}

static bool is_same(const struct hg_identity *a, const struct hg_identity *b) {
    return a->half[0] == b->half[0] && a->half[1] == b->half[1];
}

static size_t home_of(const struct hg_dedup *d, const struct hg_identity *identity) {
    return (size_t)identity->half[0] & d->mask;
}

static uint32_t slot_of(const struct hg_dedup *d, const struct hg_identity *identity,
                        size_t index) {
    return ((uint32_t)identity->half[1] & ~d->index_mask) | (uint32_t)(index + 1);
}

static const struct hg_dedup_entry *entry_of(const struct hg_dedup *d, uint32_t slot) {
    return &d->ring[(slot & d->index_mask) - 1];
}

/* Seconds from one moment to another; a clock that wraps does no harm. */
static int32_t since(int32_t then, int32_t now) {
    return (int32_t)((uint32_t)now - (uint32_t)then);
}

static bool is_past(const struct hg_dedup *d, const struct hg_dedup_entry *e, int32_t now) {
    return since(e->seconds, now) > d->window_s;
}

const struct hg_dedup_entry *hg_dedup_find(const struct hg_dedup *d,
                                           const struct hg_identity *identity, int32_t now) {
    uint32_t mark = (uint32_t)identity->half[1] & ~d->index_mask;
    for (size_t i = home_of(d, identity); d->slots[i] != 0; i = (i + 1) & d->mask) {
        if ((d->slots[i] & ~d->index_mask) != mark) {
            continue;
        }
        const struct hg_dedup_entry *e = entry_of(d, d->slots[i]);
        /* What left the window may stand there still, beside its successor. */
        if (is_same(&e->identity, identity) && !is_past(d, e, now)) {
            return e;
        }
    }
    return NULL;
}

/* Close the gap at slot i: move back whatever its probe would no longer reach. */
static void clear_slot(struct hg_dedup *d, size_t i) {
    for (size_t next = (i + 1) & d->mask; d->slots[next] != 0; next = (next + 1) & d->mask) {
        size_t home = home_of(d, &entry_of(d, d->slots[next])->identity);
        if (((next - home) & d->mask) >= ((next - i) & d->mask)) {
            d->slots[i] = d->slots[next];
            i = next;
        }
    }
    d->slots[i] = 0;
}

static void drop_oldest(struct hg_dedup *d) {
    uint32_t slot = slot_of(d, &d->ring[d->head].identity, d->head);
    size_t i = home_of(d, &d->ring[d->head].identity);
    while (d->slots[i] != slot) {
        i = (i + 1) & d->mask;
    }
    clear_slot(d, i);
    d->head = d->head + 1 < d->max ? d->head + 1 : 0;
    d->n--;
}

void hg_dedup_add(struct hg_dedup *d, const struct hg_dedup_entry *entry) {
    if (d->n == d->max) {
        drop_oldest(d);
    }
    size_t index = d->head + d->n;
    index = index < d->max ? index : index - d->max;
    d->ring[index] = *entry;
    d->n++;
    size_t i = home_of(d, &entry->identity);
    while (d->slots[i] != 0) {
        i = (i + 1) & d->mask;
    }
    d->slots[i] = slot_of(d, &entry->identity, index);
}

void hg_dedup_expire(struct hg_dedup *d, int32_t now) {
    while (d->n > 0 && is_past(d, &d->ring[d->head], now)) {
        drop_oldest(d);
    }
}

void hg_dedup_forget(struct hg_dedup *d, uint32_t topic, uint32_t partition) {
    size_t at = d->head, left = d->n;
    memset(d->slots, 0, (d->mask + 1) * sizeof *d->slots);
    for (d->n = 0; left > 0; left--) { /* what is added stands at or before what is read */
        struct hg_dedup_entry entry = d->ring[at];
        at = at + 1 < d->max ? at + 1 : 0;
        if (entry.topic != topic || entry.partition != partition) {
            hg_dedup_add(d, &entry);
        }
    }
}

size_t hg_dedup_count(const struct hg_dedup *d) {
    return d->n;
}

static int compare_time(const void *a, const void *b) {
    const struct hg_dedup_entry *x = a, *y = b;
    if (x->seconds != y->seconds) {
        return since(x->seconds, y->seconds) > 0 ? -1 : 1;
    }
    /* Within a second the log's order: what came first is the original. */
    return (x->offset > y->offset) - (x->offset < y->offset);
}

static bool is_sorted(const struct hg_dedup_entry *entries, size_t n) {
    for (size_t i = 1; i < n; i++) {
        if (compare_time(&entries[i - 1], &entries[i]) > 0) {
            return false;
        }
    }
    return true;
}

int hg_dedup_merge(struct hg_dedup *d, struct hg_dedup_entry *entries, size_t n) {
    struct hg_dedup_entry *old = d->ring;
    size_t head = d->head, left = d->n;
    struct hg_dedup_entry *ring = hg_try_alloc(d->max * sizeof *ring);
    if (ring == NULL) {
        return HG_ENOMEM;
    }
    if (!is_sorted(entries, n)) {
        qsort(entries, n, sizeof *entries, compare_time);
    }
    memset(d->slots, 0, (d->mask + 1) * sizeof *d->slots);
    d->ring = ring;
    d->head = d->n = 0;
    for (size_t i = 0; i < n || left > 0;) {
        const struct hg_dedup_entry *oldest = left > 0 ? &old[head] : NULL;
        if (oldest == NULL || (i < n && compare_time(&entries[i], oldest) <= 0)) {
            oldest = &entries[i++];
        } else {
            head = head + 1 < d->max ? head + 1 : 0;
            left--;
        }
        if (hg_dedup_find(d, &oldest->identity, oldest->seconds) == NULL) {
            hg_dedup_add(d, oldest);
        }
    }
    hg_free(old);
    return 0;
}
