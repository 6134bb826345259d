/* SPDX-License-Identifier: Apache-2.0 */
/* start.c - from what a client asked for to a place in each partition.
 *
 *   LATEST ─► (TAIL ─ follow_settle) ──► READY
 *   EARLIEST ──────────────────────────► FRESH ─► READY
 *   TIME ──► SOUGHT ── on_found ───────► READY
 *   CURSOR ► CLAIMED ─ judge_claim ─┬──► READY
 *                    └ on_found ────┴──► GAP ── tell_gap ──► READY
 *   CURSOR ► AFTER ─── follow_claims ──► SOUGHT or FRESH
 *
 * A claim is a position that a client brings. It is believed when the record
 * there has the fingerprint in it; so a topic that was made again or cut back
 * is noticed, and answered with a gap notice rather than with silence.
 *
 * A topic that the cursor says nothing of may have been made while the client
 * was away. It begins at the time of the newest record that the client has; at
 * the first record where the cursor is that of a stream without topics. Of a
 * topic with more partitions than the cursor names it may have had records in
 * the new ones before the gateway knew: these begin that much earlier. */
#include "feed/start.h"

#include "feed/answer.h"
#include "feed/beat.h"
#include "feed/counters.h"
#include "feed/rest.h"
#include "feed/set.h"
#include "feed/write.h"

static const char trimmed[] = "trimmed";
static const char reset[] = "reset";
static const char unknown[] = "unknown";

static bool is_resolved(const struct hg_feed__place *place) {
    return place->stand != HG_FEED__CLAIMED && place->stand != HG_FEED__SOUGHT &&
           place->stand != HG_FEED__AFTER;
}

void hg_feed__place_gap(struct hg_feed__place *place, const char *reason, uint64_t first) {
    place->stand = HG_FEED__GAP;
    place->reason = reason;
    place->first = first;
}

static bool claim(struct hg_feed__cover *cover, uint32_t i, const struct hg_cursor *cursor) {
    const struct hg_position *p = hg_cursor_get(cursor, cover->topic->tag, (uint16_t)i);
    if (p) {
        cover->places[i] = (struct hg_feed__place){
            .next = p->offset + 1,
            .fingerprint = p->fingerprint,
            .epoch = p->epoch,
            .stand = HG_FEED__CLAIMED,
        };
    }
    return p != NULL;
}

static bool is_named(const struct hg_feed__place *place) {
    return place->stand == HG_FEED__CLAIMED;
}

/* The cursor names all partitions below this one: then it may be from before this
 * one was there, or known. */
static bool may_be_new(const struct hg_feed__cover *cover, uint32_t i) {
    uint32_t n = 0;
    while (n < cover->n_places && is_named(&cover->places[n])) {
        n++;
    }
    for (uint32_t k = n; k < cover->n_places; k++) {
        if (is_named(&cover->places[k])) {
            return false; /* one of each that the client chose */
        }
    }
    return n > 0 && i >= n;
}

/* Whoever has a place in some topics has all that others had before. */
static void await_claims(struct hg_subscriber *sub) {
    int64_t unseen_ms = hg_log_unseen_ms(sub->feed->parts.log);
    struct hg_feed__walk walk;
    struct hg_feed__cover *cover;
    uint32_t i;
    hg_feed__walk_begin(&walk, sub->set, 0);
    while (hg_feed__walk_next(&walk, &cover, &i)) {
        if (cover->places[i].stand == HG_FEED__READY || cover->places[i].stand == HG_FEED__TAIL) {
            cover->places[i] = (struct hg_feed__place){
                .ahead_ms = may_be_new(cover, i) ? unseen_ms : 0,
                .stand = HG_FEED__AFTER,
            };
        }
    }
}

/* The client followed patterns that no topic fitted yet. */
static bool is_origin(const struct hg_position *p) {
    return p->topic_tag == HG_POSITION_ORIGIN_TAG;
}

static bool is_covered(const struct hg_feed__set *set, const struct hg_position *p) {
    for (size_t c = 0; c < set->n_covers; c++) {
        if (set->covers[c].topic->tag == p->topic_tag) {
            return p->partition < set->covers[c].n_places;
        }
    }
    return false;
}

