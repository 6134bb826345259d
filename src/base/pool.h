/* SPDX-License-Identifier: Apache-2.0 */
/* pool.h - memory for objects of one kind that come and go by the thousand:
 * what is given back is kept for the next, as much of it as was used lately.
 * Of one thread. */
#ifndef HG_BASE_POOL_H
#define HG_BASE_POOL_H

#include "headgate/base.h"

/* The first bytes of an object that lies in the pool. */
struct hg_pool_item {
    struct hg_pool_item *next;
};

struct hg_pool {
    size_t bytes; /* of an object */
    /* What an object still owns while it lies there; NULL: nothing. */
    void (*drop)(struct hg_pool_item *item);
    struct hg_pool_item *free;
    unsigned n_free;
    unsigned n_spare; /* the fewest that lay there since the last trim */
};

/* Zeroed when it is new, else as it was given back but for hg_pool_item.
 * NULL: no memory. */
void *hg_pool_take(struct hg_pool *p);
void hg_pool_give(struct hg_pool *p, void *object);
/* Free what was not needed since the last trim. */
void hg_pool_trim(struct hg_pool *p);
/* Free what lies there; what was taken is not known here. */
void hg_pool_fini(struct hg_pool *p);

#endif
