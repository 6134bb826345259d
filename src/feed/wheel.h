/* SPDX-License-Identifier: Apache-2.0 */
/* wheel.h - many coarse deadlines on one timer. A hundred thousand idle
 * streams that each want a sign of life every 15 seconds cost one timer and
 * two pointers each. Knows nothing of what is due. */
#ifndef HG_FEED_WHEEL_H
#define HG_FEED_WHEEL_H

#include "base/list.h"
#include "headgate/loop.h"

enum { HG_FEED__TICK_MS = 100, HG_FEED__WHEEL_SLOTS = 512 };

/* Embedded in what is waiting. */
struct hg_feed__due {
    struct hg_list node;
    int64_t at_ms; /* on the loop's clock */
};

struct hg_feed__wheel {
    struct hg_loop *loop;
    struct hg_timer *timer; /* runs while anything waits */
    /* It has left the wheel, and may be added again. */
    void (*on_due)(void *arg, struct hg_feed__due *due);
    void *arg;
    int64_t tick; /* the last one that was handled */
    size_t n;
    struct hg_list slots[HG_FEED__WHEEL_SLOTS];
};

/* HG_ENOMEM. */
int hg_feed__wheel_init(struct hg_feed__wheel *w, struct hg_loop *loop,
                        void (*on_due)(void *arg, struct hg_feed__due *due), void *arg);
void hg_feed__wheel_fini(struct hg_feed__wheel *w);
/* Due after_ms from now, to within a tick, never early. Moves it if it waits. */
void hg_feed__wheel_add(struct hg_feed__wheel *w, struct hg_feed__due *due, int64_t after_ms);
/* Harmless when it does not wait; zeroed never waited. */
void hg_feed__wheel_remove(struct hg_feed__wheel *w, struct hg_feed__due *due);

#endif
