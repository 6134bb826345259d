/* SPDX-License-Identifier: Apache-2.0 */
/* index.c - buckets of interests by an exact value.
 *
 * Ten thousand subscribers that each follow their own subject cost an event
 * one lookup. A filter that demands both stands under its subject, of which
 * there are more different ones. The index only narrows: the whole filter is
 * judged afterwards by the caller. */
#include "feed/index.h"

void hg_feed__index_init(struct hg_feed__index *ix) {
    *ix = (struct hg_feed__index){0};
    hg_list_init(&ix->plain);
}

void hg_feed__index_fini(struct hg_feed__index *ix) {
    HG_ASSERT(hg_list_is_empty(&ix->plain) && ix->by_subject.n == 0 && ix->by_type.n == 0);
    hg_map_fini(&ix->by_subject);
    hg_map_fini(&ix->by_type);
}

static struct hg_slice key_of(const struct hg_feed__bucket *b) {
    return (struct hg_slice){b->key, b->key_len};
}

static void drop_if_empty(struct hg_feed__bucket *b) {
    if (!b->is_held && hg_list_is_empty(&b->interests)) {
        hg_map_remove(b->map, key_of(b));
        hg_free(b);
    }
}

static struct hg_feed__bucket *make_bucket(struct hg_map *map, struct hg_slice value) {
    struct hg_feed__bucket *b = hg_try_alloc(sizeof(*b) + value.len);
    if (!b) {
        return NULL;
    }
    hg_list_init(&b->interests);
    b->map = map;
    b->key_len = value.len;
    memcpy(b->key, value.ptr, value.len);
    if (hg_map_put(map, key_of(b), b)) {
        hg_free(b);
        return NULL;
    }
    return b;
}

int hg_feed__index_add(struct hg_feed__index *ix, struct hg_feed__interest *it,
                       const struct hg_filter *filter) {
    struct hg_slice value;
    struct hg_map *map;
    hg_list_init(&it->node);
    it->bucket = NULL;
    if (hg_filter_exact(filter, HG_SLICE("subject"), &value) && value.len > 0) {
        map = &ix->by_subject;
    } else if (hg_filter_exact(filter, HG_SLICE("type"), &value) && value.len > 0) {
        map = &ix->by_type;
    } else {
        hg_list_append(&ix->plain, &it->node);
        return 0;
    }
    struct hg_feed__bucket *b = hg_map_get(map, value);
    if (!b && !(b = make_bucket(map, value))) {
        return HG_ENOMEM;
    }
    hg_list_append(&b->interests, &it->node);
    it->bucket = b;
    return 0;
}

void hg_feed__index_remove(struct hg_feed__interest *it) {
    if (!it->node.next) {
        return;
    }
    hg_list_remove(&it->node);
    if (it->bucket) {
        drop_if_empty(it->bucket);
        it->bucket = NULL;
    }
}

struct hg_feed__bucket *hg_feed__bucket_hold(const struct hg_map *map, struct hg_slice value) {
    if (map->n == 0 || value.len == 0) {
        return NULL;
    }
    struct hg_feed__bucket *b = hg_map_get(map, value);
    if (b) {
        b->is_held = true;
    }
    return b;
}

void hg_feed__bucket_release(struct hg_feed__bucket *b) {
    b->is_held = false;
    drop_if_empty(b);
}
