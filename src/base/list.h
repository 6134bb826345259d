/* SPDX-License-Identifier: Apache-2.0 */
/* list.h - intrusive circular doubly linked list. */
#ifndef HG_BASE_LIST_H
#define HG_BASE_LIST_H

#include <stdbool.h>

struct hg_list {
    struct hg_list *next, *prev;
};

static inline void hg_list_init(struct hg_list *l) {
    l->next = l->prev = l;
}
static inline bool hg_list_is_empty(const struct hg_list *l) {
    return l->next == l;
}

static inline void hg_list_append(struct hg_list *l, struct hg_list *node) {
    node->prev = l->prev;
    node->next = l;
    l->prev->next = node;
    l->prev = node;
}

/* Leaves node initialised, so removing twice is harmless. */
static inline void hg_list_remove(struct hg_list *node) {
    node->prev->next = node->next;
    node->next->prev = node->prev;
    hg_list_init(node);
}

/* The node may be removed inside the loop, its successor may not. */
#define HG_LIST_EACH(it, list)                                                                     \
    for (struct hg_list *it = (list)->next, *it##_next = it->next; it != (list);                   \
         it = it##_next, it##_next = it->next)

#endif
