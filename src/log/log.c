/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - the event log's door: start, stop, and what loops call. */
#include "log/log.h"

#include "log/counters.h"
#include "log/inner.h"
#include "log/topic.h"

enum { READS_PER_READER = 64 };

/* Constant: digests lie in records and are compared years later on another
 * node. What follows from that is told in dedup.h. */
const struct hg_hash_key *hg_log_digest_key(void) {
    static const struct hg_hash_key key = {0x6867636f6e74656e, 0x7464696765737431};
    return &key;
}

static void on_complete(struct hg_log_up *up, struct hg_append *append, int err) {
    struct hg_sending *s = HG_CONTAINER(append, struct hg_sending, append);
    s->err = err;
    hg_inbox_put(&HG_CONTAINER(up, struct hg_log, up)->inbox, &s->task);
}

static void free_log(struct hg_log *log) {
    if (log->thread.judge.dedup != NULL) {
        hg_counter_add(&hg_dedup_entries, -log->thread.entries_shown);
    }
    hg_recalls_fini(&log->recalls);
    hg_copies_free(&log->copies);
    hg_dedup_free(&log->thread.judge.dedup);
    hg_topics_free(&log->topics);
    hg_crossings_fini(&log->crossings);
    hg_inbox_fini(&log->inbox);
    hg_inbox_fini(&log->errands.inbox);
    hg_wanted_fini(&log->grow.wanted);
    hg_free(log);
}

static int make_parts(struct hg_log *log, const struct hg_log_setup *setup) {
    log->topics = hg_topics_new();
    if (log->topics == NULL ||
        hg_crossings_init(&log->crossings, setup->loops, setup->n_loops, &log->inbox) != 0) {
        return HG_ENOMEM;
    }
    log->thread.judge.topics = log->admit.topics = log->topics;
    log->thread.judge.is_by_item = (setup->driver->caps & HG_LOG_ATOMIC) == 0;
    log->thread.judge.is_tail_late = (setup->driver->caps & HG_LOG_FOLLOW) != 0;
    log->thread.judge.is_read_back = (setup->driver->caps & HG_LOG_REMOTE) != 0;
    if (setup->dedup_window_ms > 0 && setup->dedup_max > 0) {
        return hg_dedup_new(setup->dedup_max, setup->dedup_window_ms, &log->thread.judge.dedup);
    }
    return 0;
}

/* On one disk all topics share one fate; partitions on other machines fail by
 * themselves. */
static size_t topic_bytes_max(const struct hg_log_setup *setup) {
    bool is_remote = (setup->driver->caps & HG_LOG_REMOTE) != 0;
    size_t share = is_remote ? setup->queue_bytes_max / 4 : 0;
    return setup->topic_bytes_max > 0 ? setup->topic_bytes_max : share;
}

static int make_log(const struct hg_log_setup *setup, struct hg_log **ret_log) {
    struct hg_log *log = hg_try_alloc(sizeof *log);
    if (log == NULL) {
        return HG_ENOMEM;
    }
    *log = (struct hg_log){
        .up = {.on_complete = on_complete, .on_tail = hg_log__on_tail, .on_lost = hg_log__on_lost},
        .ops = setup->driver,
        .on_tail = setup->on_tail,
        .arg = setup->arg,
        .admit = {.bytes_max = setup->queue_bytes_max, .topic_bytes_max = topic_bytes_max(setup)},
        .dedup_window_ms = setup->dedup_window_ms,
        .dedup_max = setup->dedup_max,
        .hide_ms = setup->hide_ms,
        .hide_max = setup->hide_max,
        .inbox = {.fd = -1},
        .errands = {.inbox = {.fd = -1}},
    };
    log->refresh.log = log;
    hg_recalls_init(&log->recalls);
    log->grow.period_ms = setup->look_ms;
    atomic_init(&log->retry_after, 1);
    atomic_init(&log->is_writable, true);
    int err = hg_inbox_init(&log->inbox);
    err = err == 0 ? hg_inbox_init(&log->errands.inbox) : err;
    err = err == 0 ? make_parts(log, setup) : err;
    if (err != 0) {
        free_log(log);
        return err;
    }
    *ret_log = log;
    return 0;
}

