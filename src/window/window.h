/* SPDX-License-Identifier: Apache-2.0 */
/* window.h - the recent events of one partition on one loop: a ring of
 * batches under a byte budget. Owner loop only; the batches are shared, so
 * the rings of all loops hold the same memory once. Knows no view and no
 * format: slots are numbers. */
#ifndef HG_WINDOW_WINDOW_H
#define HG_WINDOW_WINDOW_H

#include "log/entry.h"
#include "log/log.h"
#include "window/slot.h"

struct hg_window_cell;

struct hg_window {
    struct hg_window_cell *ring;
    size_t head, n, cap; /* cap is a power of two */
    size_t swept;        /* the cell whose encodings are weighed next */
    size_t bytes, bytes_max;
    uint64_t first, next; /* offsets held: [first, next); equal when empty */
};

void hg_window_init(struct hg_window *w, size_t bytes_max);
void hg_window_fini(struct hg_window *w);
/* Takes one reference of its own. Offsets go on from next, or the window
 * begins anew with this batch. Old batches leave when over budget, which
 * counts the encodings in their slots too; the newest stays whatever its
 * size, so that what was just dispatched can be refilled. */
void hg_window_push(struct hg_window *w, struct hg_batch *batch);

/* A walk over entries from an offset. Valid until the next push. */
struct hg_window_at {
    struct hg_batch *batch; /* borrowed from the ring */
    size_t index;
    size_t cell; /* of the batch, counted from the oldest */
};
/* The first entry at or after offset. False: offset is not in [first, next). */
bool hg_window_find(const struct hg_window *w, uint64_t offset, struct hg_window_at *ret);
/* The entry the walk stands at, then one on; NULL at the end. */
struct hg_entry *hg_window_step(const struct hg_window *w, struct hg_window_at *at);

#endif