/* Positions of what this stream does not cover: of another stream, or of a
 * topic that it no longer has. The client is told that they led nowhere. */
static int keep_strays(struct hg_subscriber *sub, const struct hg_cursor *cursor) {
    struct hg_buf text = {0};
    for (size_t k = 0; k < cursor->n; k++) {
        char token[HG_POSITION_TEXT_LEN + 1];
        if (!is_origin(&cursor->items[k]) && !is_covered(sub->set, &cursor->items[k])) {
            hg_position_format(&cursor->items[k], token);
            hg_buf_put_slice(&text, text.len > 0 ? HG_SLICE(".") : (struct hg_slice){0});
            hg_buf_put(&text, token, HG_POSITION_TEXT_LEN);
        }
    }
    if (text.len > 0) {
        hg_buf_put(&text, "", 1);
    }
    if (text.is_failed) {
        hg_buf_fini(&text);
        return HG_ENOMEM;
    }
    sub->strays = text.ptr;
    return 0;
}

int hg_feed__start(struct hg_subscriber *sub, const struct hg_subscription *s) {
    bool has_cursor = s->start == HG_START_CURSOR && s->cursor && s->cursor->n > 0;
    bool has_claim = has_cursor && is_origin(&s->cursor->items[0]); /* they are sorted by tag */
    struct hg_feed__walk walk;
    struct hg_feed__cover *cover;
    uint32_t i;
    hg_feed__walk_begin(&walk, sub->set, 0);
    while (hg_feed__walk_next(&walk, &cover, &i)) {
        if (s->start == HG_START_EARLIEST) {
            hg_feed__place_first(sub->feed, cover, i);
        } else if (s->start == HG_START_TIME) {
            cover->places[i].stand = HG_FEED__SOUGHT;
            cover->places[i].time_ms = s->time_ms > 0 ? s->time_ms : 0;
        } else if (has_cursor) {
            has_claim |= claim(cover, i, s->cursor);
        }
    }
    if (has_claim) {
        await_claims(sub);
    }
    sub->is_resumed = has_cursor;
    return has_cursor ? keep_strays(sub, s->cursor) : 0;
}

/* Compare a claim with the record that stands at its offset. */
static void judge_record(struct hg_feed__place *place, const struct hg_entry *e, uint64_t first) {
    if (e->offset == place->next - 1 && e->fingerprint != place->fingerprint) {
        hg_feed__place_gap(place, reset, first);
    } else {
        /* Another offset: the record was compacted away. What follows is there. */
        place->stand = HG_FEED__READY;
        place->time_ms = e->log_time_ms;
    }
}

/* A claim that can be settled from what this loop knows. */
static void judge_claim(const struct hg_feed *f, struct hg_feed__cover *cover, uint32_t i,
                        bool needs_time) {
    struct hg_feed__place *place = &cover->places[i];
    const struct hg_feed__part *part = hg_feed__part_of(cover, i);
    struct hg_log_range range = {0};
    struct hg_window_at at;
    hg_log_topic_range(f->parts.log, cover->topic->id, i, &range);
    if (place->epoch != part->epoch) {
        hg_feed__place_gap(place, reset, range.first);
    } else if (place->next < range.first) {
        hg_feed__place_gap(place, trimmed, range.first);
    } else if (place->fingerprint == 0 || place->next == 0) {
        /* It stood before a record that did not exist yet, or before all. */
        if (place->next <= part->next || place->next <= range.next) {
            place->stand = HG_FEED__READY;
        } else {
            hg_feed__place_gap(place, unknown, range.first);
        }
    } else if (hg_window_find(&part->window, place->next - 1, &at)) {
        judge_record(place, hg_window_step(&part->window, &at), range.first);
    } else if (place->next == part->next && part->fingerprint != 0 && !needs_time) {
        struct hg_entry last = {.offset = part->next - 1, .fingerprint = part->fingerprint};
        judge_record(place, &last, range.first);
    }
}

