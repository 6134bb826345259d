/* SPDX-License-Identifier: Apache-2.0 */
/* page.c - turns and rounds of a pull. */
#include "feed/page.h"

static size_t share_of(size_t all, size_t n) {
    return all > n ? all / n + (all % n > 0) : 1;
}

static size_t twice(size_t share, size_t max) {
    return share < max / 2 ? share * 2 : max;
}

static void begin_turn(struct hg_feed__answer *a) {
    a->page.until_events = a->n_events + a->page.events;
    a->page.until_bytes = a->body.len + a->page.bytes;
}

/* Of all places, as each page moves some of them. */
static uint32_t choose(const struct hg_feed__set *set) {
    uint64_t mix = 0;
    for (size_t i = 0; i < set->n_places; i++) {
        mix = (mix ^ set->places[i].next) * 0x9e3779b97f4a7c15;
        mix ^= mix >> 32;
    }
    return (uint32_t)(mix % set->n_places);
}

void hg_feed__page_begin(struct hg_subscriber *sub) {
    struct hg_feed__answer *a = sub->answer;
    if (!hg_feed__is_paged(sub) || a->page.events > 0) {
        return;
    }
    a->page.events = share_of(a->events_max, sub->set->n_places);
    a->page.bytes = share_of(a->bytes_max, sub->set->n_places);
    sub->first_served = choose(sub->set);
    begin_turn(a);
}

bool hg_feed__page_is_over(const struct hg_subscriber *sub) {
    const struct hg_feed__answer *a = sub->answer;
    return hg_feed__is_paged(sub) &&
           (a->n_events >= a->page.until_events || a->body.len >= a->page.until_bytes);
}

void hg_feed__page_next(struct hg_subscriber *sub) {
    struct hg_feed__answer *a = sub->answer;
    if (!hg_feed__is_paged(sub)) {
        return;
    }
    sub->first_served = (uint32_t)((sub->first_served + 1) % sub->set->n_places);
    if (++a->page.n_turns >= sub->set->n_places) {
        a->page.n_turns = 0;
        a->page.events = twice(a->page.events, a->events_max);
        a->page.bytes = twice(a->page.bytes, a->bytes_max);
    }
    begin_turn(a);
}

size_t hg_feed__page_left(const struct hg_subscriber *sub) {
    const struct hg_feed__answer *a = sub->answer;
    size_t until = hg_feed__is_paged(sub) && a->page.until_events < a->events_max
                       ? a->page.until_events
                       : a->events_max;
    return until > a->n_events ? until - a->n_events : 1;
}
