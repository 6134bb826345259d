/* SPDX-License-Identifier: Apache-2.0 */
/* window.c - the ring of recent batches.
 *
 * Cells lie in offset order from the oldest to the newest, each batch going on
 * where the one before ended. Inside a batch offsets may jump (a compacted
 * topic, a broker's own records), so an entry is found by search, never by
 * subtraction. Knows nothing of subscribers or formats. */
#include "window/window.h"

#include "window/slot.h"

struct hg_window_cell {
    struct hg_batch *batch;
    size_t bytes; /* what it counts for in the window's bytes */
};

enum { HG_WINDOW_CELLS_MIN = 16 };

static struct hg_window_cell *cell_at(const struct hg_window *w, size_t i) {
    return &w->ring[(w->head + i) & (w->cap - 1)];
}

static uint64_t first_of(const struct hg_batch *b) {
    return b->entries[0].offset;
}
static uint64_t next_of(const struct hg_batch *b) {
    return b->entries[b->n - 1].offset + 1;
}

static void drop_oldest(struct hg_window *w) {
    struct hg_window_cell *cell = cell_at(w, 0);
    w->bytes -= cell->bytes;
    hg_batch_unref(&cell->batch);
    w->head = (w->head + 1) & (w->cap - 1);
    w->n--;
    w->swept = w->swept > 0 ? w->swept - 1 : 0;
    w->first = w->n > 0 ? first_of(cell_at(w, 0)->batch) : w->next;
}

static void empty(struct hg_window *w) {
    while (w->n > 0) {
        drop_oldest(w);
    }
}

void hg_window_init(struct hg_window *w, size_t bytes_max) {
    *w = (struct hg_window){.bytes_max = bytes_max};
}

void hg_window_fini(struct hg_window *w) {
    empty(w);
    hg_free(w->ring);
    *w = (struct hg_window){0};
}

static int grow(struct hg_window *w) {
    size_t cap = w->cap > 0 ? w->cap * 2 : HG_WINDOW_CELLS_MIN;
    struct hg_window_cell *ring = hg_try_alloc(cap * sizeof(*ring));
    if (!ring) {
        return HG_ENOMEM;
    }
    for (size_t i = 0; i < w->n; i++) {
        ring[i] = *cell_at(w, i);
    }
    hg_free(w->ring);
    w->ring = ring;
    w->head = 0;
    w->cap = cap;
    return 0;
}

/* Encodings appear in the slots after the push, made by any loop. */
static void weigh(struct hg_window *w, size_t i) {
    struct hg_window_cell *cell = cell_at(w, i);
    size_t bytes = cell->batch->bytes;
    for (size_t k = 0; k < cell->batch->n; k++) {
        bytes += hg_entry_slots_bytes(&cell->batch->entries[k]);
    }
    w->bytes += bytes - cell->bytes;
    cell->bytes = bytes;
}

/* Most encodings are made when a batch is dispatched, so the one before the
 * newest is weighed once that is over. Those made later by refills are found
 * by a hand that goes through the ring, one batch a push: towards the oldest,
 * for away from it it would never meet those that were there before. */
static void weigh_some(struct hg_window *w) {
    if (w->n < 2) {
        return;
    }
    weigh(w, w->n - 2);
    w->swept = w->swept > 0 ? w->swept - 1 : w->n - 1;
    weigh(w, w->swept);
}

void hg_window_push(struct hg_window *w, struct hg_batch *batch) {
    if (batch->n == 0) {
        return;
    }
    if (w->n > 0 && first_of(batch) != w->next) {
        empty(w);
    }
    if (w->n == w->cap && grow(w)) {
        /* Holding less is always allowed: the log has it all. */
        empty(w);
        if (w->cap == 0) {
            w->first = w->next = next_of(batch);
            return;
        }
    }
    *cell_at(w, w->n) = (struct hg_window_cell){hg_batch_ref(batch), batch->bytes};
    w->n++;
    w->bytes += batch->bytes;
    w->next = next_of(batch);
    w->first = first_of(cell_at(w, 0)->batch);
    weigh_some(w);
    while (w->n > 1 && w->bytes > w->bytes_max) {
        drop_oldest(w);
    }
}

/* The last of lo..n-1 whose first offset is not above. */
static size_t search_cells(const struct hg_window *w, uint64_t offset) {
    size_t lo = 0;
    size_t hi = w->n;
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (first_of(cell_at(w, mid)->batch) <= offset) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    return lo;
}

static size_t search_entries(const struct hg_batch *b, uint64_t offset) {
    size_t lo = 0;
    size_t hi = b->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (b->entries[mid].offset < offset) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

bool hg_window_find(const struct hg_window *w, uint64_t offset, struct hg_window_at *ret) {
    if (offset < w->first || offset >= w->next || w->n == 0) {
        return false;
    }
    size_t cell = search_cells(w, offset);
    struct hg_batch *batch = cell_at(w, cell)->batch;
    *ret = (struct hg_window_at){batch, search_entries(batch, offset), cell};
    return true;
}

struct hg_entry *hg_window_step(const struct hg_window *w, struct hg_window_at *at) {
    if (at->index == at->batch->n) {
        if (at->cell + 1 >= w->n) {
            return NULL;
        }
        at->cell++;
        at->batch = cell_at(w, at->cell)->batch;
        at->index = 0;
    }
    return &at->batch->entries[at->index++];
}
