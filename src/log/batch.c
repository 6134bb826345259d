/* SPDX-License-Identifier: Apache-2.0 */
/* batch.c - records of one partition, filled by one thread, then shared and
 * never changed but for the entries' slots. */
#include "log/batch.h"

#include "headgate/record.h"

/* About what an event's block holds beside its packed form. */
enum { EVENT_OVERHEAD = 128 };

struct hg_batch *hg_batch_new(size_t n, size_t extra_bytes, void **ret_extra) {
    size_t extra_at = sizeof(struct hg_batch) + n * sizeof(struct hg_entry);
    struct hg_batch *b = hg_try_alloc(extra_at + extra_bytes);
    if (b == NULL) {
        return NULL;
    }
    atomic_init(&b->refs, 1);
    b->n = n;
    b->bytes = extra_at + extra_bytes;
    b->entries = (struct hg_entry *)(b + 1);
    if (ret_extra != NULL) {
        *ret_extra = (char *)b + extra_at;
    }
    return b;
}

void hg_batch_fill(struct hg_batch *b, size_t i, const struct hg_record *record) {
    struct hg_entry *e = &b->entries[i];
    struct hg_slice id = {0};
    e->event = record->event;
    e->offset = record->offset;
    e->log_time_ms = record->log_time_ms;
    if (e->event != NULL) {
        id = hg_event_core(e->event, HG_ATTR_ID);
        b->bytes += hg_event_packed_bytes(e->event) + EVENT_OVERHEAD;
    }
    e->fingerprint = hg_position_fingerprint(record->log_time_ms, id);
}

struct hg_batch *hg_batch_ref(struct hg_batch *b) {
    atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    return b;
}

static void fini_entry(struct hg_entry *e) {
    hg_event_unref(&e->event);
    for (int i = 0; i < HG_ENTRY_SLOTS; i++) {
        struct hg_blob *blob = atomic_load_explicit(&e->slots[i], memory_order_relaxed);
        hg_blob_unref(&blob);
    }
}

void hg_batch_unref(struct hg_batch **pb) {
    struct hg_batch *b = *pb;
    *pb = NULL;
    if (b == NULL || atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (size_t i = 0; i < b->n; i++) {
        fini_entry(&b->entries[i]);
    }
    hg_free(b);
}
