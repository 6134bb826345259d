/* SPDX-License-Identifier: Apache-2.0 */
/* recall.c - a partition is read in steps of one read, each time behind the
 * others that are in the queue. Its entries go to the log thread whole: only
 * that writes the index.
 *
 * What is read is the stretch that dedup_hide tells. After an answer in doubt
 * only what stands behind the last record that was acknowledged is read: what
 * the answer was about is there, or was not stored. */
#include "log/recall.h"

#include <time.h>

#include "base/clock.h"
#include "headgate/logline.h"
#include "headgate/thread.h"
#include "log/inner.h"
#include "log/mark.h"
#include "log/records.h"

enum {
    READ_RECORDS = 1024,
    READ_BYTES = 4 << 20,
    ENTRIES_MIN = 1024,
    HOLD_MS = 10000,
    REST_MS = 1000,     /* before a partition that could not be read is tried again */
    PATIENCE_MS = 2000, /* with an end that is not seen */
    AGAIN_MS = 10,
};

struct hg_recall {
    struct hg_task task; /* crosses from the threads to the log thread */
    struct hg_log *log;
    struct hg_topic *topic;
    uint32_t partition;
    struct hg_recall *queued;
    /* The threads' while it is read: */
    struct hg_mark_clock clock;
    uint64_t from; /* 0: the stretch */
    uint64_t next;
    bool has_next;
    int64_t patient_until_ms;
    struct hg_dedup_entry *entries; /* the newest cap, oldest first but for wrapping */
    size_t n, cap;
    int err;
    /* The log thread's: */
    struct hg_recall *older;
    struct hg_publish *waiters, **waiters_end;
    bool is_reading;
    uint32_t doubts; /* of the partition, when it began */
    int64_t began_ms;
    int64_t rest_until_ms;
};

static bool is_wanted(const struct hg_log *log) {
    return (log->ops->caps & HG_LOG_REMOTE) != 0 && log->thread.judge.dedup != NULL;
}

static void lock(struct hg_recalls *rs) {
    int rc = pthread_mutex_lock(&rs->lock);
    HG_ASSERT(rc == 0);
}

static void unlock(struct hg_recalls *rs) {
    int rc = pthread_mutex_unlock(&rs->lock);
    HG_ASSERT(rc == 0);
}

/* ----- the threads ----- */

static size_t entries_max(const struct hg_log *log) {
    bool has_stretch = log->hide_max > 0 && log->hide_max < log->dedup_max;
    return has_stretch ? log->hide_max : log->dedup_max;
}

/* Where reading begins. What dedup cannot remember is not read. */
static int find_next(struct hg_recall *r) {
    const struct hg_log *log = r->log;
    uint64_t end = atomic_load(&hg_topic_part(r->topic, r->partition)->next),
             max = entries_max(log);
    uint64_t oldest = end > max ? end - max : 0;
    int err = log->ops->seek(log->driver, r->topic->id, r->partition,
                             r->clock.wall_ms - log->hide_ms, &r->next);
    if (err == 0) {
        r->next = r->next > oldest ? r->next : oldest;
        r->next = r->from > 0 ? r->from : r->next;
        r->has_next = true;
    }
    return err;
}

static int make_room(struct hg_recall *r) {
    size_t max = entries_max(r->log), cap = r->cap > 0 ? 2 * r->cap : ENTRIES_MIN;
    if (r->n < r->cap || r->cap == max) {
        return 0;
    }
    cap = cap < max ? cap : max;
    struct hg_dedup_entry *entries = hg_try_realloc(r->entries, cap * sizeof *entries);
    if (entries == NULL) {
        return HG_ENOMEM;
    }
    r->entries = entries;
    r->cap = cap;
    return 0;
}

static int take_record(struct hg_recall *r, const struct hg_record *record) {
    struct hg_mark_place place = {r->topic->id, r->partition};
    struct hg_dedup_entry entry;
    r->next = record->offset + 1;
    if (record->event == NULL) {
        return 0;
    }
    struct hg_log_mark mark = hg_mark_of(record);
    if (!hg_mark_entry(&r->clock, place, &mark, &entry)) {
        return 0;
    }
    int err = make_room(r);
    if (err == 0) {
        r->entries[r->n++ % r->cap] = entry;
    }
    return err;
}

/* HG_ENOENT: what it was about to read has been removed. */
static int read_some(struct hg_recall *r, struct hg_records *records, bool *ret_is_end) {
    const struct hg_log *log = r->log;
    struct hg_log_read want = {
        .topic = r->topic->id,
        .partition = r->partition,
        .from = r->next,
        .max_records = READ_RECORDS,
        .max_bytes = READ_BYTES,
    };
    int err = log->ops->read(log->driver, &want, records);
    for (size_t i = 0; err == 0 && i < records->n; i++) {
        err = take_record(r, &records->items[i]);
    }
    if (err == HG_ENOENT) {
        r->from = 0;
        r->has_next = false;
        err = 0;
    } else {
        *ret_is_end = records->n == 0;
    }
    hg_records_clear(records);
    return err;
}

