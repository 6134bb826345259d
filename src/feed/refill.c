/* SPDX-License-Identifier: Apache-2.0 */
/* refill.c - the records between a cursor and the loop's position.
 *
 *   log: ... first ─────────── window.first ─────────── part.next
 *              └─ hg_feed__on_records ─┘└─── refill_place ───┘
 *
 * A place moves on in this file only by move_to (a record was given, or was
 * not wanted), skip_to (there is no record in between) and hg_feed__tell_gap.
 * None passes the loop's position: what the log already has behind it will
 * come with the tail. A pull does, as far as answer.h says. */
#include "feed/refill.h"

#include "feed/answer.h"
#include "feed/follow.h"
#include "feed/page.h"
#include "feed/rest.h"
#include "feed/set.h"
#include "feed/start.h"
#include "feed/write.h"

enum {
    /* Records looked at in one step, so that a filter that passes little does
     * not hold the loop. */
    STEP_RECORDS = 512,
    READ_BYTES_MIN = 16 * 1024,
};

static void move_to(struct hg_feed__place *place, const struct hg_entry *e) {
    HG_ASSERT(e->offset >= place->next);
    place->next = e->offset + 1;
    place->fingerprint = e->fingerprint;
    place->stand = HG_FEED__READY;
}

static void skip_to(struct hg_feed__place *place, uint64_t next) {
    if (next > place->next) {
        place->next = next;
        place->fingerprint = 0;
        place->stand = HG_FEED__READY;
    }
}

static enum hg_feed__turn turn_of(enum hg_feed__given given) {
    return given == HG_FEED__NO_ROOM ? HG_FEED__WANTS_ROOM : HG_FEED__WANTS_MEMORY;
}

bool hg_feed__is_behind_window(const struct hg_feed__cover *cover, uint32_t i) {
    const struct hg_feed__place *place = &cover->places[i];
    const struct hg_feed__part *part = hg_feed__part_of(cover, i);
    struct hg_window_at at;
    return place->next < hg_feed__answer_end(cover, i) &&
           !hg_window_find(&part->window, place->next, &at);
}

static enum hg_feed__turn walk_window(struct hg_subscriber *sub, struct hg_feed__cover *cover,
                                      uint32_t i, unsigned *left) {
    struct hg_feed__place *place = &cover->places[i];
    const struct hg_feed__part *part = hg_feed__part_of(cover, i);
    struct hg_window_at at;
    bool is_there = hg_window_find(&part->window, place->next, &at);
    uint64_t end = hg_feed__answer_end(cover, i);
    while (place->next < end) {
        if (*left == 0) {
            return HG_FEED__WANTS_TURN;
        }
        if (hg_feed__page_is_over(sub)) {
            return HG_FEED__HAD_SHARE;
        }
        struct hg_entry *e = is_there ? hg_window_step(&part->window, &at) : NULL;
        if (!e) {
            if (!hg_feed__has_room(sub)) {
                return HG_FEED__WANTS_ROOM;
            }
            return hg_feed__is_resting(part, place->next) ? HG_FEED__IS_AHEAD : HG_FEED__WANTS_READ;
        }
        enum hg_feed__given given = hg_feed__give(sub, cover->topic, at.batch, e);
        if (given != HG_FEED__GIVEN) {
            return turn_of(given);
        }
        move_to(place, e);
        (*left)--;
    }
    return HG_FEED__LEVEL;
}

static enum hg_feed__turn refill_place(struct hg_subscriber *sub, struct hg_feed__cover *cover,
                                       uint32_t i, unsigned *left) {
    struct hg_feed__place *place = &cover->places[i];
    const struct hg_feed__part *part = hg_feed__part_of(cover, i);
    if (!hg_feed__is_followed(sub->feed, cover->topic)) {
        return HG_FEED__IS_AHEAD;
    }
    if (place->stand != HG_FEED__GAP && place->epoch != part->epoch) {
        struct hg_log_range range = {0};
        hg_log_topic_range(sub->feed->parts.log, cover->topic->id, i, &range);
        hg_feed__place_gap(place, "reset", range.first);
    }
    if (place->stand == HG_FEED__GAP) {
        if (!hg_feed__has_room(sub)) {
            return HG_FEED__WANTS_ROOM;
        }
        if (!hg_feed__tell_gap(sub, cover, i)) {
            return HG_FEED__WANTS_MEMORY;
        }
    }
    if (place->next < hg_feed__answer_end(cover, i)) {
        return walk_window(sub, cover, i, left);
    }
    return place->next > part->next ? HG_FEED__IS_AHEAD : HG_FEED__LEVEL;
}

