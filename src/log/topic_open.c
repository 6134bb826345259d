/* SPDX-License-Identifier: Apache-2.0 */
/* topic_open.c - making a topic, changing one, listing all, and what a reload has for
 * the driver beside them: asked from any thread, done where the driver is asked (errands.h); the
 * table is the log thread's. Start-up waits for it; a loop is told when it is there. */
#include "log/inner.h"

#include "headgate/logline.h"
#include "log/topic.h"

/* What the log thread adds to the table. */
struct addition {
    struct hg_slice name;
    const struct hg_log_range *ranges;
    int err;
};

static void on_add(struct hg_log *log, void *arg) {
    struct addition *a = arg;
    a->err = hg_topics_add(log->topics, a->name, a->ranges[0].partitions, a->ranges);
    for (uint32_t p = 0; a->err == 0 && p < a->ranges[0].partitions; p++) {
        log->thread.needs_index |= log->thread.judge.dedup != NULL &&
                                   (log->ops->caps & HG_LOG_REMOTE) == 0 &&
                                   a->ranges[p].first < a->ranges[p].next;
    }
    if (a->err == 0 && hg_log_is_tail_by_wish(log)) { /* nothing else shows that it is there */
        hg_log__nudge(log, hg_topics_find(log->topics, a->name), 0);
    }
}

static int add_topic(struct hg_log *log, uint32_t id, struct hg_slice name, struct hg_why *why) {
    struct hg_log_range *ranges = NULL;
    int err = hg_log_refresh__ranges(log, id, &ranges);
    if (err == 0) {
        struct addition a = {.name = name, .ranges = ranges};
        hg_errands_tell(log, on_add, &a);
        err = a.err;
    }
    hg_free(ranges);
    if (err != 0) {
        hg_why_set(why, "topic %.*s: %s", HG_FMT(name), hg_err_text(err));
    }
    return err;
}

/* What is read while a topic is opened stands still. */
static void settle_first(struct hg_log *log) {
    if ((log->ops->caps & HG_LOG_REMOTE) == 0) {
        hg_log_thread__flush(log);
    }
}

/* What it has got since it was opened, by this or by others. */
static void look_for_more(struct hg_log *log, struct hg_topic *topic) {
    struct hg_log_range *ranges = NULL, first;
    if (log->ops->describe(log->driver, topic->id, 0, &first) != 0) {
        return;
    }
    if (first.partitions == hg_topic_partitions(topic) && !topic->owes_tail) {
        atomic_store_explicit(&topic->n_there, first.partitions, memory_order_release);
    } else if (hg_log_refresh__ranges(log, topic->id, &ranges) == 0) {
        hg_log_grow__take(log, topic, ranges);
        hg_free(ranges);
    }
}

/* On the thread that asks: topics come to be there, one after the other, so the
 * count is the next id for as long as this takes. */
int hg_log_errand__open(struct hg_log *log, const struct hg_log_topic *wanted, uint32_t *ret_id,
                        struct hg_why *why) {
    struct hg_log_topic topic = *wanted;
    struct hg_topic *known = hg_topics_find(log->topics, topic.name);
    topic.id = known != NULL ? known->id : hg_topics_count(log->topics);
    topic.partitions = topic.partitions > 0 ? topic.partitions : 1;
    bool is_remote = (log->ops->caps & HG_LOG_REMOTE) != 0;
    if (known != NULL && !is_remote && hg_topic_partitions(known) != topic.partitions) {
        hg_why_set(why, "topic %.*s has %u partitions; they cannot be changed", HG_FMT(topic.name),
                   hg_topic_partitions(known));
        return HG_EINVAL;
    }
    if (known == NULL) {
        settle_first(log);
    }
    hg_why_set(why, "topic %.*s cannot be opened", HG_FMT(topic.name)); /* unless told better */
    int err = log->ops->topic_open(log->driver, &topic, why);
    if (err == 0 && known == NULL) {
        err = add_topic(log, topic.id, topic.name, why);
    } else if (err == 0 && is_remote) {
        look_for_more(log, known);
    }
    if (err == 0) {
        *ret_id = topic.id;
    }
    return err;
}

/* A caller who waits. */
struct topic_call {
    const struct hg_log_topic *topic;
    struct hg_why *why;
    uint32_t *ret_id;
    int err;
};

static void on_call(struct hg_log *log, void *arg) {
    struct topic_call *call = arg;
    call->err = hg_log_errand__open(log, call->topic, call->ret_id, call->why);
}

int hg_log_thread__topic(struct hg_log *log, const struct hg_log_topic *topic, uint32_t *ret_id,
                         struct hg_why *why) {
    struct topic_call call = {.topic = topic, .why = why, .ret_id = ret_id};
    hg_errands_ask(log, on_call, &call);
    return call.err;
}

