/* SPDX-License-Identifier: Apache-2.0 */
/* window.h - the recent events of one partition on one loop: a ring of
 * batches under a byte budget. Owner loop only; the batches are shared, so
 * the rings of all loops hold the same memory once. Knows no view and no
 * format: slots are numbers. */
#ifndef HG_WINDOW_WINDOW_H
#define HG_WINDOW_WINDOW_H

#include "log/entry.h"
#include "log/log.h"

struct hg_window {
    struct hg_batch **ring;
    size_t head, n, cap;   /* cap is a power of two */
    size_t bytes, bytes_max;
    uint64_t first, next;  /* offsets held: [first, next); equal when empty */
};

void hg_window_init(struct hg_window *w, size_t bytes_max);
void hg_window_fini(struct hg_window *w);
/* Takes one reference of its own. Offsets go on from next, or the window
 * begins anew with this batch. Old batches leave when over budget. */
void hg_window_push(struct hg_window *w, struct hg_batch *batch);

/* A walk over entries from an offset. The batch it stands in stays alive. */
struct hg_window_at {
    struct hg_batch *batch; /* borrowed from the ring: valid until the next push */
    size_t index;
};
/* The first entry at or after offset. False: offset is not in [first, next). */
bool hg_window_find(const struct hg_window *w, uint64_t offset, struct hg_window_at *ret);
/* The entry the walk stands at, then one on; NULL at the end. */
struct hg_entry *hg_window_step(const struct hg_window *w, struct hg_window_at *at);

/* The slot's blob, borrowed, or NULL. Any thread that holds the entry. */
struct hg_blob *hg_entry_slot(struct hg_entry *e, unsigned slot);
/* Put a blob there; takes the reference. If another thread was first, its
 * blob stays and ours is dropped. Returns what is there, borrowed. */
struct hg_blob *hg_entry_fill(struct hg_entry *e, unsigned slot, struct hg_blob *blob);

#endif
