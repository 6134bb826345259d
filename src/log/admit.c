/* SPDX-License-Identifier: Apache-2.0 */
/* admit.c - bytes on their way, counted up on loops and down on the log
 * thread. */
#include "log/admit.h"

#include "log/counters.h"

enum { RETRY_MAX_S = 60, RETRY_STUCK_S = 10 };

/* Of the items from i on those of one topic, mostly all. */
struct run {
    struct hg_topic *topic;
    size_t bytes;
    size_t end; /* the item after it */
};

static struct run run_from(const struct hg_admit *a, const struct hg_publish *p, size_t i) {
    struct run run = {.topic = hg_topics_get(a->topics, p->items[i].topic)};
    for (; i < p->n_items && p->items[i].topic == run.topic->id; i++) {
        run.bytes += p->plan->items[i].bytes;
    }
    run.end = i;
    return run;
}

/* One publish is let in whatever its size when nothing else waits: the limit
 * bounds the queue, not an event. */
static bool add(_Atomic size_t *bytes, size_t n, size_t max, const struct hg_publish *p) {
    size_t after = n + atomic_fetch_add_explicit(bytes, n, memory_order_relaxed);
    return after <= max || after <= p->bytes;
}

static void take_back(_Atomic size_t *bytes, size_t n) {
    atomic_fetch_sub_explicit(bytes, n, memory_order_relaxed);
}

static void leave_topics(const struct hg_admit *a, const struct hg_publish *p, size_t end) {
    for (size_t i = 0; i < end;) {
        struct run run = run_from(a, p, i);
        take_back(&run.topic->queued_bytes, run.bytes);
        i = run.end;
    }
}

static bool enter_topics(const struct hg_admit *a, const struct hg_publish *p) {
    for (size_t i = 0; i < p->n_items;) {
        struct run run = run_from(a, p, i);
        i = run.end;
        if (!add(&run.topic->queued_bytes, run.bytes, a->topic_bytes_max, p)) {
            leave_topics(a, p, i);
            return false;
        }
    }
    return true;
}

bool hg_admit_enter(struct hg_admit *a, const struct hg_publish *p) {
    if (!add(&a->bytes, p->bytes, a->bytes_max, p) ||
        (a->topic_bytes_max > 0 && !enter_topics(a, p))) {
        take_back(&a->bytes, p->bytes);
        return false;
    }
    hg_counter_add(&hg_log_queue_bytes, (int64_t)p->bytes);
    return true;
}

static size_t stored_bytes(const struct hg_publish *p, size_t i, size_t end) {
    size_t bytes = 0;
    for (; i < end; i++) {
        bytes += p->items[i].stored == HG_STORED_NEW ? p->plan->items[i].bytes : 0;
    }
    return bytes;
}

void hg_admit_leave(struct hg_admit *a, const struct hg_publish *p) {
    take_back(&a->bytes, p->bytes);
    hg_counter_add(&hg_log_queue_bytes, -(int64_t)p->bytes);
    for (size_t i = 0; a->topic_bytes_max > 0 && i < p->n_items;) {
        struct run run = run_from(a, p, i);
        take_back(&run.topic->queued_bytes, run.bytes);
        run.topic->stored_bytes += (int64_t)stored_bytes(p, i, run.end);
        i = run.end;
    }
}

/* A topic that nobody writes to keeps the rate that it had. */
static void guess(struct hg_topic *topic, int64_t elapsed_ms) {
    int64_t queued = (int64_t)atomic_load_explicit(&topic->queued_bytes, memory_order_relaxed);
    int64_t now = topic->stored_bytes * 1000 / elapsed_ms, retry = 1;
    topic->stored_bytes = 0;
    if (queued > 0 || now > 0) {
        topic->rate = topic->rate == 0 ? now : (3 * topic->rate + now) / 4;
    }
    if (queued > 0) {
        retry = topic->rate > 0 ? 1 + queued / topic->rate : RETRY_STUCK_S;
    }
    retry = retry < RETRY_MAX_S ? retry : RETRY_MAX_S;
    atomic_store_explicit(&topic->retry_after, (unsigned)retry, memory_order_relaxed);
}

void hg_admit_guess(struct hg_admit *a, int64_t elapsed_ms) {
    uint32_t n = a->topic_bytes_max > 0 ? hg_topics_count(a->topics) : 0;
    for (uint32_t id = 0; id < n; id++) {
        guess(hg_topics_get(a->topics, id), elapsed_ms);
    }
}
