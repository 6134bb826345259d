/* SPDX-License-Identifier: Apache-2.0 */
/* set.c - building what a subscriber covers. Covers are sorted by topic tag,
 * which is the order of the tokens in a cursor. */
#include "feed/set.h"

#include "feed/answer.h"
#include "feed/follow.h"
#include "feed/state.h"

#include <stdlib.h>

void hg_feed__place_at(struct hg_feed__place *place, const struct hg_feed__part *part) {
    *place = (struct hg_feed__place){
        .next = part->next,
        .fingerprint = part->fingerprint,
        .epoch = part->epoch,
        .stand = HG_FEED__READY,
    };
}

void hg_feed__place_first(const struct hg_feed *f, const struct hg_feed__cover *cover, uint32_t i) {
    struct hg_log_range range = {0};
    hg_log_topic_range(f->parts.log, cover->topic->id, i, &range);
    cover->places[i] = (struct hg_feed__place){
        .next = range.first,
        .epoch = hg_feed__part_of(cover, i)->epoch,
        .stand = HG_FEED__FRESH,
    };
}

static int compare(const struct hg_feed__topic *a, const struct hg_feed__topic *b) {
    if (a->tag != b->tag) {
        return a->tag < b->tag ? -1 : 1;
    }
    return a->id < b->id ? -1 : a->id > b->id;
}

static int compare_covers(const void *a, const void *b) {
    return compare(((const struct hg_feed__cover *)a)->topic,
                   ((const struct hg_feed__cover *)b)->topic);
}

struct hg_feed__cover *hg_feed__set_find(struct hg_feed__set *set, const struct hg_feed__topic *t) {
    size_t lo = 0;
    size_t hi = set->n_covers;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int order = compare(set->covers[mid].topic, t);
        if (order == 0) {
            return &set->covers[mid];
        }
        if (order < 0) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return NULL;
}

void hg_feed__walk_begin(struct hg_feed__walk *w, struct hg_feed__set *set, size_t start) {
    *w = (struct hg_feed__walk){.set = set, .left = set->n_places};
    start = set->n_places > 0 ? start % set->n_places : 0;
    while (w->c < set->n_covers && start >= set->covers[w->c].n_places) {
        start -= set->covers[w->c].n_places;
        w->c++;
    }
    w->i = (uint32_t)start;
}

bool hg_feed__walk_next(struct hg_feed__walk *w, struct hg_feed__cover **ret_cover,
                        uint32_t *ret_i) {
    if (w->left == 0) {
        return false;
    }
    w->left--;
    *ret_cover = &w->set->covers[w->c];
    *ret_i = w->i++;
    if (w->i == w->set->covers[w->c].n_places) {
        w->i = 0;
        w->c = w->c + 1 < w->set->n_covers ? w->c + 1 : 0;
    }
    return true;
}

/* The memory that a set of these topics needs at most; 0: a topic is not to
 * be had. */
static size_t measure(struct hg_feed *f, const uint32_t *topics, size_t n) {
    size_t bytes = sizeof(struct hg_feed__set) + n * sizeof(struct hg_feed__cover);
    for (size_t i = 0; i < n; i++) {
        const struct hg_feed__topic *t = hg_feed__topic(f, topics[i]);
        if (!t) {
            return 0;
        }
        bytes += t->n_parts * sizeof(struct hg_feed__place);
    }
    return bytes;
}

static size_t drop_twins(struct hg_feed__cover *covers, size_t n) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || covers[kept - 1].topic != covers[i].topic) {
            covers[kept++] = covers[i];
        }
    }
    return kept;
}

/* A partition that came since is had from its first record, but by who begins at
 * a time, or with what comes. */
