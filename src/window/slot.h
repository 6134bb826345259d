/* SPDX-License-Identifier: Apache-2.0 */
/* slot.h - the write-once slots of an entry: an encoding is made by whoever
 * needs it first and shared by every subscriber of every loop. */
#ifndef HG_WINDOW_SLOT_H
#define HG_WINDOW_SLOT_H

#include "log/entry.h"

/* The slot's blob, borrowed, or NULL. Any thread that holds the entry. */
struct hg_blob *hg_entry_slot(struct hg_entry *e, unsigned slot);
/* Put a blob there; takes the reference. If another thread was first, its
 * blob stays and ours is dropped. Returns what is there, borrowed. */
struct hg_blob *hg_entry_fill(struct hg_entry *e, unsigned slot, struct hg_blob *blob);
/* What the filled slots keep in memory. Any thread that holds the entry. */
size_t hg_entry_slots_bytes(struct hg_entry *e);

#endif
