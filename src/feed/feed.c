/* SPDX-License-Identifier: Apache-2.0 */
/* feed.c - the feed of one loop: its making, and the tail.
 *
 *   hg_feed_tail(batch), for a crowd with what is acknowledged about then (gather.c)
 *     ├─ the window takes it
 *     ├─ plain subscribers: each gets the records it wants, one after another
 *     ├─ each record: those who follow its subject, those who follow its type
 *     ├─ the loop's position moves behind the batch
 *     └─ what was written is ended; who was ahead of the loop is stepped
 *
 * A subscriber stands in the index once for each topic, so it meets each
 * record once. Writes only queue: the connection sends what gathered at the
 * end of the turn. */
#include "feed/feed.h"

#include "feed/answer.h"
#include "feed/beat.h"
#include "feed/counters.h"
#include "feed/follow.h"
#include "feed/gather.h"
#include "feed/internal.h"
#include "feed/lost.h"
#include "feed/read.h"
#include "feed/rest.h"
#include "feed/set.h"
#include "feed/state.h"
#include "feed/write.h"

/* Notices and cursors of usual size need no memory later. */
enum { SCRATCH_BYTES = 16 * 1024 };

/* A batch being dispatched, from the first record that is news. */
struct tail {
    struct hg_feed *feed;
    struct hg_feed__topic *topic;
    struct hg_feed__part *part;
    struct hg_batch *batch;
    size_t first;
};

/* Record k did not fit: the subscriber goes on there by itself. Its cursor is
 * the loop's but in this partition, where it has all before k. */
static void stall(const struct tail *t, struct hg_feed__cover *cover, size_t k,
                  enum hg_feed__given given) {
    struct hg_subscriber *sub = cover->sub;
    struct hg_feed__place *place = &cover->places[t->batch->partition];
    hg_feed__leave_live(sub);
    if (k > t->first) {
        place->next = t->batch->entries[k - 1].offset + 1;
        place->fingerprint = t->batch->entries[k - 1].fingerprint;
    }
    if (given == HG_FEED__NO_MEMORY) {
        hg_feed__queue(sub, &t->feed->later);
    }
}

static bool give_one(const struct tail *t, struct hg_feed__cover *cover, size_t k) {
    struct hg_entry *e = &t->batch->entries[k];
    enum hg_feed__given given = hg_feed__give(cover->sub, t->topic, t->batch, e);
    if (given != HG_FEED__GIVEN) {
        stall(t, cover, k, given);
    }
    return given == HG_FEED__GIVEN;
}

static struct hg_feed__cover *cover_at(struct hg_list *node) {
    return HG_CONTAINER(node, struct hg_feed__cover, interest.node);
}

static void give_plain(const struct tail *t) {
    HG_LIST_EACH(it, &t->topic->index.plain) {
        size_t k = t->first;
        while (k < t->batch->n && give_one(t, cover_at(it), k)) {
            k++;
        }
    }
}

static void give_bucket(const struct tail *t, const struct hg_map *map, enum hg_core_attr attr,
                        size_t k) {
    struct hg_slice value = hg_event_core(t->batch->entries[k].event, attr);
    struct hg_feed__bucket *bucket = hg_feed__bucket_hold(map, value);
    if (bucket) {
        HG_LIST_EACH(it, &bucket->interests) {
            give_one(t, cover_at(it), k);
        }
        hg_feed__bucket_release(bucket);
    }
}

static void give_exact(const struct tail *t) {
    const struct hg_feed__index *ix = &t->topic->index;
    if (ix->by_subject.n == 0 && ix->by_type.n == 0) {
        return;
    }
    for (size_t k = t->first; k < t->batch->n; k++) {
        if (t->batch->entries[k].event) {
            give_bucket(t, &ix->by_subject, HG_ATTR_SUBJECT, k);
            give_bucket(t, &ix->by_type, HG_ATTR_TYPE, k);
        }
    }
}

static void end_writes(struct hg_feed *f) {
    while (!hg_list_is_empty(&f->wrote)) {
        struct hg_subscriber *sub = HG_CONTAINER(f->wrote.next, struct hg_subscriber, wrote);
        hg_list_remove(&sub->wrote);
        if (sub->answer) {
            hg_feed__leave_live(sub);
            hg_feed__queue(sub, &f->ready);
        } else {
            hg_feed__end_write(sub);
        }
    }
    hg_feed__count_deliveries(f);
}

static void dispatch(const struct tail *t) {
    struct hg_feed *f = t->feed;
    const struct hg_entry *last = &t->batch->entries[t->batch->n - 1];
    f->is_dispatching = true;
    give_plain(t);
    give_exact(t);
    hg_feed__part_move(t->part, last->offset + 1, last->fingerprint);
    f->is_dispatching = false;
    end_writes(f);
    hg_feed__wake_ahead(f);
}

/* The position began at the log's end, which may be ahead of this batch. What
 * is below is not news, but it tells which record the position stands behind. */
