/* SPDX-License-Identifier: Apache-2.0 */
/* judge.c - the verdict over a publish and its settlement. */
#include "log/judge.h"

#include "log/counters.h"

static struct hg_position position_at(const struct hg_judge *j, uint32_t topic, uint32_t partition,
                                      uint64_t offset, uint32_t fingerprint) {
    const struct hg_topic *t = hg_topics_get(j->topics, topic);
    return (struct hg_position){
        .topic_tag = t->tag,
        .epoch = atomic_load_explicit(&t->epoch, memory_order_acquire),
        .partition = (uint16_t)partition,
        .offset = offset,
        .fingerprint = fingerprint,
    };
}

/* Undo what this judgement reserved. Nobody can be waiting for it yet. */
static void release_all(struct hg_judge *j, struct hg_publish *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct hg_plan_item *item = &p->plan->items[i];
        if (item->is_reserved) {
            (void)hg_pending_release(&j->pending, &item->reservation);
            item->is_reserved = false;
        }
    }
}

static enum hg_verdict refuse(struct hg_judge *j, struct hg_publish *p, size_t at) {
    release_all(j, p, at);
    for (size_t i = 0; i < p->n_items; i++) {
        p->items[i].stored = i == at ? HG_STORED_OTHER : HG_STORED_NOT;
    }
    p->err = HG_ECONFLICT;
    p->at = at;
    hg_counter_add(&hg_log_events_conflict, (int64_t)p->n_items);
    return HG_VERDICT_ANSWER;
}

/* One item: fills its state, or names whom to wait for. HG_ECONFLICT. */
static int judge_item(struct hg_judge *j, struct hg_publish *p, size_t i, int32_t now,
                      struct hg_reservation **ret_blocker) {
    struct hg_plan_item *item = &p->plan->items[i];
    struct hg_reservation *mine = &item->reservation;
    item->state = HG_PLAN_NEW;
    item->is_reserved = false;
    if (j->dedup == NULL || p->items[i].is_dedup_off || p->items[i].event == NULL) {
        return 0;
    }
    struct hg_reservation *r = hg_pending_find(&j->pending, &mine->identity);
    if (r != NULL && r->owner != p) {
        item->state = HG_PLAN_PENDING;
        *ret_blocker = r;
        return 0;
    }
    if (r != NULL) {
        item->state = HG_PLAN_ALIAS;
        item->index = (size_t)(HG_CONTAINER(r, struct hg_plan_item, reservation) - p->plan->items);
        return r->digest == mine->digest ? 0 : HG_ECONFLICT;
    }
    const struct hg_dedup_entry *e = hg_dedup_find(j->dedup, &mine->identity, now);
    if (e != NULL) {
        item->state = HG_PLAN_BEFORE;
        p->items[i].position = position_at(j, e->topic, e->partition, e->offset, e->fingerprint);
        return e->digest == mine->digest ? 0 : HG_ECONFLICT;
    }
    hg_pending_reserve(&j->pending, mine);
    item->is_reserved = true;
    return 0;
}

static uint64_t known_next(const struct hg_judge *j, const struct hg_append_item *append) {
    return hg_topic_part(hg_topics_get(j->topics, append->topic), append->partition)->known_next;
}

/* Move the records that are new to the front of the append. */
static enum hg_verdict make_append(const struct hg_judge *j, struct hg_publish *p) {
    struct hg_plan *plan = p->plan;
    size_t n = 0;
    for (size_t i = 0; i < p->n_items; i++) {
        if (plan->items[i].state == HG_PLAN_NEW) {
            if (n != i) {
                plan->appends[n] = plan->appends[i];
            }
            if (j->is_by_item) { /* of what the driver forgets to tell nobody knows */
                plan->appends[n].err = HG_EDOUBT;
            }
            plan->items[i].after = known_next(j, &plan->appends[n]);
            plan->items[i].index = n++;
        }
    }
    plan->sending.append = (struct hg_append){
        .items = plan->appends,
        .n_items = n,
        .refused = SIZE_MAX,
        .is_whole = p->is_whole,
    };
    return HG_VERDICT_APPEND;
}

