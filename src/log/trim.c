/* SPDX-License-Identifier: Apache-2.0 */
/* trim.c - removing the beginning of a topic: asked from a loop, done on the log
 * thread, between two groups. */
#include "log/log.h"

#include "log/inner.h"

static void on_over(struct hg_task *task) {
    struct hg_log_trim *t = HG_CONTAINER(task, struct hg_log_trim, task);
    t->done(t, t->err);
}

/* Also after a failure: a part of it may have gone. */
static void show_range(struct hg_log *log, const struct hg_log_trim *t) {
    struct hg_log_range range;
    if (log->ops->describe(log->driver, t->topic, t->partition, &range) == 0) {
        hg_topic_set_range(hg_topics_get(log->topics, t->topic), t->partition, &range);
    }
}

static void on_trim(struct hg_task *task) {
    struct hg_log_trim *t = HG_CONTAINER(task, struct hg_log_trim, task);
    hg_log_thread__flush(t->log);
    t->err = t->log->ops->trim(t->log->driver, t->topic, t->partition, t->before);
    show_range(t->log, t);
    t->task.run = on_over;
    hg_loop_post(t->loop, &t->task);
}

int hg_log_trim(struct hg_log *log, struct hg_log_trim *t) {
    const struct hg_topic *topic = hg_topics_get(log->topics, t->topic);
    if (atomic_load_explicit(&log->is_closed, memory_order_relaxed)) {
        return HG_ECLOSED;
    }
    if ((log->ops->caps & HG_LOG_TRIM) == 0) {
        return HG_ENOTSUP;
    }
    if (topic == NULL || t->partition >= topic->partitions) {
        return HG_ENOENT;
    }
    t->log = log;
    t->loop = hg_loop_current();
    HG_ASSERT(t->loop != NULL);
    t->task.run = on_trim;
    hg_inbox_put(&log->inbox, &t->task);
    return 0;
}
