/* SPDX-License-Identifier: Apache-2.0 */
/* subscriber.c - opening and closing, and what edge/ may ask of an open one.
 * How it moves in between is state.c's. */
#include "feed/subscriber.h"

#include "feed/answer.h"
#include "feed/beat.h"
#include "feed/counters.h"
#include "feed/read.h"
#include "feed/set.h"
#include "feed/start.h"
#include "feed/state.h"
#include "feed/write.h"

enum { READ_BYTES_FIRST = 64 * 1024 };

static uint32_t clamp_u32(int64_t n) {
    return n <= 0 ? 0 : n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

static struct hg_subscriber *make(struct hg_feed *f, const struct hg_subscription *s) {
    struct hg_subscriber *sub = hg_try_alloc(sizeof(*sub));
    if (!sub) {
        return NULL;
    }
    HG_ASSERT(s->slot < HG_ENTRY_SLOTS);
    sub->feed = f;
    sub->sink = s->sink;
    sub->stream = s->stream;
    sub->filter = hg_filter_ref(s->filter);
    sub->is_pass_all = hg_filter_is_empty(s->filter);
    sub->slot = (uint8_t)s->slot;
    sub->heartbeat_ms = clamp_u32(s->heartbeat_ms);
    sub->retry_ms = clamp_u32(s->retry_ms);
    sub->read_bytes = f->read_bytes_max < READ_BYTES_FIRST ? (uint32_t)f->read_bytes_max
                                                           : (uint32_t)READ_BYTES_FIRST;
    sub->state = HG_FEED__CATCHING;
    hg_list_init(&sub->queue);
    hg_list_init(&sub->wrote);
    hg_list_init(&sub->moved);
    hg_list_append(&f->all, &sub->all);
    f->n_catching++;
    hg_counter_add(&hg_feed__catching, 1);
    return sub;
}

void hg_feed__subscriber_quiet(struct hg_subscriber *sub) {
    struct hg_feed *f = sub->feed;
    if (sub->state == HG_FEED__ENDED) {
        return;
    }
    hg_feed__leave_live(sub);
    hg_feed__read_cancel(sub);
    hg_feed__beat_stop(sub);
    hg_list_remove(&sub->queue);
    hg_list_remove(&sub->wrote);
    f->n_catching--;
    hg_counter_add(&hg_feed__catching, -1);
    sub->state = HG_FEED__ENDED;
}

void hg_feed__subscriber_free(struct hg_subscriber *sub) {
    hg_feed__subscriber_quiet(sub);
    hg_list_remove(&sub->all);
    hg_filter_unref(&sub->filter);
    hg_feed__set_free(&sub->set);
    hg_feed__answer_free(&sub->answer);
    hg_free(sub->strays);
    hg_free(sub);
}

int hg_subscriber_open(struct hg_feed *f, const struct hg_subscription *s,
                       struct hg_subscriber **ret) {
    struct hg_subscriber *sub = make(f, s);
    if (!sub) {
        return HG_ENOMEM;
    }
    bool is_answer = s->sink->framing == HG_SINK_ANSWER;
    sub->set = hg_feed__set_new(sub, s->topics, s->n_topics, NULL);
    if (!sub->set || hg_feed__start(sub, s) ||
        (is_answer && hg_feed__answer_new(s, &sub->answer))) {
        hg_feed__subscriber_free(sub);
        return HG_ENOMEM;
    }
    *ret = sub;
    if (is_answer) {
        hg_feed__answer_start(sub, s->start != HG_START_LATEST);
    } else {
        hg_feed__step(sub);
    }
    return 0;
}

void hg_subscriber_on_room(struct hg_subscriber *s) {
    /* One that waits in a queue is not waiting for room. */
    if (hg_list_is_empty(&s->queue)) {
        hg_feed__step(s);
    }
}

/* The new set keeps the places of now; it goes live by itself. */
static int change_set(struct hg_subscriber *s, const uint32_t *topics, size_t n) {
    hg_feed__leave_live(s);
    HG_ASSERT(n > 0 || s->set->n_covers == 0);
    struct hg_feed__set *set = hg_feed__set_new(s, topics, n, s->set);
    if (set) {
        hg_feed__read_cancel(s);
        hg_feed__answer_let_go(s);
        hg_feed__set_free(&s->set);
        s->set = set;
    }
    hg_feed__queue(s, &s->feed->ready);
    return set ? 0 : HG_ENOMEM;
}

bool hg_subscriber_has_topics(const struct hg_subscriber *s) {
    return s->set->n_covers > 0;
}

int hg_subscriber_set_topics(struct hg_subscriber *s, const uint32_t *topics, size_t n) {
    return s->state == HG_FEED__ENDED ? 0 : change_set(s, topics, n);
}

int hg_subscriber_add_topic(struct hg_subscriber *s, uint32_t topic) {
    struct hg_feed__topic *t = hg_feed__topic(s->feed, topic);
    size_t n = s->set->n_covers;
    if (s->state == HG_FEED__ENDED || (t && hg_feed__set_find(s->set, t))) {
        return 0;
    }
    uint32_t *topics = t ? hg_try_alloc((n + 1) * sizeof(*topics)) : NULL;
    if (!topics) {
        return HG_ENOMEM;
    }
    for (size_t c = 0; c < n; c++) {
        topics[c] = s->set->covers[c].topic->id;
    }
    topics[n] = topic;
    int err = change_set(s, topics, n + 1);
    hg_free(topics);
    struct hg_feed__cover *cover = err == 0 ? hg_feed__set_find(s->set, t) : NULL;
    for (uint32_t i = 0; cover && i < cover->n_places; i++) {
        hg_feed__place_first(s->feed, cover, i);
    }
    return err;
}

bool hg_subscriber_say_expiring(struct hg_subscriber *s, int64_t left_ms) {
    struct hg_notice n = {.kind = HG_NOTICE_EXPIRING, .left_ms = left_ms};
    if (s->state == HG_FEED__ENDED || s->answer) {
        return true; /* there is nobody to tell, or no place for it */
    }
    return s->is_opened && hg_feed__has_room(s) && hg_feed__tell(s, &n, true, NULL);
}

void hg_subscriber_say_closing(struct hg_subscriber *s, const char *reason, int64_t retry_ms) {
    if (s->state == HG_FEED__ENDED) {
        return;
    }
    if (s->answer) {
        hg_feed__answer_hurry(s);
        return;
    }
    struct hg_notice n = {.kind = HG_NOTICE_CLOSING, .reason = reason, .retry_ms = retry_ms};
    hg_feed__beat_pay(s);
    hg_feed__leave_live(s);
    /* Before it was opened it stands nowhere yet: the client asks again. */
    hg_feed__tell(s, &n, s->is_opened, NULL);
    hg_feed__subscriber_quiet(s);
}

void hg_subscriber_close(struct hg_subscriber **ps) {
    struct hg_subscriber *sub = *ps;
    *ps = NULL;
    /* Inside on_answer it is closed when that returns. */
    if (sub && !(sub->answer && sub->answer->is_answering)) {
        HG_ASSERT(!sub->feed->is_dispatching);
        hg_feed__subscriber_free(sub);
    }
}
