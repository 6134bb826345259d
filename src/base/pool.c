/* SPDX-License-Identifier: Apache-2.0 */
/* pool.c - a stack of free objects, and the low-water mark that says how many
 * of them nobody needs. */
#include "base/pool.h"

void *hg_pool_take(struct hg_pool *p) {
    struct hg_pool_item *item = p->free;
    if (item == NULL) {
        return hg_try_alloc(p->bytes);
    }
    p->free = item->next;
    p->n_free--;
    p->n_spare = p->n_free < p->n_spare ? p->n_free : p->n_spare;
    return item;
}

void hg_pool_give(struct hg_pool *p, void *object) {
    struct hg_pool_item *item = object;
    item->next = p->free;
    p->free = item;
    p->n_free++;
}

static void drop_some(struct hg_pool *p, unsigned n) {
    for (; n > 0; n--) {
        struct hg_pool_item *item = p->free;
        p->free = item->next;
        p->n_free--;
        if (p->drop != NULL) {
            p->drop(item);
        }
        hg_free(item);
    }
}

void hg_pool_trim(struct hg_pool *p) {
    drop_some(p, p->n_spare);
    p->n_spare = p->n_free;
}

void hg_pool_fini(struct hg_pool *p) {
    drop_some(p, p->n_free);
    p->n_spare = 0;
}
