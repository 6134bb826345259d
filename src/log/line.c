/* SPDX-License-Identifier: Apache-2.0 */
/* line.c - a queue for each topic of those that stand aside, by the time they
 * came. A publish of several topics stands in the queue of each and goes when it
 * is the first in all: the oldest of all always can, so nobody waits for ever. */
#include "log/line.h"

void hg_line_init(struct hg_line *line, const struct hg_topics *topics) {
    *line = (struct hg_line){.topics = topics};
    line->end = &line->first;
}

void hg_line_put(struct hg_line *line, struct hg_publish *p) {
    p->plan->serial = ++line->serial;
    p->plan->place = HG_PLACE_NEW;
    p->next = NULL;
    *line->end = p;
    line->end = &p->next;
}

void hg_line_back(struct hg_line *line, struct hg_publish *list) {
    if (list == NULL) {
        return;
    }
    struct hg_publish *last = list;
    while (last->next != NULL) {
        last = last->next;
    }
    last->next = line->first;
    line->end = line->first == NULL ? &last->next : line->end;
    line->first = list;
}

static struct hg_publish *pop(struct hg_line *line) {
    struct hg_publish *p = line->first;
    line->first = p->next;
    line->end = line->first == NULL ? &line->first : line->end;
    p->next = NULL;
    return p;
}

static struct hg_topic *topic_of(const struct hg_line *line, const struct hg_publish *p, size_t i) {
    return hg_topics_get(line->topics, p->items[i].topic);
}

static struct hg_publish *first_of(const struct hg_topic *topic) {
    return topic->aside_first != NULL ? topic->aside_first->reservation.owner : NULL;
}

static bool is_first_everywhere(const struct hg_line *line, const struct hg_publish *p) {
    for (size_t i = 0; i < p->n_items; i++) {
        if (first_of(topic_of(line, p, i)) != p) {
            return false;
        }
    }
    return true;
}

static bool has_taken_topic(const struct hg_line *line, const struct hg_publish *p) {
    for (size_t i = 0; line->n_aside > 0 && i < p->n_items; i++) {
        if (topic_of(line, p, i)->aside_first != NULL) {
            return true;
        }
    }
    return false;
}

/* Behind whoever came before it; mostly that is the last. Once in each queue:
 * the items of one publish are neighbours there. */
static void enqueue(struct hg_topic *topic, struct hg_plan_item *item) {
    const struct hg_publish *p = item->reservation.owner;
    struct hg_plan_item *before = topic->aside_last;
    if (before != NULL && before->reservation.owner->plan->serial > p->plan->serial) {
        struct hg_plan_item *at = topic->aside_first;
        for (before = NULL; at->reservation.owner->plan->serial <= p->plan->serial;) {
            before = at;
            at = at->behind;
        }
    }
    if (before != NULL && before->reservation.owner == p) {
        return;
    }
    struct hg_plan_item **link = before != NULL ? &before->behind : &topic->aside_first;
    item->behind = *link;
    *link = item;
    if (item->behind == NULL) {
        topic->aside_last = item;
    }
}

static void stand_aside(struct hg_line *line, struct hg_publish *p, enum hg_place place) {
    for (size_t i = 0; i < p->n_items; i++) {
        enqueue(topic_of(line, p, i), &p->plan->items[i]);
    }
    p->plan->place = place;
    line->n_aside++;
}

/* p is the first in all of its queues. Who is so now goes on. */
static void leave(struct hg_line *line, struct hg_publish *p) {
    for (size_t i = 0; i < p->n_items; i++) {
        struct hg_topic *topic = topic_of(line, p, i);
        if (first_of(topic) == p) {
            topic->aside_first = topic->aside_first->behind;
            topic->aside_last = topic->aside_first != NULL ? topic->aside_last : NULL;
        }
    }
    line->n_aside--;
    for (size_t i = 0; i < p->n_items; i++) {
        struct hg_publish *next = first_of(topic_of(line, p, i));
        if (next != NULL && next->plan->place == HG_PLACE_ASIDE &&
            is_first_everywhere(line, next)) {
            next->plan->place = HG_PLACE_DUE;
            next->next = NULL;
            hg_line_back(line, next);
        }
    }
}

/* Who waited for an id is older than all who stand aside, or stands there. */
static bool may_be_judged(struct hg_line *line, struct hg_publish *p) {
    if (p->plan->place == HG_PLACE_NEW && has_taken_topic(line, p)) {
        stand_aside(line, p, HG_PLACE_ASIDE);
        return false;
    }
    if (p->plan->place == HG_PLACE_DUE && !is_first_everywhere(line, p)) {
        p->plan->place = HG_PLACE_ASIDE; /* somebody older came back before it */
        return false;
    }
    return true;
}

struct hg_publish *hg_line_next(struct hg_line *line) {
    while (line->first != NULL) {
        struct hg_publish *p = pop(line);
        if (may_be_judged(line, p)) {
            return p;
        }
    }
    return NULL;
}

void hg_line_judged(struct hg_line *line, struct hg_publish *p, enum hg_verdict verdict) {
    bool is_aside = p->plan->place == HG_PLACE_DUE;
    if (verdict == HG_VERDICT_HOLD) {
        if (!is_aside) {
            stand_aside(line, p, HG_PLACE_DUE); /* its blocker gives it back */
        }
        return;
    }
    p->plan->place = HG_PLACE_FREE;
    if (is_aside) {
        leave(line, p);
    }
}
