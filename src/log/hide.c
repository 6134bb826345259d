/* SPDX-License-Identifier: Apache-2.0 */
/* hide.c - a ring of ids in the order of their offsets, and a table that finds
 * them. Both grow while the stretch does. A copy takes the place of its original in
 * the table: what counts is the distance to the nearest. */
#include "log/hide.h"

#include "log/dedup.h"

enum { RING_MIN = 256 };

struct seen {
    struct hg_identity identity;
    uint64_t offset;
    int64_t time_ms;
};

struct hg_hide {
    struct hg_hide_stretch stretch;
    struct seen *ring;
    uint32_t *slots;     /* number of an entry plus one; twice as many as the ring has */
    size_t head, n, cap; /* cap is a power of two */
};

static size_t at(const struct hg_hide *h, size_t i) {
    return (h->head + i) & (h->cap - 1);
}

static size_t slots_mask(const struct hg_hide *h) {
    return 2 * h->cap - 1;
}

static size_t home_of(const struct hg_hide *h, const struct hg_identity *identity) {
    return (size_t)identity->half[0] & slots_mask(h);
}

/* Where it stands, or the free slot where it would. */
static size_t find(const struct hg_hide *h, const struct hg_identity *identity) {
    size_t i = home_of(h, identity);
    for (; h->slots[i] != 0; i = (i + 1) & slots_mask(h)) {
        const struct seen *s = &h->ring[h->slots[i] - 1];
        if (s->identity.half[0] == identity->half[0] && s->identity.half[1] == identity->half[1]) {
            break;
        }
    }
    return i;
}

/* Close the gap: move back whatever its probe would no longer reach. */
static void clear_slot(struct hg_hide *h, size_t i) {
    size_t mask = slots_mask(h);
    for (size_t next = (i + 1) & mask; h->slots[next] != 0; next = (next + 1) & mask) {
        size_t home = home_of(h, &h->ring[h->slots[next] - 1].identity);
        if (((next - home) & mask) >= ((next - i) & mask)) {
            h->slots[i] = h->slots[next];
            i = next;
        }
    }
    h->slots[i] = 0;
}

static void drop_oldest(struct hg_hide *h) {
    size_t i = find(h, &h->ring[h->head].identity);
    if (h->slots[i] == h->head + 1) { /* else a later one has its place */
        clear_slot(h, i);
    }
    h->head = at(h, 1);
    h->n--;
}

static bool is_near(const struct hg_hide *h, const struct seen *s, const struct hg_record *r) {
    return r->offset - s->offset <= h->stretch.max && r->log_time_ms - s->time_ms <= h->stretch.ms;
}

static int grow(struct hg_hide *h) {
    struct hg_hide bigger = {.stretch = h->stretch, .cap = h->cap > 0 ? 2 * h->cap : RING_MIN};
    bigger.ring = hg_try_alloc(bigger.cap * sizeof *bigger.ring);
    bigger.slots = hg_try_alloc(2 * bigger.cap * sizeof *bigger.slots);
    if (bigger.ring == NULL || bigger.slots == NULL) {
        hg_free(bigger.ring);
        hg_free(bigger.slots);
        return HG_ENOMEM;
    }
    for (; bigger.n < h->n; bigger.n++) {
        bigger.ring[bigger.n] = h->ring[at(h, bigger.n)];
        bigger.slots[find(&bigger, &bigger.ring[bigger.n].identity)] = (uint32_t)bigger.n + 1;
    }
    hg_free(h->ring);
    hg_free(h->slots);
    *h = bigger;
    return 0;
}

int hg_hide_new(const struct hg_hide_stretch *stretch, struct hg_hide **ret) {
    struct hg_hide *h = hg_try_alloc(sizeof *h);
    if (h == NULL) {
        return HG_ENOMEM;
    }
    h->stretch = *stretch;
    *ret = h;
    return 0;
}

void hg_hide_free(struct hg_hide **ph) {
    struct hg_hide *h = *ph;
    *ph = NULL;
    if (h != NULL) {
        hg_free(h->ring);
        hg_free(h->slots);
        hg_free(h);
    }
}

void hg_hide_clear(struct hg_hide *h) {
    while (h->n > 0) {
        drop_oldest(h);
    }
}

size_t hg_hide_count(const struct hg_hide *h) {
    return h->n;
}

int hg_hide_next(struct hg_hide *h, const struct hg_record *record, bool *ret_is_copy) {
    static const uint8_t no_digest[16];
    bool is_copy = false;
    while (h->n > 0 && !is_near(h, &h->ring[h->head], record)) {
        drop_oldest(h);
    }
    if (record->event != NULL && memcmp(record->digest, no_digest, sizeof no_digest) != 0) {
        if (h->n == h->cap && grow(h) != 0) {
            return HG_ENOMEM;
        }
        struct seen seen = {.offset = record->offset, .time_ms = record->log_time_ms};
        hg_identity_make(0, record->owner, hg_event_core(record->event, HG_ATTR_SOURCE),
                         hg_event_core(record->event, HG_ATTR_ID), &seen.identity);
        size_t slot = find(h, &seen.identity);
        is_copy = h->slots[slot] != 0 && is_near(h, &h->ring[h->slots[slot] - 1], record);
        size_t index = at(h, h->n++);
        h->ring[index] = seen;
        h->slots[slot] = (uint32_t)index + 1;
    }
    *ret_is_copy = is_copy;
    return 0;
}