struct claims {
    bool has_after, has_claimed;
    int64_t time_ms; /* of the newest record that a settled claim names; 0: of none */
};

static struct claims look_at_claims(struct hg_subscriber *sub) {
    struct claims c = {0};
    struct hg_feed__walk walk;
    struct hg_feed__cover *cover;
    uint32_t i;
    hg_feed__walk_begin(&walk, sub->set, 0);
    while (hg_feed__walk_next(&walk, &cover, &i)) {
        const struct hg_feed__place *place = &cover->places[i];
        c.has_after |= place->stand == HG_FEED__AFTER;
        c.has_claimed |= place->stand == HG_FEED__CLAIMED;
        if (place->stand == HG_FEED__READY && place->time_ms > c.time_ms) {
            c.time_ms = place->time_ms;
        }
    }
    return c;
}

/* A client that has no record at all has nothing of these topics either. */
static void follow_claims(struct hg_subscriber *sub, int64_t time_ms) {
    struct hg_feed__walk walk;
    struct hg_feed__cover *cover;
    uint32_t i;
    hg_feed__walk_begin(&walk, sub->set, 0);
    while (hg_feed__walk_next(&walk, &cover, &i)) {
        struct hg_feed__place *place = &cover->places[i];
        if (place->stand == HG_FEED__AFTER && time_ms > 0) {
            place->stand = HG_FEED__SOUGHT;
            place->time_ms = time_ms > place->ahead_ms ? time_ms - place->ahead_ms : 0;
        } else if (place->stand == HG_FEED__AFTER) {
            hg_feed__place_first(sub->feed, cover, i);
        }
    }
}

enum hg_feed__turn hg_feed__resolve(struct hg_subscriber *sub) {
    enum hg_feed__turn turn = HG_FEED__LEVEL;
    struct hg_feed__walk walk;
    struct hg_feed__cover *cover;
    uint32_t i;
    struct claims claims = look_at_claims(sub);
    hg_feed__walk_begin(&walk, sub->set, 0);
    while (claims.has_claimed && hg_feed__walk_next(&walk, &cover, &i)) {
        if (cover->places[i].stand == HG_FEED__CLAIMED) {
            judge_claim(sub->feed, cover, i, claims.has_after);
        }
    }
    claims = look_at_claims(sub);
    if (claims.has_after && !claims.has_claimed) {
        follow_claims(sub, claims.time_ms);
    }
    hg_feed__walk_begin(&walk, sub->set, 0);
    while (hg_feed__walk_next(&walk, &cover, &i)) {
        const struct hg_feed__place *place = &cover->places[i];
        if (is_resolved(place)) {
            continue;
        }
        /* AFTER is looked up once the claims are. */
        bool is_readable = place->stand != HG_FEED__AFTER &&
                           !hg_feed__is_resting(hg_feed__part_of(cover, i), place->next);
        if (is_readable) {
            turn = HG_FEED__WANTS_READ;
        } else if (turn == HG_FEED__LEVEL) {
            turn = HG_FEED__IS_AHEAD;
        }
    }
    return turn;
}

static uint64_t first_of(const struct hg_feed *f, const struct hg_feed__cover *cover, uint32_t i) {
    struct hg_log_range range = {0};
    hg_log_topic_range(f->parts.log, cover->topic->id, i, &range);
    return range.first;
}

static bool on_claim_read(struct hg_subscriber *sub, struct hg_feed__cover *cover, uint32_t i,
                          int err, const struct hg_batch *batch, uint64_t next) {
    struct hg_feed__place *place = &cover->places[i];
    uint64_t first = first_of(sub->feed, cover, i);
    if (err == HG_ENOENT) {
        if (next <= place->next) {
            place->stand = HG_FEED__READY; /* only what the client has is gone */
        } else {
            hg_feed__place_gap(place, trimmed, next);
        }
        return true;
    }
    if (err) {
        return false;
    }
    if (batch->n == 0) {
        hg_feed__place_gap(place, unknown, first);
    } else {
        judge_record(place, &batch->entries[0], first);
    }
    return true;
}

