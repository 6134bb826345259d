/* SPDX-License-Identifier: Apache-2.0 */
/* read.c - the queue for reads of the log.
 *
 * Every catching subscriber has at most one read, and goes to the end of the
 * queue for its next, so that a hundred replays share what one loop may ask
 * of the log. A read is an object of its own: it may outlive the subscriber,
 * which then is NULL in it, and the feed. Its records are used up when it is
 * done and not kept, so memory is bounded by reads_max times their size. */
#include "feed/read.h"

#include "feed/counters.h"
#include "feed/page.h"
#include "feed/refill.h"
#include "feed/rest.h"
#include "feed/set.h"
#include "feed/start.h"
#include "feed/state.h"
#include "feed/write.h"

enum { READ_RECORDS_MAX = 4096 };

struct hg_feed__read {
    struct hg_log_fetch fetch;
    struct hg_feed *feed;         /* NULL: gone */
    struct hg_subscriber *sub;    /* NULL: gone, or has no use for it any more */
    struct hg_list node;          /* in feed.reads */
    struct hg_feed__cover *cover; /* the subscriber's */
    struct hg_feed__part *part;
    uint32_t place;
    uint64_t level; /* the loop's position when it began */
};

/* The log's topic is a newer one than this loop has heard of. */
static void renew(struct hg_feed *f, const struct hg_feed__read *r, uint32_t epoch) {
    struct hg_log_range range = {0};
    hg_log_topic_range(f->parts.log, r->cover->topic->id, r->place, &range);
    hg_feed__kick(f, r->cover->topic);
    hg_feed__part_renew(hg_feed__part_of(r->cover, r->place), epoch, range.next);
}

/* False: nothing came of it; ask again later. */
static bool use(struct hg_feed__read *r, int err, struct hg_batch *batch, uint64_t next) {
    struct hg_subscriber *sub = r->sub;
    const struct hg_feed__part *part = hg_feed__part_of(r->cover, r->place);
    enum hg_feed__stand stand = r->cover->places[r->place].stand;
    if (batch && batch->n > 0 && batch->epoch != part->epoch) {
        if (batch->epoch < part->epoch) {
            return false;
        }
        renew(r->feed, r, batch->epoch);
        return true;
    }
    if (stand == HG_FEED__CLAIMED || stand == HG_FEED__SOUGHT) {
        return hg_feed__on_found(sub, r->cover, r->place, err, batch, next, r->level);
    }
    return hg_feed__on_records(sub, r->cover, r->place, err, batch, next, r->level);
}

static void on_done(struct hg_log_fetch *fetch, int err, struct hg_batch *batch, uint64_t next) {
    struct hg_feed__read *r = HG_CONTAINER(fetch, struct hg_feed__read, fetch);
    struct hg_feed *f = r->feed;
    struct hg_subscriber *sub = r->sub;
    bool is_used = true;
    if (f) {
        hg_list_remove(&r->node);
        f->n_reads--;
        hg_feed__rest_note(f, r->part, fetch->from, err);
    }
    if (sub) {
        HG_ASSERT(f != NULL); /* a feed closes after its subscribers */
        is_used = use(r, err, batch, next);
        sub->read = NULL;
    }
    bool is_resting = sub && hg_feed__is_resting(r->part, fetch->from);
    hg_batch_unref(&batch);
    hg_free(r);
    if (sub && is_used) {
        hg_feed__step(sub);
    } else if (sub) {
        hg_feed__end_write(sub);
        hg_feed__queue(sub, is_resting ? &f->ahead : &f->later);
    }
    if (f) {
        hg_feed__read_pump(f);
    }
}

static uint64_t from_of(const struct hg_feed__place *place) {
    return place->stand == HG_FEED__CLAIMED ? place->next - 1 : place->next;
}

/* The place to read for: one that has to be resolved, else one whose next
 * record has left the window, or never was in it. */
