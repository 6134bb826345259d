/* SPDX-License-Identifier: Apache-2.0 */
/* refresh.c - one topic after the other goes to the thread that asks, and comes
 * back to the log thread, which alone writes the table. Other errands come in
 * between, so a round of describes delays the opening of a topic by one of
 * them. */
#include "log/refresh.h"

#include "log/inner.h"

enum { LOCAL_TOPICS = 64, REMOTE_TOPICS = 16 };

int hg_log_refresh__ranges(struct hg_log *log, uint32_t topic, struct hg_log_range **ret_ranges) {
    struct hg_log_range range;
    struct hg_log_range *ranges = NULL;
    int err = log->ops->describe(log->driver, topic, 0, &range);
    if (err == 0 && (ranges = hg_try_alloc(range.partitions * sizeof *ranges)) == NULL) {
        err = HG_ENOMEM;
    }
    for (uint32_t p = 0; err == 0 && p < range.partitions; p++) {
        err = log->ops->describe(log->driver, topic, p, &ranges[p]);
        ranges[p].partitions = range.partitions; /* it may grow between two questions */
    }
    if (err != 0) {
        hg_free(ranges);
        return err;
    }
    *ret_ranges = ranges;
    return 0;
}

static struct hg_topic *next_topic(struct hg_log *log) {
    struct hg_refresh *r = &log->refresh;
    r->next_described =
        r->next_described + 1 < hg_topics_count(log->topics) ? r->next_described + 1 : 0;
    return hg_topics_get(log->topics, r->next_described);
}

static void describe_here(struct hg_log *log, struct hg_topic *topic) {
    for (uint32_t p = 0; p < hg_topic_partitions(topic); p++) {
        struct hg_log_range range;
        if (log->ops->describe(log->driver, topic->id, p, &range) == 0) {
            hg_topic_set_range(topic, p, &range);
        }
    }
}

static void send_next(struct hg_log *log);

static void on_back(struct hg_task *task) {
    struct hg_refresh *r = HG_CONTAINER(task, struct hg_refresh, task);
    bool is_void = r->cuts != atomic_load(&r->topic->cuts);
    for (uint32_t p = 0; r->ranges != NULL && !is_void && p < hg_topic_partitions(r->topic); p++) {
        if (p < r->ranges[0].partitions) {
            hg_topic_set_range(r->topic, p, &r->ranges[p]);
        }
    }
    hg_free(r->ranges);
    r->ranges = NULL;
    r->is_away = false;
    send_next(r->log);
}

static void on_errand(struct hg_task *task) {
    struct hg_refresh *r = HG_CONTAINER(task, struct hg_refresh, task);
    r->cuts = atomic_load(&r->topic->cuts);
    if (hg_log_refresh__ranges(r->log, r->topic->id, &r->ranges) == 0) {
        hg_log_grow__take(r->log, r->topic, r->ranges);
    }
    r->task.run = on_back;
    hg_inbox_put(&r->log->inbox, &r->task);
}

static void send_next(struct hg_log *log) {
    struct hg_refresh *r = &log->refresh;
    if (r->left > 0) {
        r->left--;
        r->topic = next_topic(log);
        r->is_away = true;
        r->task.run = on_errand;
        hg_errands_put(log, &r->task);
    }
}

static uint32_t at_most(uint32_t n, uint32_t max) {
    return n < max ? n : max;
}

void hg_log_refresh__run(struct hg_log *log) {
    struct hg_refresh *r = &log->refresh;
    uint32_t n = hg_topics_count(log->topics);
    if ((log->ops->caps & HG_LOG_REMOTE) == 0) {
        for (uint32_t i = at_most(n, LOCAL_TOPICS); i > 0; i--) {
            describe_here(log, next_topic(log));
        }
    } else if (!r->is_away) {
        r->left = at_most(n, REMOTE_TOPICS);
        send_next(log);
    }
}
