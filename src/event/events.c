/* SPDX-License-Identifier: Apache-2.0 */
/* events.c - the list a source fills. */
#include "event/events.h"

int hg_events_add(struct hg_events *list, struct hg_event **pe) {
    if (list->n >= list->max) {
        return HG_E2BIG;
    }
    if (list->n == list->cap) {
        size_t cap = list->cap > 0 ? list->cap * 2 : 8;
        void *items = hg_try_realloc(list->items, cap * sizeof(struct hg_event *));
        if (items == NULL) {
            return HG_ENOMEM;
        }
        list->items = items;
        list->cap = cap;
    }
    list->items[list->n++] = *pe;
    *pe = NULL;
    return 0;
}

void hg_events_cut(struct hg_events *list, size_t n) {
    while (list->n > n) {
        hg_event_unref(&list->items[--list->n]);
    }
}

void hg_events_fini(struct hg_events *list) {
    hg_events_cut(list, 0);
    hg_free(list->items);
    *list = (struct hg_events){0};
}
