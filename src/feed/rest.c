/* SPDX-License-Identifier: Apache-2.0 */
/* rest.c - how long a partition rests after reads that failed: twice as long
 * each time, until one succeeds. Who waits for it stands in feed.ahead. */
#include "feed/rest.h"

#include "feed/counters.h"
#include "feed/state.h"

enum { REST_MS = 50, REST_MAX_MS = 5000 };

static int64_t first_end(const struct hg_feed *f, int64_t now) {
    int64_t end = INT64_MAX;
    for (size_t i = 0; i < f->parts.n_topics; i++) {
        const struct hg_feed__topic *t = f->parts.topics[i];
        for (uint32_t k = 0; t && k < t->n_parts; k++) {
            const struct hg_feed__part *p = t->parts[k];
            if (p->rest_ms > 0 && p->rest_until_ms > now && p->rest_until_ms < end) {
                end = p->rest_until_ms;
            }
        }
    }
    return end;
}

static void arm(struct hg_feed *f, int64_t now) {
    int64_t end = first_end(f, now);
    if (end < INT64_MAX) {
        hg_timer_start(f->rest_timer, end - now);
    }
}

static void on_timer(void *arg) {
    struct hg_feed *f = arg;
    hg_feed__wake_ahead(f);
    arm(f, hg_clock_mono_ms());
}

int hg_feed__rest_init(struct hg_feed *f) {
    f->rest_timer = hg_timer_new(f->loop, on_timer, f);
    return f->rest_timer ? 0 : HG_ENOMEM;
}

void hg_feed__rest_fini(struct hg_feed *f) {
    hg_timer_free(&f->rest_timer);
}

void hg_feed__rest_try(struct hg_feed__part *p, uint64_t from) {
    p->is_tried = p->is_tried || (p->rest_ms > 0 && from >= p->rest_from);
}

static void rest(struct hg_feed *f, struct hg_feed__part *p, uint64_t from) {
    int64_t now = hg_clock_mono_ms();
    hg_counter_add(&hg_feed__reads_failed, 1);
    p->rest_from = p->rest_ms == 0 || from < p->rest_from ? from : p->rest_from;
    if (p->rest_ms > 0 && now < p->rest_until_ms) {
        return; /* one that was begun with the first that failed */
    }
    p->rest_ms = p->rest_ms == 0 ? REST_MS : p->rest_ms * 2;
    p->rest_ms = p->rest_ms < REST_MAX_MS ? p->rest_ms : REST_MAX_MS;
    p->rest_until_ms = now + p->rest_ms;
    arm(f, now);
}

void hg_feed__rest_note(struct hg_feed *f, struct hg_feed__part *p, uint64_t from, int err) {
    bool is_behind = from >= p->rest_from;
    p->is_tried = p->is_tried && !is_behind;
    if (err == HG_EAGAIN || err == HG_EIO) {
        rest(f, p, from);
    } else if (p->rest_ms > 0 && is_behind && err != HG_ENOMEM) {
        p->rest_ms = 0;
        hg_feed__wake_ahead(f);
    }
}
