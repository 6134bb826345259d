/* SPDX-License-Identifier: Apache-2.0 */
/* index.h - which live subscribers of one topic may want an event: those that
 * demand one subject, those that demand one type, and all others. Each
 * interest stands in exactly one place, so an event meets it at most once.
 * Knows no stream, no offset and no log. */
#ifndef HG_FEED_INDEX_H
#define HG_FEED_INDEX_H

#include "base/list.h"
#include "base/map.h"
#include "event/filter.h"

/* Those who demand the same value. */
struct hg_feed__bucket {
    struct hg_list interests;
    struct hg_map *map; /* where it stands */
    bool is_held;       /* somebody walks it: it may be empty but not go away */
    size_t key_len;
    char key[];
};

/* One subscriber's interest in one topic. Embedded; zeroed stands nowhere. */
struct hg_feed__interest {
    struct hg_list node;
    struct hg_feed__bucket *bucket; /* NULL: among the plain ones, or nowhere */
};

struct hg_feed__index {
    struct hg_list plain;
    struct hg_map by_subject, by_type;
};

void hg_feed__index_init(struct hg_feed__index *ix);
/* Nobody is left in it. */
void hg_feed__index_fini(struct hg_feed__index *ix);
/* Where the filter says. HG_ENOMEM leaves it standing nowhere. */
int hg_feed__index_add(struct hg_feed__index *ix, struct hg_feed__interest *it,
                       const struct hg_filter *filter);
/* Harmless when it stands nowhere. */
void hg_feed__index_remove(struct hg_feed__interest *it);

/* The bucket of a value, to be walked and released; NULL: nobody demands it.
 * While it is held, the one the walk stands at may be removed. */
struct hg_feed__bucket *hg_feed__bucket_hold(const struct hg_map *map, struct hg_slice value);
void hg_feed__bucket_release(struct hg_feed__bucket *b);

#endif
