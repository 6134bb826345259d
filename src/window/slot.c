/* SPDX-License-Identifier: Apache-2.0 */
/* slot.c - write-once slots. A slot goes from NULL to one blob and never
 * changes again, so a reader needs no lock and a borrowed blob lives as long
 * as the entry. Knows nothing of what the bytes mean. */
#include "window/slot.h"

struct hg_blob *hg_entry_slot(struct hg_entry *e, unsigned slot) {
    HG_ASSERT(slot < HG_ENTRY_SLOTS);
    return atomic_load_explicit(&e->slots[slot], memory_order_acquire);
}

struct hg_blob *hg_entry_fill(struct hg_entry *e, unsigned slot, struct hg_blob *blob) {
    HG_ASSERT(slot < HG_ENTRY_SLOTS);
    struct hg_blob *there = NULL;
    if (atomic_compare_exchange_strong_explicit(&e->slots[slot], &there, blob, memory_order_acq_rel,
                                                memory_order_acquire)) {
        return blob;
    }
    hg_blob_unref(&blob);
    return there;
}

size_t hg_entry_slots_bytes(struct hg_entry *e) {
    size_t bytes = 0;
    for (unsigned slot = 0; slot < HG_ENTRY_SLOTS; slot++) {
        const struct hg_blob *blob = hg_entry_slot(e, slot);
        if (blob) {
            bytes += sizeof(*blob) + blob->len;
        }
    }
    return bytes;
}
