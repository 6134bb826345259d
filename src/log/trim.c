/* SPDX-License-Identifier: Apache-2.0 */
/* trim.c - removing the beginning of a topic: asked from a loop, done where
 * errands are done. */
#include "log/log.h"

#include "log/inner.h"

static void on_over(struct hg_task *task) {
    struct hg_log_trim *t = HG_CONTAINER(task, struct hg_log_trim, task);
    t->done(t, t->err);
}

struct shown {
    const struct hg_log_trim *trim;
    struct hg_log_range range;
};

static void on_range(struct hg_log *log, void *arg) {
    struct shown *s = arg;
    hg_topic_set_range(hg_topics_get(log->topics, s->trim->topic), s->trim->partition, &s->range);
}

static void flush(struct hg_log *log, void *arg) {
    (void)arg;
    hg_log_thread__flush(log);
}

/* The range is shown also after a failure: a part of it may have gone. */
static void on_trim(struct hg_task *task) {
    struct hg_log_trim *t = HG_CONTAINER(task, struct hg_log_trim, task);
    struct hg_log *log = t->log;
    struct shown shown = {.trim = t};
    hg_errands_tell(log, flush, NULL);
    t->err = log->ops->trim(log->driver, t->topic, t->partition, t->before);
    if (log->ops->describe(log->driver, t->topic, t->partition, &shown.range) == 0) {
        hg_errands_tell(log, on_range, &shown);
    }
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
    if (topic == NULL || t->partition >= hg_topic_partitions(topic)) {
        return HG_ENOENT;
    }
    t->log = log;
    t->loop = hg_loop_current();
    HG_ASSERT(t->loop != NULL);
    t->task.run = on_trim;
    hg_errands_put(log, &t->task);
    return 0;
}
