/* SPDX-License-Identifier: Apache-2.0 */
/* state.c - how a subscriber gets from CATCHING to LIVE and back.
 *
 *   hg_subscriber_open ──► CATCHING
 *   step:      CATCHING ─► resolve, tell what it was opened with, refill
 *                │            (each may end in a queue; the queue steps it again)
 *                │ level: for every partition its cursor is the loop's
 *                v
 *   enter_live: LIVE
 *                │ no room or memory; its topic was made again or grew;
 *                │ it covers other topics from now on; it is closing
 *                v
 *   leave_live: CATCHING, its cursor the loop's
 *
 * Why nothing is lost or repeated. The loop's position moves at the end of
 * hg_feed_tail, when every live subscriber was given what lies between, and
 * else only where hg_feed__kick has seen to it that nobody is live. A refill
 * gives each record from the cursor on, in offset order, and never one at or
 * behind the position. So a cursor reaches the position exactly, and step
 * runs enter_live only there. hg_feed_tail gives a live subscriber each
 * record from the position on. The one that does not fit is where leave_live
 * puts the cursor. */
#include "feed/state.h"

#include "feed/answer.h"
#include "feed/counters.h"
#include "feed/follow.h"
#include "feed/read.h"
#include "feed/refill.h"
#include "feed/set.h"
#include "feed/start.h"
#include "feed/subscriber.h"
#include "feed/write.h"

enum {
    LATER_MS = 50,
    READY_MAX = 64, /* steps in one turn of the loop */
};

void hg_feed__arm_later(struct hg_feed *f) {
    /* Not moved while it runs, or a stream of requests would put it off. */
    if (!f->is_later_armed) {
        f->is_later_armed = true;
        hg_timer_start(f->later_timer, LATER_MS);
    }
}

void hg_feed__queue(struct hg_subscriber *sub, struct hg_list *queue) {
    struct hg_feed *f = sub->feed;
    hg_list_remove(&sub->queue);
    if (queue == &f->ready && hg_list_is_empty(queue)) {
        hg_timer_start(f->ready_timer, 0);
    }
    if (queue == &f->later) {
        hg_feed__arm_later(f);
    }
    hg_list_append(queue, &sub->queue);
}

static void leave_index(struct hg_subscriber *sub) {
    for (size_t c = 0; c < sub->set->n_covers; c++) {
        hg_feed__index_remove(&sub->set->covers[c].interest);
    }
}

/* HG_ENOMEM: it stays out. */
static int enter_live(struct hg_subscriber *sub) {
    struct hg_feed *f = sub->feed;
    for (size_t c = 0; c < sub->set->n_covers; c++) {
        struct hg_feed__cover *cover = &sub->set->covers[c];
        if (hg_feed__index_add(&cover->topic->index, &cover->interest, sub->filter)) {
            leave_index(sub);
            return HG_ENOMEM;
        }
    }
    sub->state = HG_FEED__LIVE;
    f->n_catching--;
    f->n_live++;
    hg_counter_add(&hg_feed__catching, -1);
    hg_counter_add(&hg_feed__live, 1);
    return 0;
}

void hg_feed__leave_live(struct hg_subscriber *sub) {
    struct hg_feed *f = sub->feed;
    if (sub->state != HG_FEED__LIVE) {
        return;
    }
    leave_index(sub);
    struct hg_feed__walk walk;
    struct hg_feed__cover *cover;
    uint32_t i;
    hg_feed__walk_begin(&walk, sub->set, 0);
    while (hg_feed__walk_next(&walk, &cover, &i)) {
        hg_feed__place_at(&cover->places[i], hg_feed__part_of(cover, i));
    }
    sub->state = HG_FEED__CATCHING;
    f->n_live--;
    f->n_catching++;
    hg_counter_add(&hg_feed__live, -1);
    hg_counter_add(&hg_feed__catching, 1);
}

void hg_feed__kick(struct hg_feed *f, const struct hg_feed__topic *t) {
    HG_LIST_EACH(it, &f->all) {
        struct hg_subscriber *sub = HG_CONTAINER(it, struct hg_subscriber, all);
        if (sub->state == HG_FEED__LIVE && hg_feed__set_find(sub->set, t)) {
            hg_feed__leave_live(sub);
            hg_feed__queue(sub, &f->ready);
        }
    }
}