/* A list that is being made. */
struct list {
    const struct hg_log *log;
    const struct hg_log_patterns *wanted;
    struct hg_log_kept *items;
    size_t n, cap;
    int err;
};

static bool is_of_use(const struct list *list, struct hg_slice name) {
    return (list->log->ops->caps & HG_LOG_REMOTE) == 0 || hg_wanted_has(list->wanted, name) ||
           hg_topics_find(list->log->topics, name) != NULL;
}

static void on_listed(void *arg, const struct hg_log_topic *topic) {
    struct list *list = arg;
    if (list->err != 0 || !hg_topic_name_is_valid(topic->name) || !is_of_use(list, topic->name)) {
        return;
    }
    if (list->n == list->cap) {
        size_t cap = list->cap > 0 ? 2 * list->cap : 16;
        struct hg_log_kept *items = hg_try_realloc(list->items, cap * sizeof *items);
        if (items == NULL) {
            list->err = HG_ENOMEM;
            return;
        }
        list->items = items;
        list->cap = cap;
    }
    struct hg_log_kept *kept = &list->items[list->n++];
    kept->topic = *topic;
    memcpy(kept->name, topic->name.ptr, topic->name.len);
}

int hg_log_errand__list(struct hg_log *log, const struct hg_log_patterns *wanted,
                        struct hg_log_kept **ret_items, size_t *ret_n) {
    struct list list = {.log = log, .wanted = wanted};
    settle_first(log);
    int err = log->ops->list(log->driver, on_listed, &list);
    err = list.err != 0 ? list.err : err;
    if (err != 0) {
        hg_free(list.items);
        return err;
    }
    for (size_t i = 0; i < list.n; i++) { /* only now do the items stay where they are */
        list.items[i].topic.name.ptr = list.items[i].name;
    }
    *ret_items = list.items;
    *ret_n = list.n;
    return 0;
}

struct list_call {
    const struct hg_log_patterns *wanted;
    struct hg_log_kept **ret_items;
    size_t *ret_n;
    int err;
};

static void on_list(struct hg_log *log, void *arg) {
    struct list_call *call = arg;
    call->err = hg_log_errand__list(log, call->wanted, call->ret_items, call->ret_n);
}

int hg_log_thread__list(struct hg_log *log, const struct hg_log_patterns *wanted,
                        struct hg_log_kept **ret_items, size_t *ret_n) {
    struct list_call call = {.wanted = wanted, .ret_items = ret_items, .ret_n = ret_n};
    hg_errands_ask(log, on_list, &call);
    return call.err;
}

/* The same for what a reload brings. */
struct renew_call {
    const struct hg_log_open *open;
    struct hg_why *why;
    int err;
};

static void on_renew(struct hg_log *log, void *arg) {
    struct renew_call *call = arg;
    call->err = log->ops->renew(log->driver, call->open, call->why);
}

int hg_log_renew(struct hg_log *log, const struct hg_log_open *open, struct hg_why *why) {
    struct renew_call call = {.open = open, .why = why};
    if (log->ops->renew == NULL) {
        return 0;
    }
    hg_errands_ask(log, on_renew, &call);
    return call.err;
}

static void on_made(struct hg_task *task) {
    struct hg_log_make *m = HG_CONTAINER(task, struct hg_log_make, task);
    m->done(m, m->err, m->id);
}

static void on_make(struct hg_task *task) {
    struct hg_log_make *m = HG_CONTAINER(task, struct hg_log_make, task);
    struct hg_why why = {""};
    const struct hg_topic *known = hg_topics_find(m->log->topics, m->topic.name);
    if (known != NULL) { /* made meanwhile, or declared: its settings stay */
        m->id = known->id;
        m->err = 0;
    } else {
        m->err = hg_log_errand__open(m->log, &m->topic, &m->id, &why);
    }
    if (m->err != 0) {
        HG_LOG(HG_ERROR, "topic_not_made", "topic=%.*s why=%s", HG_FMT(m->topic.name), why.text);
    }
    m->task.run = on_made;
    hg_loop_post(m->loop, &m->task);
}

int hg_log_topic_make(struct hg_log *log, struct hg_log_make *m) {
    if (atomic_load_explicit(&log->is_closed, memory_order_relaxed)) {
        return HG_ECLOSED;
    }
    HG_ASSERT(hg_topic_name_is_valid(m->topic.name));
    m->log = log;
    m->loop = hg_loop_current();
    m->task.run = on_make;
    hg_errands_put(log, &m->task);
    return 0;
}
