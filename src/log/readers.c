/* SPDX-License-Identifier: Apache-2.0 */
/* readers.c - reader threads and their queue. */
#include "log/readers.h"

#include "headgate/thread.h"
#include "log/batch.h"
#include "log/copies.h"
#include "log/counters.h"
#include "log/records.h"
#include "log/topics.h"

struct hg_readers {
    struct hg_readers_setup setup;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t more;
    struct hg_log_fetch *first, **end;
    size_t n;
    bool is_stopping;
    unsigned n_threads;
    pthread_t threads[];
};

static void lock(struct hg_readers *r) {
    int rc = pthread_mutex_lock(&r->lock);
    HG_ASSERT(rc == 0);
}

static void unlock(struct hg_readers *r) {
    int rc = pthread_mutex_unlock(&r->lock);
    HG_ASSERT(rc == 0);
}

/* NULL: stopping, and nothing is left. */
static struct hg_log_fetch *take(struct hg_readers *r) {
    lock(r);
    while (r->first == NULL && !r->is_stopping) {
        int rc = pthread_cond_wait(&r->more, &r->lock);
        HG_ASSERT(rc == 0);
    }
    struct hg_log_fetch *f = r->first;
    if (f != NULL) {
        r->first = f->queued;
        r->end = r->first == NULL ? &r->first : r->end;
        r->n--;
    }
    unlock(r);
    return f;
}

static void on_loop(struct hg_task *task) {
    struct hg_log_fetch *f = HG_CONTAINER(task, struct hg_log_fetch, task);
    f->done(f, f->err, f->batch, f->next_offset);
}

/* The records become the batch's; the list is left without their events. */
static int make_batch(struct hg_log_fetch *f, const struct hg_topic *topic,
                      struct hg_records *records, const bool *marks) {
    struct hg_batch *batch = hg_batch_new(records->n, 0, NULL);
    if (batch == NULL) {
        return HG_ENOMEM;
    }
    batch->topic = f->topic;
    batch->partition = f->partition;
    batch->epoch = atomic_load_explicit(&topic->epoch, memory_order_acquire);
    for (size_t i = 0; i < records->n; i++) {
        hg_batch_fill(batch, i, &records->items[i]);
        batch->entries[i].is_copy = marks != NULL && marks[i];
        records->items[i].event = NULL;
    }
    f->batch = batch;
    return 0;
}

/* Which of them are copies. What is behind those that can be told now is left
 * to the next read. */
static int mark(struct hg_readers *r, const struct hg_log_fetch *f, const struct hg_topic *topic,
                struct hg_records *records, bool **ret_marks) {
    if (!f->wants_copies || r->setup.copies == NULL || records->n == 0) {
        return 0;
    }
    size_t n = 0;
    bool *marks = hg_try_alloc(records->n * sizeof *marks);
    int err = marks == NULL ? HG_ENOMEM
                            : hg_copies_mark(r->setup.copies, topic, f->partition, records->items,
                                             records->n, marks, &n);
    if (err != 0) {
        hg_free(marks);
        return err == HG_ENOENT ? HG_EAGAIN : err; /* from is there: it was read */
    }
    hg_records_cut(records, n);
    *ret_marks = marks;
    return 0;
}

/* What is said about the events goes with the batch; the reader's own list
 * begins anew. */
static int give_details(struct hg_log_fetch *f, struct hg_records *records) {
    f->details = hg_try_alloc(sizeof *f->details);
    if (f->details == NULL) {
        hg_batch_unref(&f->batch);
        return HG_ENOMEM;
    }
    *f->details = *records;
    *records = (struct hg_records){0};
    return 0;
}

static int find_start(struct hg_readers *r, struct hg_log_fetch *f, uint64_t *ret_from) {
    if (f->time_ms < 0) {
        *ret_from = f->from;
        return 0;
    }
    return r->setup.ops->seek(r->setup.driver, f->topic, f->partition, f->time_ms, ret_from);
}

