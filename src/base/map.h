/* SPDX-License-Identifier: Apache-2.0 */
/* map.h - hash map from byte strings to pointers. Keys are not copied and
 * must live as long as their entry. Hashed with a random key, so that a peer
 * cannot make keys collide. */
#ifndef HG_BASE_MAP_H
#define HG_BASE_MAP_H

#include "headgate/base.h"

struct hg_map_slot;

/* A zeroed struct hg_map is a valid empty map. */
struct hg_map {
    struct hg_map_slot *slots;
    size_t n;   /* entries */
    size_t cap; /* slots, a power of two */
};

void hg_map_fini(struct hg_map *m);
void *hg_map_get(const struct hg_map *m, struct hg_slice key);
/* Replaces. HG_ENOMEM. */
int hg_map_put(struct hg_map *m, struct hg_slice key, void *value);
/* Returns what was there, or NULL. */
void *hg_map_remove(struct hg_map *m, struct hg_slice key);
/* Walk: start with *cursor = 0; false at the end. No change while walking. */
bool hg_map_next(const struct hg_map *m, size_t *cursor, struct hg_slice *ret_key,
                 void **ret_value);

#endif
