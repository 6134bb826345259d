/* SPDX-License-Identifier: Apache-2.0 */
/* gather.c - a topic's batches wait until nothing more of it is on its way,
 * WAIT_MS are over or there are many.
 *
 * A write to one of a crowd costs its connection some 8 us: WAIT_MS is about twice
 * what showing a batch to CROWD takes. */
#include "feed/gather.h"

#include "base/clock.h"
#include "feed/internal.h"

enum { CROWD = 200, WAIT_MS = 3, LOOK_MS = 1, BATCHES_MAX = 64 };

static bool is_busy(const struct hg_feed *f, const struct hg_feed__topic *t) {
    return hg_log_topic_is_busy(f->parts.log, t->id);
}

/* Those who want one subject or one type are not written to by every batch. */
static bool has_crowd(const struct hg_feed__topic *t) {
    size_t n = 0;
    HG_LIST_EACH(it, &t->index.plain) {
        if (++n == CROWD) {
            return true;
        }
    }
    return false;
}

static void release(struct hg_feed *f, struct hg_feed__topic *t) {
    struct hg_feed__gather *g = &t->gather;
    for (size_t i = 0; i < g->n; i++) {
        f->show(f, t, g->batches[i]);
        hg_batch_unref(&g->batches[i]);
    }
    if (g->n > 0) {
        g->n = 0;
        hg_list_remove(&g->node);
    }
}

static void on_timer(void *arg) {
    struct hg_feed *f = arg;
    int64_t now = hg_clock_mono_ms();
    HG_LIST_EACH(it, &f->gathering) {
        struct hg_feed__topic *t = HG_CONTAINER(it, struct hg_feed__topic, gather.node);
        if (now >= t->gather.until_ms || !is_busy(f, t)) {
            release(f, t);
        }
    }
    if (!hg_list_is_empty(&f->gathering)) {
        hg_timer_start(f->gather_timer, LOOK_MS);
    }
}

int hg_feed__gather_init(struct hg_feed *f, hg_feed__show_fn show) {
    hg_list_init(&f->gathering);
    f->show = show;
    f->gather_ms = WAIT_MS;
    f->gather_timer = f->is_tail_by_wish ? hg_timer_new(f->loop, on_timer, f) : NULL;
    return f->is_tail_by_wish && !f->gather_timer ? HG_ENOMEM : 0;
}

void hg_feed__gather_fini(struct hg_feed *f) {
    hg_timer_free(&f->gather_timer);
}

void hg_feed__gather_drop(struct hg_feed__gather *g) {
    for (size_t i = 0; i < g->n; i++) {
        hg_batch_unref(&g->batches[i]);
    }
    hg_free(g->batches);
}

static bool put(struct hg_feed *f, struct hg_feed__gather *g, struct hg_batch *batch) {
    if (!g->batches) {
        g->batches = hg_try_alloc(BATCHES_MAX * sizeof(struct hg_batch *));
    }
    if (!g->batches) {
        return false;
    }
    if (g->n == 0) {
        g->until_ms = hg_clock_mono_ms() + f->gather_ms;
        if (hg_list_is_empty(&f->gathering)) {
            hg_timer_start(f->gather_timer, LOOK_MS);
        }
        hg_list_append(&f->gathering, &g->node);
    }
    g->batches[g->n++] = hg_batch_ref(batch);
    return true;
}

bool hg_feed__gather_keeps(struct hg_feed *f, struct hg_feed__topic *t, struct hg_batch *batch) {
    if (!f->is_tail_by_wish) {
        return false;
    }
    if (t->gather.n < BATCHES_MAX && is_busy(f, t) && (t->gather.n > 0 || has_crowd(t)) &&
        put(f, &t->gather, batch)) {
        return true;
    }
    release(f, t);
    return false;
}