/* What the reader asked for is gone: tell where the log begins now. */
static void find_first(struct hg_readers *r, struct hg_topic *topic, struct hg_log_fetch *f) {
    uint64_t first = 0;
    if (r->setup.ops->seek(r->setup.driver, f->topic, f->partition, INT64_MIN, &first) == 0) {
        hg_topic_raise_first(topic, f->partition, first);
        f->next_offset = first;
    }
}

static void run_fetch(struct hg_readers *r, struct hg_log_fetch *f, struct hg_records *records) {
    struct hg_topic *topic = hg_topics_get(r->setup.topics, f->topic);
    uint64_t end =
        atomic_load_explicit(&hg_topic_part(topic, f->partition)->next, memory_order_acquire);
    uint64_t from = f->from;
    bool *marks = NULL;
    f->batch = NULL;
    f->details = NULL;
    records->has_details = f->wants_details;
    f->err = find_start(r, f, &from);
    f->next_offset = from;
    if (f->err == 0) {
        struct hg_log_read want = {f->topic, f->partition, from, f->max_records, f->max_bytes};
        f->err = r->setup.ops->read(r->setup.driver, &want, records);
    }
    f->err = f->err == 0 ? mark(r, f, topic, records, &marks) : f->err;
    if (f->err == 0) {
        /* No record at all before an end that was known: nothing but holes. */
        uint64_t next = records->n > 0 ? records->items[records->n - 1].offset + 1 : end;
        f->next_offset = next > from ? next : from;
        f->err = make_batch(f, topic, records, marks);
    }
    if (f->err == 0 && f->wants_details) {
        f->err = give_details(f, records);
    }
    if (f->err == HG_ENOENT) {
        find_first(r, topic, f);
    }
    hg_records_clear(records);
    hg_free(marks);
    hg_counter_add(&hg_log_reads, 1);
}

static void *run_reader(void *arg) {
    struct hg_readers *r = arg;
    struct hg_records records = {0};
    struct hg_log_fetch *f;
    while ((f = take(r)) != NULL) {
        run_fetch(r, f, &records);
        f->task.run = on_loop;
        hg_loop_post(f->loop, &f->task);
    }
    hg_records_fini(&records);
    return NULL;
}

int hg_readers_start(const struct hg_readers_setup *setup, struct hg_readers **ret) {
    struct hg_readers *r = hg_try_alloc(sizeof *r + setup->threads * sizeof r->threads[0]);
    if (r == NULL) {
        return HG_ENOMEM;
    }
    r->setup = *setup;
    r->end = &r->first;
    int rc = pthread_mutex_init(&r->lock, NULL);
    HG_ASSERT(rc == 0);
    rc = pthread_cond_init(&r->more, NULL);
    HG_ASSERT(rc == 0);
    for (; r->n_threads < setup->threads; r->n_threads++) {
        if (hg_thread_start(&r->threads[r->n_threads], run_reader, r) != 0) {
            hg_readers_stop(&r);
            return HG_EIO;
        }
    }
    *ret = r;
    return 0;
}

void hg_readers_stop(struct hg_readers **pr) {
    struct hg_readers *r = *pr;
    *pr = NULL;
    if (r == NULL) {
        return;
    }
    lock(r);
    r->is_stopping = true;
    (void)pthread_cond_broadcast(&r->more);
    unlock(r);
    for (unsigned i = 0; i < r->n_threads; i++) {
        int rc = pthread_join(r->threads[i], NULL);
        HG_ASSERT(rc == 0);
    }
    (void)pthread_cond_destroy(&r->more);
    (void)pthread_mutex_destroy(&r->lock);
    hg_free(r);
}

int hg_readers_put(struct hg_readers *r, struct hg_log_fetch *f) {
    int err = 0;
    f->queued = NULL;
    lock(r);
    if (r->n >= r->setup.queue_max) {
        err = HG_EAGAIN;
    } else {
        *r->end = f;
        r->end = &f->queued;
        r->n++;
        (void)pthread_cond_signal(&r->more);
    }
    unlock(r);
    return err;
}
