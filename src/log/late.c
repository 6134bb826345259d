/* SPDX-License-Identifier: Apache-2.0 */
/* late.c - a publish that is overdue goes back to its owner; another one that
 * nobody is asked about takes its place, with what the driver still needs. */
#include "log/late.h"

#include "base/clock.h"
#include "log/inner.h"

enum { NO_MEMORY_MS = 1000 };

/* In the place of the publish that was answered. */
struct stand_in {
    struct hg_publish p;
    struct hg_publish_item items[];
};

static struct hg_plan *plan_of(struct hg_list *node) {
    return HG_CONTAINER(node, struct hg_plan, late);
}

void hg_late_init(struct hg_log *log) {
    struct hg_late *l = &log->late;
    bool is_late = (log->ops->caps & HG_LOG_LATE) != 0;
    HG_ASSERT(!is_late || log->thread.judge.is_by_item);
    hg_list_init(&l->waits);
    hg_list_init(&l->overdue);
    l->answer_ms = is_late ? log->ops->answer_ms(log->driver) : 0;
    log->thread.judge.is_late = l->answer_ms > 0;
}

void hg_late_come(struct hg_log *log, struct hg_publish *p) {
    if (log->late.answer_ms > 0) {
        p->plan->due_ms = hg_clock_mono_ms() + log->late.answer_ms;
    }
}

void hg_late_begin(struct hg_log *log, struct hg_publish *p) {
    if (log->late.answer_ms > 0) {
        p->plan->due_ms = hg_clock_mono_ms() + log->late.answer_ms;
        hg_list_append(&log->late.waits, &p->plan->late);
    }
}

int64_t hg_late_due_ms(const struct hg_log *log) {
    const struct hg_list *waits = &log->late.waits;
    return hg_list_is_empty(waits) ? INT64_MAX : plan_of(waits->next)->due_ms;
}

/* The events stay, and all else that p has is its owner's. */
static void take_over(struct stand_in *s, struct hg_publish *p) {
    struct hg_plan *plan = p->plan;
    s->p = *p;
    s->p.items = s->items;
    p->plan = NULL;
    plan->owner = &s->p;
    for (size_t i = 0; i < p->n_items; i++) {
        s->items[i] = (struct hg_publish_item){.topic = p->items[i].topic};
        plan->items[i].reservation.owner = &s->p;
        plan->appends[i].record.key = (struct hg_slice){0};
        plan->appends[i].record.headers = NULL;
        plan->appends[i].record.n_headers = 0;
        if (p->items[i].event != NULL) {
            s->items[i].event = hg_event_ref(p->items[i].event);
        }
    }
}

static void drop(struct stand_in **ps) {
    struct stand_in *s = *ps;
    for (size_t i = 0; i < s->p.n_items; i++) {
        hg_event_unref(&s->items[i].event);
    }
    hg_plan_free(&s->p.plan);
    hg_free(s);
    *ps = NULL;
}

static void let_go(struct hg_log *log, struct hg_publish *p) {
    struct hg_log_thread *t = &log->thread;
    struct hg_plan *plan = p->plan;
    struct stand_in *s = hg_try_alloc(sizeof *s + p->n_items * sizeof s->items[0]);
    hg_list_remove(&plan->late);
    if (s == NULL) {
        plan->due_ms += NO_MEMORY_MS;
        hg_list_append(&log->late.waits, &plan->late);
        return;
    }
    struct hg_publish *waiters = hg_judge_overdue(&t->judge, p, t->now_s);
    plan->is_overdue = true;
    take_over(s, p);
    hg_list_append(&log->late.overdue, &plan->late);
    t->in_flight--;
    t->has_failed = true;
    hg_line_back(&t->line, waiters);
    hg_log_thread__hand_back(log, p);
}

void hg_late_run(struct hg_log *log, int64_t now_ms) {
    if (hg_late_due_ms(log) <= now_ms) { /* what it holds back still has all of its records */
        log->ops->flush(log->driver);
    }
    while (hg_late_due_ms(log) <= now_ms) {
        let_go(log, plan_of(log->late.waits.next)->owner);
    }
}

bool hg_late_end(struct hg_log *log, struct hg_publish *p) {
    if (log->late.answer_ms == 0) {
        return false;
    }
    hg_list_remove(&p->plan->late);
    if (!p->plan->is_overdue) {
        return false;
    }
    struct stand_in *s = HG_CONTAINER(p, struct stand_in, p);
    hg_admit_leave(&log->admit, p);
    drop(&s);
    return true;
}

/* Those of a list that are due are answered; gives back the others. */
static struct hg_publish *answer_due(struct hg_log *log, struct hg_publish *waiters,
                                     int64_t now_ms) {
    struct hg_publish *left = NULL, **end = &left;
    while (waiters != NULL) {
        struct hg_publish *p = waiters;
        waiters = p->next;
        p->next = NULL;
        if (p->plan->due_ms <= now_ms) {
            hg_judge_turn_back(p);
            hg_log_thread__answer(log, p);
        } else {
            *end = p;
            end = &p->next;
        }
    }
    return left;
}

static void look_at(struct hg_log *log, struct hg_plan *plan, int64_t now_ms) {
    for (size_t i = 0; i < plan->owner->n_items; i++) {
        struct hg_plan_item *item = &plan->items[i];
        struct hg_publish *left = NULL;
        if (item->is_reserved) {
            left = answer_due(log, hg_pending_part(&item->reservation), now_ms);
        }
        while (left != NULL) {
            struct hg_publish *next = left->next;
            hg_pending_wait(&item->reservation, left);
            left = next;
        }
    }
}

void hg_late_tick(struct hg_log *log, int64_t now_ms) {
    HG_LIST_EACH(it, &log->late.overdue) {
        look_at(log, plan_of(it), now_ms);
    }
}

void hg_late_stop(struct hg_log *log) {
    hg_late_tick(log, INT64_MAX);
}