static void pass_known(struct tail *t) {
    const struct hg_batch *batch = t->batch;
    while (t->first < batch->n && batch->entries[t->first].offset < t->part->next) {
        t->first++;
    }
    if (t->first > 0 && batch->entries[t->first - 1].offset + 1 == t->part->next) {
        hg_feed__part_move(t->part, t->part->next, batch->entries[t->first - 1].fingerprint);
    }
}

/* Where the loop's position jumps to begin, because the topic was made again
 * or because the log had no memory for a batch, nobody stays live: each
 * catches up from its own cursor, and reads what lies between. */
static void jump_to(struct hg_feed *f, const struct hg_feed__topic *t, struct hg_feed__part *part,
                    uint32_t epoch, uint64_t begin) {
    if (epoch > part->epoch) {
        hg_feed__kick(f, t);
        hg_feed__part_renew(part, epoch, begin);
    } else if (epoch == part->epoch && begin > part->next) {
        hg_feed__kick(f, t);
        hg_feed__part_move(part, begin, 0);
    }
}

/* The log is ahead of the loop. */
static void jump_to_end(struct hg_feed *f, struct hg_feed__topic *t, uint32_t partition) {
    struct hg_log_range range = {0};
    hg_log_topic_range(f->parts.log, t->id, partition, &range);
    jump_to(f, t, t->parts[partition], range.epoch, range.next);
    hg_feed__wake_ahead(f);
}

static void show(struct hg_feed *f, struct hg_feed__topic *topic, struct hg_batch *batch) {
    struct tail t = {.feed = f, .topic = topic, .batch = batch};
    t.part = topic->parts[batch->partition];
    if (batch->is_lost) {
        hg_feed__lose(f, topic, batch->partition, batch->next);
        return;
    }
    if (batch->n == 0) {
        jump_to_end(f, topic, batch->partition);
        return;
    }
    if (batch->epoch < t.part->epoch) {
        return; /* of the topic before: a read has told of the new one already */
    }
    jump_to(f, topic, t.part, batch->epoch, batch->entries[0].offset);
    pass_known(&t);
    hg_window_push(&t.part->window, batch);
    if (t.first < batch->n) {
        dispatch(&t);
    }
}

/* A topic that cannot be remembered has no subscriber here either; a partition
 * that cannot is begun at its first record later. */
void hg_feed_tail(struct hg_feed *f, struct hg_batch *batch) {
    struct hg_feed__topic *topic = hg_feed__topic(f, batch->topic);
    HG_ASSERT(!topic || batch->partition < topic->n_parts);
    if (topic && !hg_feed__gather_keeps(f, topic, batch)) {
        show(f, topic, batch);
    }
}

/* ----- its making ----- */

static int set_up(struct hg_feed *f, const struct hg_feed_setup *setup) {
    f->loop = setup->loop;
    f->parts.log = setup->log;
    f->parts.window_bytes_max = setup->window_bytes_max;
    f->reads_max = setup->reads_max > 0 ? setup->reads_max : 1;
    f->read_bytes_max = setup->read_bytes_max < UINT32_MAX ? setup->read_bytes_max : UINT32_MAX;
    if (hg_feed__state_init(f) || hg_feed__follow_init(f) || hg_feed__rest_init(f) ||
        hg_feed__gather_init(f, show) || hg_feed__beat_init(f) ||
        hg_buf_reserve(&f->frame, SCRATCH_BYTES) || hg_buf_reserve(&f->notice, SCRATCH_BYTES) ||
        hg_buf_reserve(&f->cursor, SCRATCH_BYTES)) {
        return HG_ENOMEM;
    }
    return 0;
}

int hg_feed_new(const struct hg_feed_setup *setup, struct hg_feed **ret) {
    struct hg_feed *f = hg_try_alloc(sizeof(*f));
    if (!f) {
        return HG_ENOMEM;
    }
    if (set_up(f, setup)) {
        hg_feed_free(&f);
        return HG_ENOMEM;
    }
    hg_feed_counters_register();
    *ret = f;
    return 0;
}

void hg_feed_free(struct hg_feed **pf) {
    struct hg_feed *f = *pf;
    *pf = NULL;
    if (!f) {
        return;
    }
    HG_ASSERT(f->n_live == 0 && f->n_catching == 0);
    hg_feed__read_abandon(f);
    hg_feed__follow_fini(f);
    hg_feed__rest_fini(f);
    hg_feed__gather_fini(f);
    hg_feed__beat_fini(f);
    hg_feed__state_fini(f);
    hg_feed__parts_fini(&f->parts);
    hg_buf_fini(&f->encoding);
    hg_buf_fini(&f->frame);
    hg_buf_fini(&f->notice);
    hg_buf_fini(&f->cursor);
    hg_free(f);
}

void hg_feed_count(const struct hg_feed *f, size_t *ret_live, size_t *ret_catching) {
    *ret_live = f->n_live;
    *ret_catching = f->n_catching;
}