static bool on_time_read(struct hg_feed__place *place, const struct hg_feed__part *part, int err,
                         const struct hg_batch *batch, uint64_t next, uint64_t level) {
    if (err) {
        return false;
    }
    uint64_t end = next > level ? next : level;
    *place = (struct hg_feed__place){
        .next = batch->n > 0 ? batch->entries[0].offset : end,
        .epoch = part->epoch,
        .stand = HG_FEED__READY,
    };
    return true;
}

bool hg_feed__on_found(struct hg_subscriber *sub, struct hg_feed__cover *cover, uint32_t i, int err,
                       const struct hg_batch *batch, uint64_t next, uint64_t level) {
    struct hg_feed__place *place = &cover->places[i];
    HG_ASSERT(!is_resolved(place));
    return place->stand == HG_FEED__CLAIMED
               ? on_claim_read(sub, cover, i, err, batch, next)
               : on_time_read(place, hg_feed__part_of(cover, i), err, batch, next, level);
}

static bool tell_and_count(struct hg_subscriber *sub, struct hg_notice *n) {
    bool was_told = false;
    n->kind = HG_NOTICE_GAP;
    if (!hg_feed__tell(sub, n, true, &was_told)) {
        return false;
    }
    if (sub->answer) {
        hg_feed__answer_gap(sub, n, was_told);
    }
    hg_feed__count_gap(n->reason);
    sub->is_resumed = false;
    return true;
}

bool hg_feed__tell_gap(struct hg_subscriber *sub, struct hg_feed__cover *cover, uint32_t i) {
    struct hg_feed__place *place = &cover->places[i];
    struct hg_feed__place before = *place;
    struct hg_position from = {
        .topic_tag = cover->topic->tag,
        .epoch = before.epoch,
        .partition = (uint16_t)i,
        .offset = before.next - 1,
        .fingerprint = before.fingerprint,
    };
    char text[HG_POSITION_TEXT_LEN + 1];
    hg_position_format(&from, text);
    struct hg_notice n = {
        .gap_from = {text, HG_POSITION_TEXT_LEN},
        .reason = before.reason,
        .topic = hg_log_topic_name(sub->feed->parts.log, cover->topic->id),
    };
    *place = (struct hg_feed__place){
        .next = before.first,
        .epoch = hg_feed__part_of(cover, i)->epoch,
        .stand = HG_FEED__READY,
    };
    if (!tell_and_count(sub, &n)) {
        *place = before;
        return false;
    }
    return true;
}

static bool tell_gaps(struct hg_subscriber *sub) {
    if (sub->strays) {
        struct hg_notice n = {.gap_from = hg_slice_of(sub->strays), .reason = unknown};
        if (!tell_and_count(sub, &n)) {
            return false;
        }
        hg_free(sub->strays);
        sub->strays = NULL;
    }
    struct hg_feed__walk walk;
    struct hg_feed__cover *cover;
    uint32_t i;
    hg_feed__walk_begin(&walk, sub->set, 0);
    while (hg_feed__walk_next(&walk, &cover, &i)) {
        if (cover->places[i].stand == HG_FEED__GAP && !hg_feed__tell_gap(sub, cover, i)) {
            return false;
        }
    }
    return true;
}

enum hg_feed__turn hg_feed__say_start(struct hg_subscriber *sub) {
    if (sub->is_opened) {
        return HG_FEED__LEVEL;
    }
    if (!hg_feed__has_room(sub)) {
        return HG_FEED__WANTS_ROOM;
    }
    if (!tell_gaps(sub)) {
        return HG_FEED__WANTS_MEMORY;
    }
    if (!sub->answer) {
        struct hg_notice n = {
            .kind = HG_NOTICE_OPENED,
            .is_resumed = sub->is_resumed,
            .retry_ms = sub->retry_ms,
        };
        if (!hg_feed__tell(sub, &n, true, NULL)) {
            return HG_FEED__WANTS_MEMORY;
        }
        hg_feed__beat_start(sub);
    }
    sub->is_opened = true;
    return HG_FEED__LEVEL;
}