void hg_judge_turn_back(struct hg_publish *p) {
    p->err = HG_EAGAIN;
    p->at = SIZE_MAX;
    for (size_t i = 0; i < p->n_items; i++) {
        enum hg_plan_state state = p->plan->items[i].state;
        p->items[i].stored = state == HG_PLAN_PENDING  ? HG_STORED_DOUBT
                             : state == HG_PLAN_BEFORE ? HG_STORED_BEFORE
                                                       : HG_STORED_NOT;
        p->err = state == HG_PLAN_PENDING ? HG_EDOUBT : p->err;
    }
    hg_counter_add(&hg_log_events_refused, (int64_t)p->n_items);
}

/* Behind what is overdue in its partition, or together with it, it would hold up
 * its topic for nobody knows how long. */
static bool is_kept_back(const struct hg_judge *j, const struct hg_publish *p, size_t i,
                         const struct hg_reservation *waits_for) {
    const struct hg_append_item *append = &p->plan->appends[i];
    if (waits_for != NULL) {
        return waits_for->owner->plan->is_overdue;
    }
    return p->plan->items[i].state == HG_PLAN_NEW &&
           hg_topic_part(hg_topics_get(j->topics, append->topic), append->partition)->n_overdue > 0;
}

enum hg_verdict hg_judge(struct hg_judge *j, struct hg_publish *p, int32_t now) {
    struct hg_reservation *blocker = NULL;
    size_t n_new = 0, n_kept_back = 0;
    for (size_t i = 0; i < p->n_items; i++) {
        struct hg_reservation *waits_for = NULL;
        if (judge_item(j, p, i, now, &waits_for) != 0) {
            return refuse(j, p, i);
        }
        blocker = waits_for != NULL ? waits_for : blocker;
        n_new += p->plan->items[i].state == HG_PLAN_NEW;
        n_kept_back += j->is_late && is_kept_back(j, p, i, waits_for);
    }
    if (n_new > 0 && n_kept_back > 0) {
        release_all(j, p, p->n_items);
        hg_judge_turn_back(p);
        return HG_VERDICT_ANSWER;
    }
    if (blocker != NULL) {
        release_all(j, p, p->n_items);
        hg_pending_wait(blocker, p);
        return n_new > 0 ? HG_VERDICT_HOLD : HG_VERDICT_WAIT;
    }
    if (n_new > 0) {
        return make_append(j, p);
    }
    for (size_t i = 0; i < p->n_items; i++) {
        p->items[i].stored = HG_STORED_BEFORE;
    }
    p->err = 0;
    p->at = 0;
    hg_counter_add(&hg_log_events_duplicate, (int64_t)p->n_items);
    return HG_VERDICT_ANSWER;
}

/* The record is durable: tell where, and remember its id. */
static void settle_stored(struct hg_judge *j, struct hg_publish_item *item,
                          const struct hg_plan_item *plan, const struct hg_append_item *append,
                          int32_t now) {
    const struct hg_record *record = &append->record;
    struct hg_slice id = {0};
    if (record->event != NULL) {
        id = hg_event_core(record->event, HG_ATTR_ID);
    }
    uint32_t fingerprint = hg_position_fingerprint(record->log_time_ms, id);
    struct hg_topic *topic = hg_topics_get(j->topics, append->topic);
    if (j->is_read_back &&
        record->offset < plan->after) { /* what was acknowledged before it is gone */
        hg_topic_part(topic, append->partition)->is_cut = j->has_cut = true;
    }
    hg_topic_know(topic, append->partition, record->offset, fingerprint);
    if (j->is_tail_late) {
        hg_topic_raise_next(topic, append->partition, record->offset + 1);
    }
    item->stored = HG_STORED_NEW;
    item->position = position_at(j, append->topic, append->partition, record->offset, fingerprint);
    /* One that was overdue may have been read meanwhile (recall.h). */
    bool is_known =
        plan->is_overdue && hg_dedup_find(j->dedup, &plan->reservation.identity, now) != NULL;
    if (plan->is_reserved && !is_known) {
        hg_dedup_add(j->dedup, &(struct hg_dedup_entry){
                                   .identity = plan->reservation.identity,
                                   .digest = plan->reservation.digest,
                                   .offset = record->offset,
                                   .topic = append->topic,
                                   .fingerprint = fingerprint,
                                   .seconds = now,
                                   .partition = (uint16_t)append->partition,
                               });
    }
}