/* With the driver, which is open now. */
static int make_copies(struct hg_log *log) {
    struct hg_copies_setup setup = {
        .ops = log->ops, .driver = log->driver, .stretch = {log->hide_ms, log->hide_max}};
    bool may_hold = (log->ops->caps & HG_LOG_COPIES) != 0;
    return may_hold && log->hide_ms > 0 ? hg_copies_new(&setup, &log->copies) : 0;
}

int hg_log_start(const struct hg_log_setup *setup, struct hg_log **ret_log, struct hg_why *why) {
    struct hg_log *log = NULL;
    hg_counters_register(hg_log_counters);
    int err = make_log(setup, &log);
    if (err != 0) {
        hg_why_set(why, "the event log cannot start: %s", hg_err_text(err));
        return err;
    }
    err = hg_log_thread__start(log, &setup->open, why);
    if (err != 0) {
        free_log(log);
        return err;
    }
    err = make_copies(log);
    unsigned threads = setup->readers > 0 ? setup->readers : 1;
    struct hg_readers_setup readers = {.ops = log->ops,
                                       .driver = log->driver,
                                       .topics = log->topics,
                                       .copies = log->copies,
                                       .threads = threads,
                                       .queue_max = threads * (size_t)READS_PER_READER};
    err = err == 0 ? hg_readers_start(&readers, &log->readers) : err;
    err = err == 0 ? hg_errands_start(log) : err;
    err = err == 0 ? hg_recalls_start(log) : err;
    if (err != 0) {
        hg_why_set(why, "cannot start the threads of the log: %s", hg_err_text(err));
        hg_log_stop(&log);
        return err;
    }
    *ret_log = log;
    return 0;
}

void hg_log_stop(struct hg_log **plog) {
    struct hg_log *log = *plog;
    *plog = NULL;
    if (log == NULL) {
        return;
    }
    atomic_store(&log->is_closed, true);
    if (hg_loop_current() != NULL) { /* a loop that stops the log itself */
        hg_loop_run_idle(hg_loop_current());
    }
    hg_readers_stop(&log->readers);
    hg_recalls_stop(log);
    hg_errands_stop(log);
    hg_log_thread__stop(log);
    free_log(log);
}

int hg_log_topic(struct hg_log *log, const struct hg_log_topic *topic, uint32_t *ret_id,
                 struct hg_why *why) {
    if (!hg_topic_name_is_valid(topic->name)) {
        hg_why_set(why, "\"%.*s\" is not a topic name", HG_FMT(topic->name));
        return HG_EINVAL;
    }
    return hg_log_thread__topic(log, topic, ret_id, why);
}

int hg_log_kept(struct hg_log *log, const struct hg_log_patterns *wanted,
                struct hg_log_kept **ret_items, size_t *ret_n) {
    if ((log->ops->caps & HG_LOG_LIST) == 0) {
        *ret_items = NULL;
        *ret_n = 0;
        return 0;
    }
    return hg_log_thread__list(log, wanted, ret_items, ret_n);
}

int hg_log_want(struct hg_log *log, const struct hg_log_patterns *wanted) {
    return hg_log_grow__want(log, wanted);
}

bool hg_log_topic_find(const struct hg_log *log, struct hg_slice name, uint32_t *ret_id) {
    const struct hg_topic *topic = hg_topics_find(log->topics, name);
    if (topic == NULL) {
        return false;
    }
    *ret_id = topic->id;
    return true;
}

static const struct hg_topic *topic_of(const struct hg_log *log, uint32_t id) {
    const struct hg_topic *topic = hg_topics_get(log->topics, id);
    HG_ASSERT(topic != NULL);
    return topic;
}

struct hg_slice hg_log_topic_name(const struct hg_log *log, uint32_t id) {
    return topic_of(log, id)->name;
}

uint64_t hg_log_topic_tag(const struct hg_log *log, uint32_t id) {
    return topic_of(log, id)->tag;
}

