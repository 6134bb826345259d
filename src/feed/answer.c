/* SPDX-License-Identifier: Apache-2.0 */
/* answer.c - collecting a pull.
 *
 *   collecting ──► full, or level with something to say ──► on_answer
 *       |
 *       └─ level with nothing ──► waiting (live) ── an event, a gap ──► on_answer
 *                                     └─ wait_ms is over ─────────────► on_answer
 *
 * Collecting has an end too: a filter that passes little over a long log must
 * not hold the answer until the client gives up and asks again from the same
 * place. An empty answer with a later cursor is progress. */
#include "feed/answer.h"

#include "feed/read.h"
#include "feed/set.h"
#include "feed/state.h"
#include "feed/subscriber.h"

enum { COLLECT_MS = 10000 };

int hg_feed__answer_new(const struct hg_subscription *s, struct hg_feed__answer **ret) {
    struct hg_feed__answer *a = hg_try_alloc(sizeof(*a));
    if (!a) {
        return HG_ENOMEM;
    }
    *a = (struct hg_feed__answer){
        .ops = s->ops,
        .arg = s->arg,
        .events_max = s->events_max > 0 ? s->events_max : 1,
        .bytes_max = s->bytes_max,
        .wait_ms = s->wait_ms,
    };
    hg_buf_reserve(&a->body, s->sink->prefix.len + s->sink->suffix.len);
    hg_buf_put_slice(&a->body, s->sink->prefix);
    if (a->body.is_failed) {
        hg_feed__answer_free(&a);
        return HG_ENOMEM;
    }
    *ret = a;
    return 0;
}

void hg_feed__answer_free(struct hg_feed__answer **pa) {
    if (*pa) {
        hg_buf_fini(&(*pa)->body);
        hg_free((*pa)->ends);
        hg_free(*pa);
        *pa = NULL;
    }
}

enum hg_feed__given hg_feed__answer_take(struct hg_subscriber *sub, struct hg_slice bytes,
                                         bool is_event) {
    struct hg_feed__answer *a = sub->answer;
    const struct hg_sink_ops *sink = sub->sink;
    bool is_first = a->body.len == sink->prefix.len;
    size_t need = (is_first ? 0 : sink->separator.len) + bytes.len + sink->suffix.len;
    bool is_over = !is_first && a->body.len + need > a->bytes_max;
    if (!is_over && hg_buf_reserve(&a->body, need)) {
        a->body.is_failed = false; /* what is there is whole */
        if (is_first) {
            return HG_FEED__NO_MEMORY;
        }
        is_over = true;
    }
    if (is_over) {
        a->is_full = true;
        return HG_FEED__NO_ROOM;
    }
    if (!is_first) {
        hg_buf_put_slice(&a->body, sink->separator);
    }
    hg_buf_put_slice(&a->body, bytes);
    a->n_events += is_event;
    a->is_full = a->n_events >= a->events_max || a->body.len + sink->suffix.len >= a->bytes_max;
    return HG_FEED__GIVEN;
}

void hg_feed__answer_gap(struct hg_subscriber *sub, const struct hg_notice *n, bool was_told) {
    struct hg_feed__answer *a = sub->answer;
    a->has_told = true;
    if (!was_told && a->ops->on_gap) {
        a->ops->on_gap(a->arg, n);
    }
}

/* The cursor is in memory of its own: on_answer may open the next subscriber
 * of the same connection, which uses the feed's. */
static bool give_answer(struct hg_subscriber *sub) {
    struct hg_feed__answer *a = sub->answer;
    struct hg_buf cursor = {0};
    hg_feed__cursor_put(sub, &cursor);
    if (cursor.is_failed) {
        hg_buf_fini(&cursor);
        return false;
    }
    hg_buf_put_slice(&a->body, sub->sink->suffix);
    hg_feed__subscriber_quiet(sub);
    a->is_answering = true;
    a->ops->on_answer(a->arg, hg_buf_slice(&a->body), a->n_events, hg_buf_slice(&cursor));
    hg_buf_fini(&cursor);
    hg_feed__subscriber_free(sub);
    return true;
}

bool hg_feed__answer_settle(struct hg_subscriber *sub, bool is_level) {
    struct hg_feed__answer *a = sub->answer;
    bool is_enough = a->is_full || a->is_over;
    if (!sub->is_opened) {
        return false;
    }
    if (is_level) {
        is_enough = is_enough || a->n_events > 0 || a->has_told || a->wait_ms <= 0;
    }
    if (is_enough) {
        return give_answer(sub);
    }
    if (is_level && !a->is_waiting) {
        a->is_waiting = true;
        hg_feed__wheel_add(&sub->feed->wheel, &sub->due, a->wait_ms);
    }
    return false;
}

/* Without memory it has what the loop has. */
static void note_ends(struct hg_subscriber *sub) {
    struct hg_feed__walk walk;
    struct hg_feed__cover *cover;
    uint32_t i;
    uint64_t *ends = hg_try_alloc(sub->set->n_places * sizeof(*ends));
    hg_feed__walk_begin(&walk, sub->set, 0);
    while (ends && hg_feed__walk_next(&walk, &cover, &i)) {
        struct hg_log_range range = {0};
        hg_log_topic_range(sub->feed->parts.log, cover->topic->id, i, &range);
        ends[&cover->places[i] - sub->set->places] = range.next;
    }
    sub->answer->ends = ends;
}

static uint64_t *end_at(const struct hg_feed__cover *cover, uint32_t i) {
    const struct hg_subscriber *sub = cover->sub;
    bool has_ends = sub->answer && sub->answer->ends;
    return has_ends ? &sub->answer->ends[&cover->places[i] - sub->set->places] : NULL;
}

uint64_t hg_feed__answer_end(const struct hg_feed__cover *cover, uint32_t i) {
    uint64_t next = hg_feed__part_of(cover, i)->next;
    const uint64_t *end = end_at(cover, i);
    return end && *end > next ? *end : next;
}

void hg_feed__answer_at_end(const struct hg_feed__cover *cover, uint32_t i) {
    uint64_t *end = end_at(cover, i);
    if (end) {
        *end = 0;
    }
}

void hg_feed__answer_let_go(struct hg_subscriber *sub) {
    if (sub->answer) {
        hg_free(sub->answer->ends);
        sub->answer->ends = NULL;
    }
}

void hg_feed__answer_start(struct hg_subscriber *sub, bool is_whole) {
    if (is_whole && sub->feed->is_tail_by_wish && sub->set->n_places > 0) {
        note_ends(sub);
    }
    hg_feed__wheel_add(&sub->feed->wheel, &sub->due, COLLECT_MS);
    hg_feed__queue(sub, &sub->feed->ready);
}

void hg_feed__answer_hurry(struct hg_subscriber *sub) {
    sub->answer->is_over = true;
    hg_feed__leave_live(sub);
    if (sub->is_opened) {
        hg_feed__read_cancel(sub);
    }
    hg_feed__queue(sub, &sub->feed->ready);
}

void hg_feed__answer_on_due(struct hg_subscriber *sub) {
    hg_feed__answer_hurry(sub);
}