/* Where others write in transactions the end is hidden most of the time, and seen
 * again and again between them. */
static bool may_come_soon(const struct hg_recall *r) {
    return r->err == HG_EAGAIN && hg_clock_mono_ms() < r->patient_until_ms;
}

/* False: there is more to be read. */
static bool step(struct hg_recall *r, struct hg_records *records) {
    static const struct timespec again = {.tv_nsec = AGAIN_MS * 1000000L};
    bool is_end = false;
    r->err = r->has_next ? read_some(r, records, &is_end) : find_next(r);
    if (may_come_soon(r)) {
        (void)nanosleep(&again, NULL);
        return false;
    }
    return r->err != 0 || is_end;
}

static void put(struct hg_recalls *rs, struct hg_recall *r) {
    r->queued = NULL;
    *rs->end = r;
    rs->end = &r->queued;
    (void)pthread_cond_signal(&rs->more);
}

/* NULL: stopping. */
static struct hg_recall *take(struct hg_recalls *rs) {
    lock(rs);
    while (rs->first == NULL && !atomic_load(&rs->is_stopping)) {
        int rc = pthread_cond_wait(&rs->more, &rs->lock);
        HG_ASSERT(rc == 0);
    }
    struct hg_recall *r = rs->first;
    if (r != NULL) {
        rs->first = r->queued;
        rs->end = rs->first == NULL ? &rs->first : rs->end;
    }
    unlock(rs);
    return r;
}

static void give_back(struct hg_recalls *rs, struct hg_recall *r, bool is_over) {
    lock(rs);
    if (!is_over && !atomic_load(&rs->is_stopping)) {
        put(rs, r);
        unlock(rs);
        return;
    }
    unlock(rs);
    r->err = is_over ? r->err : HG_ECLOSED;
    hg_inbox_put(&r->log->inbox, &r->task);
}

static void *run_thread(void *arg) {
    struct hg_recalls *rs = arg;
    struct hg_records records = {0};
    struct hg_recall *r;
    while ((r = take(rs)) != NULL) {
        give_back(rs, r, !atomic_load(&rs->is_stopping) && step(r, &records));
    }
    hg_records_fini(&records);
    return NULL;
}

void hg_recalls_init(struct hg_recalls *rs) {
    rs->end = &rs->first;
    rs->hold_ms = HOLD_MS;
    int rc = pthread_mutex_init(&rs->lock, NULL);
    HG_ASSERT(rc == 0);
    rc = pthread_cond_init(&rs->more, NULL);
    HG_ASSERT(rc == 0);
}

int hg_recalls_start(struct hg_log *log) {
    struct hg_recalls *rs = &log->recalls;
    unsigned wanted = is_wanted(log) ? HG_RECALL_THREADS : 0;
    while (rs->n_threads < wanted &&
           hg_thread_start(&rs->threads[rs->n_threads], run_thread, rs) == 0) {
        rs->n_threads++;
    }
    return rs->n_threads == wanted ? 0 : HG_EIO;
}

void hg_recalls_stop(struct hg_log *log) {
    struct hg_recalls *rs = &log->recalls;
    lock(rs);
    atomic_store(&rs->is_stopping, true);
    (void)pthread_cond_broadcast(&rs->more);
    unlock(rs);
    for (; rs->n_threads > 0; rs->n_threads--) {
        int rc = pthread_join(rs->threads[rs->n_threads - 1], NULL);
        HG_ASSERT(rc == 0);
    }
}

static void free_recall(struct hg_recall **pr) {
    hg_free((*pr)->entries);
    hg_free(*pr);
    *pr = NULL;
}

void hg_recalls_fini(struct hg_recalls *rs) {
    while (rs->all != NULL) {
        struct hg_recall *r = rs->all;
        rs->all = r->older;
        free_recall(&r);
    }
    (void)pthread_cond_destroy(&rs->more);
    (void)pthread_mutex_destroy(&rs->lock);
}

/* ----- the log thread ----- */

static struct hg_topic_part *part_of(const struct hg_recall *r) {
    return hg_topic_part(r->topic, r->partition);
}

/* They are asked about again, in the order they came. */
static void release(struct hg_recall *r) {
    hg_line_back(&r->log->thread.line, r->waiters);
    r->waiters = NULL;
    r->waiters_end = &r->waiters;
}

static void forget(struct hg_recall *r) {
    struct hg_recall **at = &r->log->recalls.all;
    while (*at != r) {
        at = &(*at)->older;
    }
    *at = r->older;
    part_of(r)->recall = NULL;
    free_recall(&r);
}