void hg_feed__wake_ahead(struct hg_feed *f) {
    while (!hg_list_is_empty(&f->ahead)) {
        hg_feed__queue(HG_CONTAINER(f->ahead.next, struct hg_subscriber, queue), &f->ready);
    }
}

static enum hg_feed__turn catch_up(struct hg_subscriber *sub) {
    if (!hg_feed__follow_settle(sub)) {
        return HG_FEED__IS_AHEAD;
    }
    enum hg_feed__turn turn = hg_feed__resolve(sub);
    if (turn == HG_FEED__LEVEL) {
        turn = hg_feed__say_start(sub);
    }
    if (turn == HG_FEED__LEVEL) {
        turn = hg_feed__refill(sub);
    }
    return turn;
}

void hg_feed__step(struct hg_subscriber *sub) {
    struct hg_feed *f = sub->feed;
    if (sub->state != HG_FEED__CATCHING || sub->read) {
        return;
    }
    HG_ASSERT(!f->is_dispatching); /* a stream's write never calls up */
    hg_list_remove(&sub->queue);
    if (hg_feed__set_settle(sub)) {
        hg_feed__queue(sub, &f->later);
        return;
    }
    enum hg_feed__turn turn = catch_up(sub);
    hg_feed__end_write(sub);
    hg_feed__count_deliveries(f);
    bool is_level = turn == HG_FEED__LEVEL || turn == HG_FEED__IS_AHEAD;
    if (sub->answer && hg_feed__answer_settle(sub, is_level)) {
        return;
    }
    if (turn == HG_FEED__LEVEL && enter_live(sub)) {
        turn = HG_FEED__WANTS_MEMORY;
    }
    switch (turn) {
    case HG_FEED__HAD_SHARE: /* of a place only */
    case HG_FEED__LEVEL:
    case HG_FEED__WANTS_ROOM:
        break;
    case HG_FEED__IS_AHEAD:
        hg_feed__queue(sub, &f->ahead);
        break;
    case HG_FEED__WANTS_READ:
        hg_feed__read_want(sub);
        break;
    case HG_FEED__WANTS_TURN:
        hg_feed__queue(sub, &f->ready);
        break;
    case HG_FEED__WANTS_MEMORY:
        hg_feed__queue(sub, &f->later);
        break;
    }
}

/* Those who are queued again meanwhile have their turn next time. */
static void on_ready_timer(void *arg) {
    struct hg_feed *f = arg;
    struct hg_list running;
    hg_list_init(&running);
    for (int i = 0; i < READY_MAX && !hg_list_is_empty(&f->ready); i++) {
        struct hg_list *node = f->ready.next;
        hg_list_remove(node);
        hg_list_append(&running, node);
    }
    while (!hg_list_is_empty(&running)) {
        struct hg_subscriber *sub = HG_CONTAINER(running.next, struct hg_subscriber, queue);
        hg_list_remove(&sub->queue);
        hg_feed__step(sub);
    }
    if (!hg_list_is_empty(&f->ready)) {
        hg_timer_start(f->ready_timer, 0);
    }
}

static void on_later_timer(void *arg) {
    struct hg_feed *f = arg;
    f->is_later_armed = false;
    while (!hg_list_is_empty(&f->later)) {
        hg_feed__queue(HG_CONTAINER(f->later.next, struct hg_subscriber, queue), &f->ready);
    }
    hg_feed__read_pump(f);
}

int hg_feed__state_init(struct hg_feed *f) {
    struct hg_list *lists[] = {&f->all,   &f->ready, &f->reading, &f->ahead,
                               &f->later, &f->wrote, &f->moved,   &f->reads};
    for (size_t i = 0; i < HG_COUNT(lists); i++) {
        hg_list_init(lists[i]);
    }
    f->ready_timer = hg_timer_new(f->loop, on_ready_timer, f);
    f->later_timer = hg_timer_new(f->loop, on_later_timer, f);
    return f->ready_timer && f->later_timer ? 0 : HG_ENOMEM;
}

void hg_feed__state_fini(struct hg_feed *f) {
    hg_timer_free(&f->ready_timer);
    hg_timer_free(&f->later_timer);
}
