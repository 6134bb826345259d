/* SPDX-License-Identifier: Apache-2.0 */
/* follow.c - the topics that this loop wants the tail of.
 *
 *   first cover ──► wish ──► log ──► ready: the position jumps to the end
 *                    ^        └─ not now ─┐
 *                    └──── a while later ─┘
 *   last cover gone ──► no wish
 *
 * While nobody wanted it the tail may have stood still: what lies between was
 * shown to nobody, and whoever resumes reads it from the log. The window is
 * forgotten then: nobody has seen to it that it is still what the log has. */
#include "feed/follow.h"

#include "base/clock.h"
#include "feed/feed.h"
#include "feed/set.h"
#include "feed/state.h"

enum { AGAIN_MS = 50, AGAIN_MAX_MS = 5000 };

static void arm(struct hg_feed *f) {
    int64_t at = 0;
    for (size_t i = 0; i < f->parts.n_topics; i++) {
        const struct hg_feed__topic *t = f->parts.topics[i];
        if (t && t->follow.again_at_ms > 0 && (at == 0 || t->follow.again_at_ms < at)) {
            at = t->follow.again_at_ms;
        }
    }
    if (at > 0) {
        int64_t left = at - hg_clock_mono_ms();
        hg_timer_start(f->follow_timer, left > 1 ? left : 1);
    }
}

static void ask_again_later(struct hg_feed *f, struct hg_feed__topic *t) {
    struct hg_feed__follow *w = &t->follow;
    hg_log_unfollow(&w->wish);
    w->wait_ms = w->wait_ms == 0 ? AGAIN_MS : w->wait_ms * 2;
    w->wait_ms = w->wait_ms < AGAIN_MAX_MS ? w->wait_ms : AGAIN_MAX_MS;
    w->again_at_ms = hg_clock_mono_ms() + w->wait_ms;
    arm(f);
}

static void on_followed(void *arg, int err) {
    struct hg_feed__topic *t = arg;
    struct hg_feed *f = t->follow.feed;
    if (err) {
        ask_again_later(f, t);
        return;
    }
    if (!hg_feed__topic(f, t->id)) {
        ask_again_later(f, t);
        return;
    }
    t->follow.is_ready = true;
    t->follow.wait_ms = 0;
    for (uint32_t i = 0; i < t->n_parts; i++) {
        struct hg_log_range range = {0};
        hg_log_topic_range(f->parts.log, t->id, i, &range);
        hg_feed__part_renew(t->parts[i], range.epoch, range.next);
    }
    hg_feed__wake_ahead(f);
}

static void ask(struct hg_feed *f, struct hg_feed__topic *t) {
    t->follow.feed = f;
    t->follow.again_at_ms = 0;
    if (hg_log_follow(f->parts.log, t->id, on_followed, t, &t->follow.wish)) {
        ask_again_later(f, t);
    }
}

static void on_timer(void *arg) {
    struct hg_feed *f = arg;
    int64_t now = hg_clock_mono_ms();
    for (size_t i = 0; i < f->parts.n_topics; i++) {
        struct hg_feed__topic *t = f->parts.topics[i];
        if (t && t->follow.again_at_ms > 0 && t->follow.again_at_ms <= now) {
            ask(f, t);
        }
    }
    arm(f);
}

int hg_feed__follow_init(struct hg_feed *f) {
    f->is_tail_by_wish = hg_log_is_tail_by_wish(f->parts.log);
    f->follow_timer = f->is_tail_by_wish ? hg_timer_new(f->loop, on_timer, f) : NULL;
    return f->is_tail_by_wish && !f->follow_timer ? HG_ENOMEM : 0;
}

void hg_feed__follow_fini(struct hg_feed *f) {
    hg_timer_free(&f->follow_timer);
}

void hg_feed__follow_join(struct hg_feed *f, struct hg_feed__topic *t) {
    if (f->is_tail_by_wish && t->follow.n_sets++ == 0) {
        ask(f, t);
    }
}

void hg_feed__follow_leave(struct hg_feed *f, struct hg_feed__topic *t) {
    if (f->is_tail_by_wish && --t->follow.n_sets == 0) {
        hg_log_unfollow(&t->follow.wish);
        t->follow = (struct hg_feed__follow){0};
    }
}

/* Nothing was promised of the first record, which may have gone meanwhile. */
static void settle_place(struct hg_feed__cover *cover, uint32_t i) {
    struct hg_feed__place *place = &cover->places[i];
    if (place->stand == HG_FEED__TAIL) {
        hg_feed__place_at(place, hg_feed__part_of(cover, i));
    } else if (place->stand == HG_FEED__FRESH) {
        hg_feed__place_first(cover->sub->feed, cover, i);
    }
}

bool hg_feed__follow_settle(struct hg_subscriber *sub) {
    bool is_whole = true;
    if (!sub->awaits_tail) {
        return true;
    }
    for (size_t c = 0; c < sub->set->n_covers; c++) {
        is_whole = is_whole && hg_feed__is_followed(sub->feed, sub->set->covers[c].topic);
    }
    if (!is_whole && !sub->is_opened) {
        return false;
    }
    struct hg_feed__walk walk;
    struct hg_feed__cover *cover;
    uint32_t i;
    hg_feed__walk_begin(&walk, sub->set, 0);
    while (hg_feed__walk_next(&walk, &cover, &i)) {
        if (hg_feed__is_followed(sub->feed, cover->topic)) {
            settle_place(cover, i);
        }
    }
    sub->awaits_tail = !is_whole;
    return true;
}
