/* SPDX-License-Identifier: Apache-2.0 */
/* tail.c - newly durable records, shown to every loop.
 *
 * A batch carries one task for each loop behind its entries, so showing it
 * costs one allocation whatever the number of loops. */
#include "headgate/logline.h"
#include "headgate/record.h"
#include "log/batch.h"
#include "log/counters.h"
#include "log/inner.h"

/* A batch is the unit in which windows forget. */
enum { BATCH_RECORDS = 256, BATCH_BYTES = 1 << 20 };

struct tail_task {
    struct hg_task task;
    struct hg_loop *loop;
    struct hg_batch *batch; /* one reference */
    void (*on_tail)(struct hg_loop *loop, struct hg_batch *batch, void *arg);
    void *arg; /* both copied: a loop may outlive the log */
};

static void on_loop(struct hg_task *task) {
    struct tail_task *t = HG_CONTAINER(task, struct tail_task, task);
    struct hg_batch *batch = t->batch; /* its memory holds the task itself */
    t->on_tail(t->loop, batch, t->arg);
    hg_batch_unref(&batch);
}

/* Gives up the reference. */
static void post(struct hg_log *log, struct hg_batch *batch, struct tail_task *tasks) {
    struct hg_crossings *crossings = &log->crossings;
    bool is_writer = pthread_equal(pthread_self(), log->thread.self) != 0;
    for (unsigned i = 0; i < crossings->n; i++) {
        tasks[i] = (struct tail_task){
            .task.run = on_loop,
            .loop = crossings->items[i].loop,
            .batch = hg_batch_ref(batch),
            .on_tail = log->on_tail,
            .arg = log->arg,
        };
    }
    for (unsigned i = 0; i < crossings->n; i++) {
        struct hg_loop *loop = crossings->items[i].loop;
        if (is_writer) { /* the answers follow: one wake-up for both */
            hg_crossings_answer(crossings, loop, &tasks[i].task);
        } else {
            hg_loop_post(loop, &tasks[i].task);
        }
    }
    hg_batch_unref(&batch);
}

static struct hg_batch *new_batch(struct hg_log *log, const struct hg_topic *topic,
                                  uint32_t partition, size_t n, struct tail_task **ret_tasks) {
    void *tasks = NULL;
    struct hg_batch *batch = hg_batch_new(n, log->crossings.n * sizeof(struct tail_task), &tasks);
    if (batch != NULL) {
        batch->topic = topic->id;
        batch->partition = partition;
        batch->epoch = atomic_load_explicit(&topic->epoch, memory_order_acquire);
        *ret_tasks = tasks;
    }
    return batch;
}

/* How many of the records go into one batch. */
static size_t take(const struct hg_record *records, size_t n) {
    size_t bytes = 0, taken = 0;
    while (taken < n && taken < BATCH_RECORDS && bytes < BATCH_BYTES) {
        if (records[taken].event != NULL) {
            bytes += hg_event_packed_bytes(records[taken].event);
        }
        taken++;
    }
    return taken;
}

static int show(struct hg_log *log, const struct hg_topic *topic, uint32_t partition,
                const struct hg_record *records, size_t n, const bool *marks) {
    struct tail_task *tasks = NULL;
    struct hg_batch *batch = new_batch(log, topic, partition, n, &tasks);
    if (batch == NULL) {
        return HG_ENOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        if (records[i].event != NULL) {
            (void)hg_event_ref(records[i].event);
        }
        hg_batch_fill(batch, i, &records[i]);
        batch->entries[i].is_copy = marks[i];
    }
    post(log, batch, tasks);
    return 0;
}

void hg_log__on_tail(struct hg_log_up *up, uint32_t topic_id, uint32_t partition,
                     const struct hg_record *records, size_t n) {
    struct hg_log *log = HG_CONTAINER(up, struct hg_log, up);
    struct hg_topic *topic = hg_topics_get(log->topics, topic_id);
    HG_ASSERT(topic != NULL);
    if (partition >= hg_topic_partitions(topic)) {
        return; /* there was no memory for it yet: it will be read */
    }
    hg_topic_raise_next(topic, partition, records[n - 1].offset + 1);
    while (n > 0) {
        bool marks[BATCH_RECORDS] = {false};
        size_t taken = take(records, n);
        if (log->copies != NULL &&
            !hg_copies_tail(log->copies, topic, partition, records, taken, marks)) {
            atomic_store(&hg_topic_part(topic, partition)->is_tail_missed, true);
        } else if (show(log, topic, partition, records, taken, marks) != 0) {
            /* They are durable all the same: streams find the gap and read. */
            hg_counter_add(&hg_log_tail_missed, 1);
            atomic_store(&hg_topic_part(topic, partition)->is_tail_missed, true);
        }
        records += taken;
        n -= taken;
    }
}

/* What dedup knows of the partition may be gone as well. */
struct lost_task {
    struct hg_task task;
    struct hg_log *log;
    struct hg_topic *topic;
    uint32_t partition;
};

static void on_log_thread(struct hg_task *task) {
    struct lost_task *t = HG_CONTAINER(task, struct lost_task, task);
    hg_log__index_forget(t->log, t->topic, t->partition);
    hg_free(t);
}

static void post_lost(struct hg_log *log, struct hg_topic *topic, uint32_t partition) {
    struct lost_task *t = hg_try_alloc(sizeof *t);
    HG_ASSERT(t != NULL);
    *t = (struct lost_task){{.run = on_log_thread}, log, topic, partition};
    hg_inbox_put(&log->inbox, &t->task);
}

/* Without this loops would go on showing what is void and take what is new for
 * known, so a process without memory for it is not to go on. */
void hg_log__on_lost(struct hg_log_up *up, uint32_t topic_id, uint32_t partition, uint64_t next) {
    struct hg_log *log = HG_CONTAINER(up, struct hg_log, up);
    struct hg_topic *topic = hg_topics_get(log->topics, topic_id);
    struct tail_task *tasks = NULL;
    HG_ASSERT(topic != NULL);
    if (partition >= hg_topic_partitions(topic)) {
        return;
    }
    hg_topic_cut(topic, partition, next);
    if (log->copies != NULL) {
        hg_copies_lost(log->copies, topic, partition, next);
    }
    struct hg_batch *batch = new_batch(log, topic, partition, 0, &tasks);
    HG_ASSERT(batch != NULL);
    batch->is_lost = true;
    batch->next = next;
    HG_LOG(HG_ERROR, "topic_cut_back", "topic=%.*s partition=%u next=%llu", HG_FMT(topic->name),
           partition, (unsigned long long)next);
    post(log, batch, tasks);
    post_lost(log, topic, partition);
}

void hg_log__nudge(struct hg_log *log, struct hg_topic *topic, uint32_t partition) {
    struct tail_task *tasks = NULL;
    struct hg_batch *batch = new_batch(log, topic, partition, 0, &tasks);
    if (batch == NULL) {
        return; /* at the next tick */
    }
    atomic_store(&hg_topic_part(topic, partition)->is_tail_missed, false);
    post(log, batch, tasks);
}