/* HG_ECLOSED: nothing is read any more. */
static int begin(struct hg_recall *r) {
    struct hg_recalls *rs = &r->log->recalls;
    const struct hg_topic_part *part = part_of(r);
    hg_mark_clock_set(&r->clock, r->log->dedup_window_ms);
    r->from = part->index_from;
    r->doubts = part->doubts;
    r->n = 0;
    r->has_next = false;
    r->patient_until_ms = hg_clock_mono_ms() + PATIENCE_MS;
    lock(rs);
    int err = atomic_load(&rs->is_stopping) ? HG_ECLOSED : 0;
    if (err == 0) {
        put(rs, r);
    }
    unlock(rs);
    r->is_reading = err == 0;
    return err;
}

static void fail(struct hg_recall *r, int err) {
    r->rest_until_ms = hg_clock_mono_ms() + REST_MS;
    if (err != HG_ECLOSED) {
        HG_LOG(HG_WARN, "dedup_waits",
               "topic=%.*s partition=%u reason=\"%s\" effect=\"publishes to it are refused\"",
               HG_FMT(r->topic->name), r->partition, hg_err_text(err));
    }
    release(r);
}

static void on_back(struct hg_task *task) {
    struct hg_recall *r = HG_CONTAINER(task, struct hg_recall, task);
    struct hg_log *log = r->log;
    struct hg_topic_part *part = part_of(r);
    size_t n = r->n < r->cap ? r->n : r->cap;
    r->is_reading = false;
    int err = r->err;
    if (err == 0 && n > 0) {
        err = hg_dedup_merge(log->thread.judge.dedup, r->entries, n);
    }
    if (err == 0 && r->doubts != part->doubts) {
        err = begin(r); /* more came to be in doubt meanwhile */
        if (err == 0) {
            return;
        }
    }
    if (err != 0) {
        fail(r, err);
        return;
    }
    part->is_indexed = true;
    HG_LOG(HG_INFO, "dedup_indexed", "topic=%.*s partition=%u entries=%zu ms=%lld",
           HG_FMT(r->topic->name), r->partition, n, (long long)(hg_clock_mono_ms() - r->began_ms));
    release(r);
    forget(r);
}

static struct hg_recall *recall_of(struct hg_log *log, struct hg_topic *topic, uint32_t partition) {
    struct hg_topic_part *part = hg_topic_part(topic, partition);
    if (part->recall != NULL) {
        return part->recall;
    }
    struct hg_recall *r = hg_try_alloc(sizeof *r);
    if (r == NULL) {
        return NULL;
    }
    *r = (struct hg_recall){
        .task.run = on_back,
        .log = log,
        .topic = topic,
        .partition = partition,
        .older = log->recalls.all,
    };
    r->waiters_end = &r->waiters;
    log->recalls.all = r;
    part->recall = r;
    return r;
}

/* NULL: the partition cannot be waited for now. */
static struct hg_recall *ask_part(struct hg_log *log, struct hg_topic *topic, uint32_t partition) {
    struct hg_recall *r = recall_of(log, topic, partition);
    int64_t now_ms = hg_clock_mono_ms();
    if (r == NULL) {
        return NULL;
    }
    if (!r->is_reading) {
        if (now_ms < r->rest_until_ms || begin(r) != 0) {
            return NULL;
        }
        r->began_ms = now_ms;
    }
    return now_ms - r->began_ms < log->recalls.hold_ms ? r : NULL;
}

enum hg_recall_state hg_recall_ask(struct hg_log *log, struct hg_publish *p) {
    struct hg_recall *last = NULL;
    bool is_refused = false;
    for (size_t i = 0; i < p->n_items; i++) {
        const struct hg_append_item *append = &p->plan->appends[i];
        struct hg_topic *topic = hg_topics_get(log->topics, append->topic);
        bool has_id = p->items[i].event != NULL && !p->items[i].is_dedup_off;
        if (has_id && !hg_topic_part(topic, append->partition)->is_indexed) {
            struct hg_recall *r = ask_part(log, topic, append->partition);
            is_refused |= r == NULL;
            last = r != NULL ? r : last;
        }
    }
    if (is_refused || last == NULL) {
        return is_refused ? HG_RECALL_REFUSED : HG_RECALL_KNOWN;
    }
    p->next = NULL;
    *last->waiters_end = p;
    last->waiters_end = &p->next;
    return HG_RECALL_WAITS;
}

void hg_recalls_tick(struct hg_log *log, int64_t now_ms) {
    for (struct hg_recall *r = log->recalls.all; r != NULL; r = r->older) {
        if (r->is_reading && now_ms - r->began_ms >= log->recalls.hold_ms) {
            release(r);
        }
    }
}