static bool find_place(struct hg_subscriber *sub, struct hg_feed__read *r) {
    struct hg_feed__walk walk;
    struct hg_feed__cover *cover;
    uint32_t i;
    hg_feed__walk_begin(&walk, sub->set, sub->first_served);
    while (hg_feed__walk_next(&walk, &cover, &i)) {
        enum hg_feed__stand stand = cover->places[i].stand;
        bool is_found = sub->is_opened ? stand != HG_FEED__GAP && stand != HG_FEED__TAIL &&
                                             hg_feed__is_behind_window(cover, i)
                                       : stand == HG_FEED__CLAIMED || stand == HG_FEED__SOUGHT;
        if (is_found &&
            !hg_feed__is_resting(hg_feed__part_of(cover, i), from_of(&cover->places[i]))) {
            r->cover = cover;
            r->part = hg_feed__part_of(cover, i);
            r->place = i;
            return true;
        }
    }
    return false;
}

/* No more than can be used, where it is known how much that is. */
static size_t records_max(const struct hg_subscriber *sub) {
    size_t left =
        sub->answer && sub->is_pass_all ? hg_feed__page_left(sub) : (size_t)READ_RECORDS_MAX;
    return left < READ_RECORDS_MAX ? left : READ_RECORDS_MAX;
}

static void fill_fetch(struct hg_feed__read *r) {
    const struct hg_feed__place *place = &r->cover->places[r->place];
    struct hg_log_fetch *fetch = &r->fetch;
    bool is_lookup = place->stand == HG_FEED__CLAIMED || place->stand == HG_FEED__SOUGHT;
    fetch->topic = r->cover->topic->id;
    fetch->partition = r->place;
    fetch->time_ms = place->stand == HG_FEED__SOUGHT ? place->time_ms : -1;
    fetch->from = from_of(place);
    fetch->max_records = is_lookup ? 1 : records_max(r->sub);
    fetch->max_bytes = is_lookup ? 1 : r->sub->read_bytes;
    fetch->wants_copies = !is_lookup;
    fetch->done = on_done;
    fetch->loop = r->feed->loop;
    r->level = hg_feed__part_of(r->cover, r->place)->next;
}

/* It leaves the queue: its read is under way, it needs none any more, or the
 * log has no such topic. HG_EAGAIN, HG_ENOMEM, HG_ECLOSED: it stays, first. */
static int begin(struct hg_subscriber *sub) {
    struct hg_feed *f = sub->feed;
    struct hg_feed__read *r = hg_try_alloc(sizeof(*r));
    if (!r) {
        return HG_ENOMEM;
    }
    r->feed = f;
    r->sub = sub;
    if (!find_place(sub, r)) {
        hg_free(r);
        hg_feed__queue(sub, &f->ready);
        return 0;
    }
    fill_fetch(r);
    sub->read = r;
    hg_list_append(&f->reads, &r->node);
    f->n_reads++;
    int err = hg_log_read(f->parts.log, &r->fetch);
    if (err) {
        sub->read = NULL;
        f->n_reads--;
        hg_list_remove(&r->node);
        hg_free(r);
        if (err != HG_ENOENT) {
            return err;
        }
        hg_feed__queue(sub, &f->later);
        return 0;
    }
    hg_feed__rest_try(r->part, r->fetch.from);
    hg_list_remove(&sub->queue);
    hg_counter_add(&hg_feed__reads, 1);
    return 0;
}

void hg_feed__read_pump(struct hg_feed *f) {
    while (f->n_reads < f->reads_max && !hg_list_is_empty(&f->reading)) {
        struct hg_subscriber *sub = HG_CONTAINER(f->reading.next, struct hg_subscriber, queue);
        if (begin(sub)) {
            hg_feed__arm_later(f);
            return;
        }
    }
}

void hg_feed__read_want(struct hg_subscriber *sub) {
    hg_feed__queue(sub, &sub->feed->reading);
    hg_feed__read_pump(sub->feed);
}

void hg_feed__read_cancel(struct hg_subscriber *sub) {
    if (sub->read) {
        sub->read->sub = NULL;
        sub->read = NULL;
    }
}

void hg_feed__read_abandon(struct hg_feed *f) {
    while (!hg_list_is_empty(&f->reads)) {
        struct hg_feed__read *r = HG_CONTAINER(f->reads.next, struct hg_feed__read, node);
        hg_list_remove(&r->node);
        r->feed = NULL;
        f->n_reads--;
    }
}
