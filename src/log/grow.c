/* SPDX-License-Identifier: Apache-2.0 */
/* grow.c - what others made of the topics.
 *
 *   log thread: due ──► the thread that asks: list ─┬─► more partitions: take
 *                                                   ├─► a new topic that is wanted: opened
 *                                                   └─► gone; there again: lost
 *
 *   take: the thread that asks ──► log thread: the table ──► the thread that asks:
 *         the tail of the new partitions, so that nothing comes of a partition
 *         that the table does not have */
#include "log/grow.h"

#include "headgate/logline.h"
#include "log/inner.h"

struct growth {
    struct hg_topic *topic;
    const struct hg_log_range *ranges;
    int err;
};

static void on_grow(struct hg_log *log, void *arg) {
    struct growth *g = arg;
    (void)log;
    g->err = hg_topic_grow(g->topic, g->ranges[0].partitions, g->ranges);
}

static int follow_more(struct hg_log *log, struct hg_topic *topic,
                       const struct hg_log_range *ranges) {
    int err = log->copies != NULL ? hg_copies_tail_begin(log->copies, topic) : 0;
    err = err == 0 ? log->ops->follow(log->driver, topic->id, true) : err;
    if (err == 0 && log->copies != NULL) {
        err = hg_copies_tail_warm(log->copies, topic, ranges, true);
    }
    return err;
}

void hg_log_grow__take(struct hg_log *log, struct hg_topic *topic,
                       const struct hg_log_range *ranges) {
    struct growth g = {.topic = topic, .ranges = ranges};
    uint32_t before = hg_topic_partitions(topic), n = ranges[0].partitions;
    if (n > before) {
        hg_errands_tell(log, on_grow, &g);
        if (g.err != 0) {
            return; /* at the next look */
        }
        HG_LOG(HG_NOTICE, "topic_grown", "topic=%.*s partitions=%u before=%u", HG_FMT(topic->name),
               n, before);
        topic->owes_tail = topic->is_followed;
    }
    if (topic->owes_tail) {
        topic->owes_tail = follow_more(log, topic, ranges) != 0;
    }
    atomic_store_explicit(&topic->n_there, n, memory_order_release);
}

static void look_at_known(struct hg_log *log, struct hg_topic *topic, uint32_t partitions) {
    struct hg_log_range *ranges = NULL;
    bool is_back = topic->is_gone;
    if (!is_back && !topic->owes_tail && partitions == atomic_load(&topic->n_there)) {
        return;
    }
    if (hg_log_refresh__ranges(log, topic->id, &ranges) != 0) {
        return;
    }
    hg_log_grow__take(log, topic, ranges);
    topic->is_gone = false;
    /* Who gives the tail of it finds out by itself how it goes on. */
    for (uint32_t p = 0; is_back && !topic->is_followed && p < ranges[0].partitions; p++) {
        hg_log__on_lost(&log->up, topic->id, p, ranges[p].first);
    }
    hg_free(ranges);
}

static void look_at_new(struct hg_log *log, const struct hg_log_kept *kept) {
    struct hg_why why = {""};
    struct hg_log_topic topic = kept->topic;
    uint32_t id = 0;
    topic.is_found = true;
    if (hg_log_errand__open(log, &topic, &id, &why) != 0) {
        HG_LOG(HG_WARN, "topic_not_opened", "topic=%.*s why=\"%s\"", HG_FMT(topic.name), why.text);
        return;
    }
    HG_LOG(HG_NOTICE, "topic_found", "topic=%.*s partitions=%u", HG_FMT(topic.name),
           topic.partitions);
}

static void note_gone(struct hg_log *log, uint32_t round) {
    uint32_t n = hg_topics_count(log->topics);
    for (uint32_t id = 0; id < n; id++) {
        struct hg_topic *topic = hg_topics_get(log->topics, id);
        topic->seen_round = topic->seen_round > 0 ? topic->seen_round : round;
        /* Machines hear of a new topic one after the other: once is no proof. */
        if (topic->seen_round + 1 < round && !topic->is_gone) {
            topic->is_gone = true;
            HG_LOG(HG_WARN, "topic_gone", "topic=%.*s", HG_FMT(topic->name));
        }
    }
}

static void on_look(struct hg_task *task) {
    struct hg_grow *g = HG_CONTAINER(task, struct hg_grow, task);
    struct hg_log *log = HG_CONTAINER(g, struct hg_log, grow);
    struct hg_log_kept *kept = NULL;
    size_t n = 0;
    if (hg_log_errand__list(log, &g->wanted.patterns, &kept, &n) == 0) {
        g->round++;
        for (size_t i = 0; i < n; i++) {
            struct hg_topic *topic = hg_topics_find(log->topics, kept[i].topic.name);
            if (topic != NULL) {
                look_at_known(log, topic, kept[i].topic.partitions);
            } else {
                look_at_new(log, &kept[i]);
                topic = hg_topics_find(log->topics, kept[i].topic.name);
            }
            if (topic != NULL) {
                topic->seen_round = g->round;
            }
        }
        note_gone(log, g->round);
        hg_free(kept);
    }
    atomic_store(&g->is_away, false);
}

struct want_call {
    const struct hg_log_patterns *patterns;
    int err;
};

static void on_want(struct hg_log *log, void *arg) {
    struct want_call *call = arg;
    call->err = hg_wanted_set(&log->grow.wanted, call->patterns);
}

int hg_log_grow__want(struct hg_log *log, const struct hg_log_patterns *patterns) {
    struct want_call call = {.patterns = patterns};
    hg_errands_ask(log, on_want, &call);
    return call.err;
}

void hg_log_grow__run(struct hg_log *log, int64_t now_ms) {
    struct hg_grow *g = &log->grow;
    unsigned needed = HG_LOG_REMOTE | HG_LOG_LIST;
    if (g->period_ms == 0 || (log->ops->caps & needed) != needed || now_ms < g->due_ms) {
        return;
    }
    g->due_ms = now_ms + g->period_ms;
    if (!atomic_exchange(&g->is_away, true)) {
        g->task.run = on_look;
        hg_errands_put(log, &g->task);
    }
}