/* The item that the driver named; SIZE_MAX: none. */
static size_t find_refused(const struct hg_publish *p) {
    for (size_t i = 0; i < p->n_items; i++) {
        const struct hg_plan_item *item = &p->plan->items[i];
        if (item->state == HG_PLAN_NEW && item->index == p->plan->sending.append.refused) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* Events by what became of them. */
struct tally {
    int64_t stored, before, conflict, failed;
};

static void add_some(struct hg_counter *counter, int64_t n) {
    if (n != 0) {
        hg_counter_add(counter, n);
    }
}

static void count(const struct tally *t) {
    add_some(&hg_log_events_stored, t->stored);
    add_some(&hg_log_events_duplicate, t->before);
    add_some(&hg_log_events_conflict, t->conflict);
    add_some(&hg_log_events_failed, t->failed);
}

static void tally(struct tally *t, enum hg_stored stored, int err) {
    t->stored += stored == HG_STORED_NEW;
    t->before += stored == HG_STORED_BEFORE;
    t->conflict += err == HG_ECONFLICT;
    t->failed += err != 0 && err != HG_ECONFLICT;
}

/* It may be stored: whoever sends the id again is told what the log says. */
static void doubt(struct hg_judge *j, const struct hg_publish *p, const struct hg_plan_item *plan) {
    if (j->is_read_back && plan->is_reserved) {
        const struct hg_append_item *append = &p->plan->sending.append.items[plan->index];
        hg_topic_doubt(hg_topics_get(j->topics, append->topic), append->partition, plan->after);
    }
}

/* One item and its result, which is that of its original for an alias. */
static void settle_item(struct hg_judge *j, struct hg_publish *p, size_t i, int err, int32_t now) {
    struct hg_publish_item *item = &p->items[i];
    struct hg_plan_item *plan = &p->plan->items[i];
    if (plan->state == HG_PLAN_BEFORE) {
        item->stored = HG_STORED_BEFORE;
    } else if (err == HG_EDOUBT) {
        item->stored = HG_STORED_DOUBT;
        doubt(j, p, plan);
    } else if (err != 0) {
        item->stored = HG_STORED_NOT;
    } else if (plan->state == HG_PLAN_ALIAS) { /* its original stands before it */
        item->stored = HG_STORED_BEFORE;
        item->position = p->items[plan->index].position;
    } else {
        settle_stored(j, item, plan, &p->plan->sending.append.items[plan->index], now);
    }
}

static int err_of(const struct hg_publish *p, size_t i) {
    const struct hg_plan_item *plan = &p->plan->items[i];
    if (plan->state == HG_PLAN_BEFORE) {
        return 0;
    }
    plan = plan->state == HG_PLAN_ALIAS ? &p->plan->items[plan->index] : plan;
    return p->plan->sending.append.items[plan->index].err;
}

static bool is_at_fault(int err) {
    return err == HG_ECONFLICT || err == HG_E2BIG || err == HG_EINVAL || err == HG_EDENIED;
}

/* Doubt is told before anything else, then the first failure. */
static void note_worst(struct hg_publish *p, size_t i, int err) {
    if (err != 0 && p->err != HG_EDOUBT && (p->err == 0 || err == HG_EDOUBT)) {
        p->err = err;
        p->at = is_at_fault(err) ? i : SIZE_MAX;
    }
}

/* All have the result of one when a driver refused them for it. */
static void note_refused(struct hg_publish *p) {
    size_t i = is_at_fault(p->err) ? find_refused(p) : SIZE_MAX;
    if (i != SIZE_MAX && err_of(p, i) == p->err) {
        p->at = i;
    }
}

/* Gives the end of the list, which has more of them behind it. */
static struct hg_publish **add_waiters(struct hg_publish **end, struct hg_publish *more) {
    *end = more;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    return end;
}

static struct hg_publish *settle(struct hg_judge *j, struct hg_publish *p, bool is_by_item, int err,
                                 int32_t now) {
    struct hg_publish *waiters = NULL, **end = &waiters;
    struct tally sum = {0};
    p->err = is_by_item ? 0 : err;
    p->at = is_by_item || err == 0 ? 0 : find_refused(p);
    for (size_t i = 0; i < p->n_items; i++) {
        struct hg_plan_item *plan = &p->plan->items[i];
        if (is_by_item) {
            err = err_of(p, i);
            note_worst(p, i, err);
        }
        settle_item(j, p, i, err, now);
        tally(&sum, p->items[i].stored, plan->state == HG_PLAN_BEFORE ? 0 : err);
        if (plan->is_reserved) {
            end = add_waiters(end, hg_pending_release(&j->pending, &plan->reservation));
        }
    }
    if (is_by_item) {
        note_refused(p);
    }
    count(&sum);
    return waiters;
}

static uint32_t *overdue_of(const struct hg_judge *j, const struct hg_append_item *append) {
    return &hg_topic_part(hg_topics_get(j->topics, append->topic), append->partition)->n_overdue;
}

/* What the driver had not told when p was answered. */
static struct hg_publish *settle_overdue(struct hg_judge *j, struct hg_publish *p, int32_t now) {
    struct hg_publish *waiters = NULL, **end = &waiters;
    for (size_t i = 0; i < p->n_items; i++) {
        struct hg_plan_item *plan = &p->plan->items[i];
        if (!plan->is_overdue) {
            continue;
        }
        settle_item(j, p, i, err_of(p, i), now);
        plan->is_overdue = false;
        --*overdue_of(j, &p->plan->appends[plan->index]);
        hg_counter_add(&hg_log_overdue, -1);
        if (plan->is_reserved) {
            end = add_waiters(end, hg_pending_release(&j->pending, &plan->reservation));
        }
    }
    return waiters;
}

/* Which items the driver has told is looked at once: it goes on telling. */
static size_t find_overdue(struct hg_judge *j, struct hg_publish *p) {
    size_t n = 0;
    for (size_t i = 0; i < p->n_items; i++) {
        struct hg_plan_item *plan = &p->plan->items[i];
        if (plan->state == HG_PLAN_NEW) {
            struct hg_append_item *append = &p->plan->appends[plan->index];
            plan->is_overdue = !atomic_load_explicit(&append->is_told, memory_order_acquire);
            *overdue_of(j, append) += plan->is_overdue;
            n += plan->is_overdue;
        }
    }
    return n;
}

static bool is_overdue(const struct hg_publish *p, size_t i) {
    const struct hg_plan_item *plan = &p->plan->items[i];
    return plan->state == HG_PLAN_ALIAS ? p->plan->items[plan->index].is_overdue : plan->is_overdue;
}

struct hg_publish *hg_judge_overdue(struct hg_judge *j, struct hg_publish *p, int32_t now) {
    struct hg_publish *waiters = NULL, **end = &waiters;
    struct tally sum = {0};
    p->err = 0;
    p->at = 0;
    add_some(&hg_log_overdue, (int64_t)find_overdue(j, p));
    for (size_t i = 0; i < p->n_items; i++) {
        struct hg_plan_item *plan = &p->plan->items[i];
        struct hg_reservation *r = plan->is_reserved ? &plan->reservation : NULL;
        bool is_late = is_overdue(p, i);
        int err = is_late ? HG_EDOUBT : err_of(p, i);
        if (is_late) {
            p->items[i].stored = HG_STORED_DOUBT;
        } else {
            settle_item(j, p, i, err, now);
            plan->is_reserved = false;
        }
        note_worst(p, i, err);
        tally(&sum, p->items[i].stored, plan->state == HG_PLAN_BEFORE ? 0 : err);
        if (r != NULL) {
            end =
                add_waiters(end, is_late ? hg_pending_part(r) : hg_pending_release(&j->pending, r));
        }
    }
    count(&sum);
    return waiters;
}

struct hg_publish *hg_judge_settle(struct hg_judge *j, struct hg_publish *p, int err, int32_t now) {
    if (p->plan->is_overdue) {
        return settle_overdue(j, p, now);
    }
    return settle(j, p, j->is_by_item, err, now);
}

struct hg_publish *hg_judge_refuse(struct hg_judge *j, struct hg_publish *p, int err, int32_t now) {
    return settle(j, p, false, err, now);
}

void hg_judge_turn_away(struct hg_publish *p, int err) {
    for (size_t i = 0; i < p->n_items; i++) {
        p->items[i].stored = HG_STORED_NOT;
    }
    p->err = err;
    p->at = SIZE_MAX;
    hg_counter_add(&hg_log_events_refused, (int64_t)p->n_items);
}
