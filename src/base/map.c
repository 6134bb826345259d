/* SPDX-License-Identifier: Apache-2.0 */
/* map.c - hash map from byte strings to pointers.
 *
 * Open addressing with linear probing; an entry that goes is closed up by
 * moving later ones back, so there are no tombstones and a map that lives long
 * does not get slow. The whole hash is kept: most probes that do not match
 * cost one comparison of two words. */
#include "base/map.h"

#include "base/hash.h"

enum { CAP_MIN = 8 };

struct hg_map_slot {
    uint64_t hash; /* 0: empty */
    struct hg_slice key;
    void *value;
};

static uint64_t hash_of(struct hg_slice key) {
    uint64_t h = hg_hash64(hg_hash_process_key(), key.ptr, key.len);
    return h != 0 ? h : 1;
}

/* The slot of key, or the empty one where it would go. There is always one:
 * at least a quarter of the slots is empty. */
static struct hg_map_slot *find(struct hg_map_slot *slots, size_t cap, uint64_t hash,
                                struct hg_slice key) {
    size_t at = hash & (cap - 1);
    while (slots[at].hash != 0 && !(slots[at].hash == hash && hg_slice_eq(slots[at].key, key))) {
        at = (at + 1) & (cap - 1);
    }
    return &slots[at];
}

static int resize(struct hg_map *m, size_t cap) {
    if (cap > SIZE_MAX / sizeof(struct hg_map_slot)) {
        return HG_ENOMEM;
    }
    struct hg_map_slot *slots = hg_try_alloc(cap * sizeof(*slots));
    if (slots == NULL) {
        return HG_ENOMEM;
    }
    for (size_t i = 0; i < m->cap; i++) {
        if (m->slots[i].hash != 0) {
            *find(slots, cap, m->slots[i].hash, m->slots[i].key) = m->slots[i];
        }
    }
    hg_free(m->slots);
    m->slots = slots;
    m->cap = cap;
    return 0;
}

void hg_map_fini(struct hg_map *m) {
    hg_free(m->slots);
    *m = (struct hg_map){0};
}

void *hg_map_get(const struct hg_map *m, struct hg_slice key) {
    return m->n > 0 ? find(m->slots, m->cap, hash_of(key), key)->value : NULL;
}

int hg_map_put(struct hg_map *m, struct hg_slice key, void *value) {
    uint64_t hash = hash_of(key);
    struct hg_map_slot *slot = m->cap > 0 ? find(m->slots, m->cap, hash, key) : NULL;
    if (slot == NULL || slot->hash == 0) {
        if (slot == NULL || m->n + 1 > m->cap / 4 * 3) {
            if (resize(m, m->cap > 0 ? m->cap * 2 : CAP_MIN) != 0) {
                return HG_ENOMEM;
            }
            slot = find(m->slots, m->cap, hash, key);
        }
        m->n++;
    }
    /* The new key too: the old one usually belongs to the old value. */
    *slot = (struct hg_map_slot){.hash = hash, .key = key, .value = value};
    return 0;
}

static void close_gap(struct hg_map *m, size_t gap) {
    size_t mask = m->cap - 1;
    for (size_t at = (gap + 1) & mask; m->slots[at].hash != 0; at = (at + 1) & mask) {
        size_t home = m->slots[at].hash & mask;
        if (((at - home) & mask) >= ((at - gap) & mask)) {
            m->slots[gap] = m->slots[at];
            gap = at;
        }
    }
    m->slots[gap] = (struct hg_map_slot){0};
}

void *hg_map_remove(struct hg_map *m, struct hg_slice key) {
    if (m->n == 0) {
        return NULL;
    }
    struct hg_map_slot *slot = find(m->slots, m->cap, hash_of(key), key);
    if (slot->hash == 0) {
        return NULL;
    }
    void *value = slot->value;
    close_gap(m, (size_t)(slot - m->slots));
    m->n--;
    if (m->cap > CAP_MIN && m->n < m->cap / 8) {
        /* A flood of keys gives its memory back; without memory for the
         * smaller table the larger one stays. */
        resize(m, m->cap / 2);
    }
    return value;
}

bool hg_map_next(const struct hg_map *m, size_t *cursor, struct hg_slice *ret_key,
                 void **ret_value) {
    while (*cursor < m->cap) {
        const struct hg_map_slot *slot = &m->slots[(*cursor)++];
        if (slot->hash != 0) {
            *ret_key = slot->key;
            *ret_value = slot->value;
            return true;
        }
    }
    return false;
}
