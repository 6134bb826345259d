/* SPDX-License-Identifier: Apache-2.0 */
/* arena.h - bytes that live as long as one request, freed together. */
#ifndef HG_BASE_ARENA_H
#define HG_BASE_ARENA_H

#include "headgate/base.h"

struct hg_arena_chunk;

/* A zeroed struct hg_arena is a valid empty arena. */
struct hg_arena {
    struct hg_arena_chunk *chunks; /* newest first */
    size_t used_bytes;             /* given out so far */
    size_t max_bytes;              /* 0: no limit */
};

/* Aligned, zeroed; NULL when there is no memory or max_bytes is reached. */
void *hg_arena_alloc(struct hg_arena *a, size_t bytes);
/* A copy with a terminating 0 that is not counted in len; ptr NULL on failure. */
struct hg_slice hg_arena_copy(struct hg_arena *a, struct hg_slice s);
void hg_arena_fini(struct hg_arena *a);

#endif
