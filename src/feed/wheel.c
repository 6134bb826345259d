/* SPDX-License-Identifier: Apache-2.0 */
/* wheel.c - a hashed timer wheel: an item lies in the slot of the tick at
 * which it is due, and waits there for further turns of the wheel when that
 * is more than one away. A tick looks at one slot. */
#include "feed/wheel.h"

static int64_t now_of(const struct hg_feed__wheel *w) {
    return hg_loop_now_ms(w->loop);
}

static bool is_waiting(const struct hg_feed__due *due) {
    return due->node.next && !hg_list_is_empty(&due->node);
}

static void put(struct hg_feed__wheel *w, struct hg_feed__due *due) {
    int64_t tick = (due->at_ms + HG_FEED__TICK_MS - 1) / HG_FEED__TICK_MS;
    if (tick <= w->tick) {
        tick = w->tick + 1;
    }
    hg_list_append(&w->slots[(uint64_t)tick % HG_FEED__WHEEL_SLOTS], &due->node);
}

/* The slot is emptied first: on_due may add to it or remove from it. */
static void handle_slot(struct hg_feed__wheel *w, struct hg_list *slot, int64_t now_ms) {
    struct hg_list firing;
    hg_list_init(&firing);
    while (!hg_list_is_empty(slot)) {
        struct hg_list *node = slot->next;
        hg_list_remove(node);
        hg_list_append(&firing, node);
    }
    while (!hg_list_is_empty(&firing)) {
        struct hg_feed__due *due = HG_CONTAINER(firing.next, struct hg_feed__due, node);
        hg_list_remove(&due->node);
        if (due->at_ms > now_ms) {
            put(w, due);
        } else {
            w->n--;
            w->on_due(w->arg, due);
        }
    }
}

static void on_tick(void *arg) {
    struct hg_feed__wheel *w = arg;
    int64_t now_ms = now_of(w);
    int64_t upto = now_ms / HG_FEED__TICK_MS;
    if (upto - w->tick > HG_FEED__WHEEL_SLOTS) {
        /* The loop stood still for more than a turn: each slot once. */
        w->tick = upto - HG_FEED__WHEEL_SLOTS;
    }
    while (w->tick < upto) {
        w->tick++;
        handle_slot(w, &w->slots[(uint64_t)w->tick % HG_FEED__WHEEL_SLOTS], now_ms);
    }
    if (w->n > 0) {
        hg_timer_start(w->timer, HG_FEED__TICK_MS);
    }
}

int hg_feed__wheel_init(struct hg_feed__wheel *w, struct hg_loop *loop,
                        void (*on_due)(void *arg, struct hg_feed__due *due), void *arg) {
    struct hg_timer *timer = hg_timer_new(loop, on_tick, w);
    if (!timer) {
        return HG_ENOMEM;
    }
    *w = (struct hg_feed__wheel){.loop = loop, .timer = timer, .on_due = on_due, .arg = arg};
    for (size_t i = 0; i < HG_FEED__WHEEL_SLOTS; i++) {
        hg_list_init(&w->slots[i]);
    }
    return 0;
}

void hg_feed__wheel_fini(struct hg_feed__wheel *w) {
    HG_ASSERT(w->n == 0);
    hg_timer_free(&w->timer);
}

void hg_feed__wheel_add(struct hg_feed__wheel *w, struct hg_feed__due *due, int64_t after_ms) {
    hg_feed__wheel_remove(w, due);
    int64_t now_ms = now_of(w);
    if (w->n == 0) {
        w->tick = now_ms / HG_FEED__TICK_MS;
        hg_timer_start(w->timer, HG_FEED__TICK_MS);
    }
    due->at_ms = now_ms + after_ms;
    hg_list_init(&due->node);
    put(w, due);
    w->n++;
}

void hg_feed__wheel_remove(struct hg_feed__wheel *w, struct hg_feed__due *due) {
    if (is_waiting(due)) {
        hg_list_remove(&due->node);
        w->n--;
    }
}