static void fill_new(struct hg_feed__cover *cover, uint32_t i,
                     const struct hg_feed__cover *before) {
    switch (before->places[0].stand) {
    case HG_FEED__TAIL:
    case HG_FEED__SOUGHT:
    case HG_FEED__AFTER:
        cover->places[i] = before->places[0];
        break;
    case HG_FEED__READY:
    case HG_FEED__FRESH:
    case HG_FEED__CLAIMED:
    case HG_FEED__GAP:
        hg_feed__place_first(cover->sub->feed, cover, i);
        break;
    }
}

static void fill_places(struct hg_feed__cover *cover, struct hg_feed__set *old) {
    const struct hg_feed__cover *before = old ? hg_feed__set_find(old, cover->topic) : NULL;
    bool is_followed = hg_feed__is_followed(cover->sub->feed, cover->topic);
    cover->sub->awaits_tail |= !is_followed;
    for (uint32_t i = 0; i < cover->n_places; i++) {
        if (before && i < before->n_places) {
            cover->places[i] = before->places[i];
        } else if (before) {
            fill_new(cover, i, before);
        } else {
            hg_feed__place_at(&cover->places[i], hg_feed__part_of(cover, i));
            cover->places[i].stand = is_followed ? HG_FEED__READY : HG_FEED__TAIL;
        }
    }
}

struct hg_feed__topic *hg_feed__topic(struct hg_feed *f, uint32_t id) {
    struct hg_feed__topic *t = hg_feed__parts_topic(&f->parts, id);
    if (t && hg_feed__part_has_more(&f->parts, t)) {
        hg_feed__kick(f, t);
        return hg_feed__part_grow(&f->parts, t) ? NULL : t;
    }
    return t;
}

static bool is_settled(const struct hg_feed__set *set) {
    for (size_t c = 0; c < set->n_covers; c++) {
        if (set->covers[c].n_places < set->covers[c].topic->n_parts) {
            return false;
        }
    }
    return true;
}

int hg_feed__set_settle(struct hg_subscriber *sub) {
    struct hg_feed__set *old = sub->set;
    if (is_settled(old)) {
        return 0;
    }
    uint32_t *topics = hg_try_alloc(old->n_covers * sizeof(*topics));
    for (size_t c = 0; topics && c < old->n_covers; c++) {
        topics[c] = old->covers[c].topic->id;
    }
    struct hg_feed__set *set = topics ? hg_feed__set_new(sub, topics, old->n_covers, old) : NULL;
    hg_free(topics);
    if (!set) {
        return HG_ENOMEM;
    }
    hg_feed__answer_let_go(sub);
    hg_feed__set_free(&sub->set);
    sub->set = set;
    return 0;
}

struct hg_feed__set *hg_feed__set_new(struct hg_subscriber *sub, const uint32_t *topics, size_t n,
                                      struct hg_feed__set *old) {
    struct hg_feed *f = sub->feed;
    size_t bytes = measure(f, topics, n);
    struct hg_feed__set *set = bytes > 0 ? hg_try_alloc(bytes) : NULL;
    if (!set) {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        set->covers[i].topic = hg_feed__parts_topic(&f->parts, topics[i]);
    }
    qsort(set->covers, n, sizeof(set->covers[0]), compare_covers);
    set->n_covers = drop_twins(set->covers, n);
    set->places = (struct hg_feed__place *)(void *)&set->covers[n];
    for (size_t c = 0; c < set->n_covers; c++) {
        struct hg_feed__cover *cover = &set->covers[c];
        cover->sub = sub;
        cover->places = set->places + set->n_places;
        cover->n_places = cover->topic->n_parts;
        set->n_places += cover->n_places;
        fill_places(cover, old);
        hg_feed__follow_join(f, cover->topic);
    }
    return set;
}

void hg_feed__set_free(struct hg_feed__set **pset) {
    for (size_t c = 0; *pset && c < (*pset)->n_covers; c++) {
        const struct hg_feed__cover *cover = &(*pset)->covers[c];
        hg_feed__follow_leave(cover->sub->feed, cover->topic);
    }
    hg_free(*pset);
    *pset = NULL;
}