/* Round after round, until all places have nothing more one after the other. */
static enum hg_feed__turn refill_page(struct hg_subscriber *sub) {
    enum hg_feed__turn turn = HG_FEED__LEVEL;
    unsigned left = STEP_RECORDS;
    struct hg_feed__walk walk;
    struct hg_feed__cover *cover;
    uint32_t i;
    hg_feed__page_begin(sub);
    hg_feed__walk_begin(&walk, sub->set, sub->first_served);
    while (hg_feed__walk_next(&walk, &cover, &i)) {
        enum hg_feed__turn one = refill_place(sub, cover, i, &left);
        if (one == HG_FEED__HAD_SHARE) {
            turn = HG_FEED__LEVEL;
            walk.left = sub->set->n_places;
        } else if (one == HG_FEED__IS_AHEAD) {
            turn = one;
        } else if (one == HG_FEED__WANTS_TURN) {
            hg_feed__page_next(sub);
            return one;
        } else if (one != HG_FEED__LEVEL) {
            return one;
        }
        hg_feed__page_next(sub);
    }
    return turn;
}

enum hg_feed__turn hg_feed__refill(struct hg_subscriber *sub) {
    enum hg_feed__turn turn = HG_FEED__LEVEL;
    unsigned left = STEP_RECORDS;
    if (hg_feed__is_paged(sub)) {
        return refill_page(sub);
    }
    /* A topic with more news than the stream has room for must not keep the
     * others from being served. */
    struct hg_feed__walk walk;
    struct hg_feed__cover *cover;
    uint32_t i;
    hg_feed__walk_begin(&walk, sub->set, sub->first_served++);
    while (hg_feed__walk_next(&walk, &cover, &i)) {
        enum hg_feed__turn one = refill_place(sub, cover, i, &left);
        if (one == HG_FEED__IS_AHEAD) {
            turn = one;
        } else if (one != HG_FEED__LEVEL) {
            return one;
        }
    }
    return turn;
}

/* Up to where the log is needed: from the window on, encodings are shared. */
static uint64_t limit_of(const struct hg_feed__cover *cover, uint32_t i) {
    const struct hg_window *w = &hg_feed__part_of(cover, i)->window;
    uint64_t end = hg_feed__answer_end(cover, i);
    return w->n > 0 && w->first > cover->places[i].next && w->first < end ? w->first : end;
}

/* What did not fit is read again later: a slow reader costs a cursor. */
static void ask_less(struct hg_subscriber *sub) {
    sub->read_bytes = sub->read_bytes / 2 > READ_BYTES_MIN ? sub->read_bytes / 2 : READ_BYTES_MIN;
}

static void ask_more(struct hg_subscriber *sub) {
    size_t max = sub->feed->read_bytes_max;
    sub->read_bytes = sub->read_bytes > max / 2 ? (uint32_t)max : sub->read_bytes * 2;
}

static bool on_gone(struct hg_feed__place *place, uint64_t first) {
    if (first <= place->next) {
        return false;
    }
    if (place->stand == HG_FEED__FRESH) {
        place->next = first;
    } else {
        hg_feed__place_gap(place, "trimmed", first);
    }
    return true;
}

/* Whoever reads up to where the loop stands tells it which record that is: it
 * did not see the record itself where it began there. */
static void learn(const struct hg_feed__cover *cover, uint32_t i, const struct hg_entry *e) {
    struct hg_feed__part *part = hg_feed__part_of(cover, i);
    if (part->fingerprint == 0 && e->offset + 1 == part->next) {
        hg_feed__part_move(part, part->next, e->fingerprint);
    }
}

/* What follows is another one's turn. */
static bool end_turn(struct hg_subscriber *sub) {
    hg_feed__page_next(sub);
    return true;
}

bool hg_feed__on_records(struct hg_subscriber *sub, struct hg_feed__cover *cover, uint32_t i,
                         int err, struct hg_batch *batch, uint64_t next, uint64_t level) {
    struct hg_feed__place *place = &cover->places[i];
    uint64_t limit = limit_of(cover, i);
    if (err == HG_ENOENT) {
        return on_gone(place, next);
    }
    if (err) {
        return false;
    }
    if (batch->n == 0) {
        /* The end of the log, which was not before where the loop stood. */
        skip_to(place, level);
        hg_feed__answer_at_end(cover, i);
        return end_turn(sub);
    }
    for (size_t k = 0; k < batch->n; k++) {
        struct hg_entry *e = &batch->entries[k];
        if (e->offset >= limit) {
            skip_to(place, limit);
            return end_turn(sub);
        }
        if (hg_feed__page_is_over(sub)) {
            return end_turn(sub);
        }
        enum hg_feed__given given = hg_feed__give(sub, cover->topic, batch, e);
        if (given != HG_FEED__GIVEN) {
            ask_less(sub);
            return given == HG_FEED__NO_ROOM;
        }
        move_to(place, e);
        learn(cover, i, e);
    }
    ask_more(sub);
    return end_turn(sub);
}
