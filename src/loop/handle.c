/* SPDX-License-Identifier: Apache-2.0 */
/* handle.c - names for objects that may be gone.
 *
 * A slot is used again with the next use number, so an old handle finds
 * nothing. A slot whose numbers are used up is never given out again: a wrap
 * would make an old handle name a stranger. */
#include "loop/handle.h"

struct hg_handle_slot {
    void *object;       /* NULL: free */
    uint32_t use;       /* of the object, or of the next one */
    uint32_t next_free; /* slot + 1; 0 ends the list */
};

static const uint32_t cap_first = 64;

static int grow(struct hg_handles *t) {
    if (t->cap > UINT32_MAX / 2) {
        return HG_ENOMEM;
    }
    uint32_t cap = t->cap > 0 ? t->cap * 2 : cap_first;
    struct hg_handle_slot *slots = hg_try_realloc(t->slots, cap * sizeof(*slots));
    if (slots == NULL) {
        return HG_ENOMEM;
    }
    for (uint32_t i = t->cap; i < cap; i++) {
        slots[i] = (struct hg_handle_slot){.use = 1, .next_free = i + 1 < cap ? i + 2 : 0};
    }
    t->slots = slots;
    t->free_head = t->cap + 1;
    t->cap = cap;
    return 0;
}

int hg_handle_make(struct hg_handles *t, void *object, struct hg_handle *ret) {
    HG_ASSERT(object != NULL);
    if (t->free_head == 0 && grow(t) != 0) {
        return HG_ENOMEM;
    }
    uint32_t at = t->free_head - 1;
    struct hg_handle_slot *slot = &t->slots[at];
    t->free_head = slot->next_free;
    t->n++;
    slot->object = object;
    *ret = (struct hg_handle){.slot = at, .use = slot->use};
    return 0;
}

static struct hg_handle_slot *find(const struct hg_handles *t, struct hg_handle h) {
    if (h.slot >= t->cap || t->slots[h.slot].use != h.use || t->slots[h.slot].object == NULL) {
        return NULL;
    }
    return &t->slots[h.slot];
}

void *hg_handle_get(const struct hg_handles *t, struct hg_handle h) {
    struct hg_handle_slot *slot = find(t, h);
    return slot != NULL ? slot->object : NULL;
}

void hg_handle_drop(struct hg_handles *t, struct hg_handle h) {
    struct hg_handle_slot *slot = find(t, h);
    if (slot == NULL) {
        return;
    }
    slot->object = NULL;
    t->n--;
    if (slot->use < UINT32_MAX) {
        slot->use++;
        slot->next_free = t->free_head;
        t->free_head = h.slot + 1;
    }
}

void hg_handles_fini(struct hg_handles *t) {
    hg_free(t->slots);
    *t = (struct hg_handles){0};
}