uint32_t hg_log_topic_count(const struct hg_log *log) {
    return hg_topics_count(log->topics);
}

uint32_t hg_log_topic_partitions(const struct hg_log *log, uint32_t id) {
    return hg_topic_partitions(topic_of(log, id));
}

uint32_t hg_log_topic_epoch(const struct hg_log *log, uint32_t id) {
    return atomic_load_explicit(&topic_of(log, id)->epoch, memory_order_acquire);
}

bool hg_log_topic_is_busy(const struct hg_log *log, uint32_t id) {
    return atomic_load_explicit(&topic_of(log, id)->queued_bytes, memory_order_relaxed) > 0;
}

void hg_log_topic_range(const struct hg_log *log, uint32_t id, uint32_t partition,
                        struct hg_log_range *ret) {
    const struct hg_topic *topic = topic_of(log, id);
    HG_ASSERT(partition < hg_topic_partitions(topic));
    const struct hg_topic_part *part = hg_topic_part(topic, partition);
    /* first before next: both only rise, so first is not beyond next, but for a
     * topic that is cut back in between. */
    uint64_t first = atomic_load_explicit(&part->first, memory_order_acquire);
    uint64_t next = atomic_load_explicit(&part->next, memory_order_acquire);
    *ret = (struct hg_log_range){
        .epoch = atomic_load_explicit(&topic->epoch, memory_order_acquire),
        .partitions = hg_topic_partitions(topic),
        .first = first < next ? first : next,
        .next = next,
        .bytes = atomic_load_explicit(&part->bytes, memory_order_relaxed),
    };
}

static bool expects(const struct hg_publish *p) {
    for (size_t i = 0; i < p->n_items; i++) {
        if (p->items[i].has_expected) {
            return true;
        }
    }
    return false;
}

int hg_log_append(struct hg_log *log, struct hg_publish *p) {
    if (atomic_load_explicit(&log->is_closed, memory_order_relaxed)) {
        return HG_ECLOSED;
    }
    if ((log->ops->caps & HG_LOG_EXPECT) == 0 && expects(p)) {
        return HG_ENOTSUP;
    }
    int err = hg_plan_make(log->topics, p);
    if (err != 0) {
        return err;
    }
    if (!hg_admit_enter(&log->admit, p)) {
        hg_plan_free(&p->plan);
        hg_counter_add(&hg_log_events_refused, (int64_t)p->n_items);
        return HG_EAGAIN;
    }
    p->log = log;
    p->loop = hg_loop_current();
    HG_ASSERT(p->loop != NULL);
    p->err = 0;
    p->at = 0;
    p->task.run = hg_log_thread__on_publish;
    hg_counter_add(&hg_log_appends, 1);
    hg_crossings_append(&log->crossings, p->loop, &p->task);
    return 0;
}

unsigned hg_log_retry_after(const struct hg_log *log) {
    return atomic_load_explicit(&log->retry_after, memory_order_relaxed);
}

unsigned hg_log_topic_retry_after(const struct hg_log *log, uint32_t id) {
    unsigned all = hg_log_retry_after(log);
    unsigned own = atomic_load_explicit(&topic_of(log, id)->retry_after, memory_order_relaxed);
    return own > all ? own : all;
}

int64_t hg_log_unseen_ms(const struct hg_log *log) {
    enum { DELAY_MS = 5000 }; /* of the questions, and between clocks */
    return 2 * log->grow.period_ms + DELAY_MS;
}

bool hg_log_is_writable(const struct hg_log *log) {
    return atomic_load_explicit(&log->is_writable, memory_order_relaxed);
}

int hg_log_read(struct hg_log *log, struct hg_log_fetch *f) {
    const struct hg_topic *topic = hg_topics_get(log->topics, f->topic);
    if (topic == NULL || f->partition >= hg_topic_partitions(topic)) {
        return HG_ENOENT;
    }
    if (atomic_load_explicit(&log->is_closed, memory_order_relaxed)) {
        return HG_ECLOSED;
    }
    f->loop = hg_loop_current();
    HG_ASSERT(f->loop != NULL);
    return hg_readers_put(log->readers, f);
}
