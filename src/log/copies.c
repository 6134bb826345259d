/* SPDX-License-Identifier: Apache-2.0 */
/* copies.c - the walks of a process.
 *
 *   log: ... stretch ...  known_from ........... next
 *            looked at     judged, remembered     to come
 *
 * One lock for all. Who takes a walk along marks it busy and lets go of the lock:
 * it reads the log. A tail's walk that is hot is taken along by the tail alone,
 * under the lock. */
#include "log/copies.h"

#include <pthread.h>

#include "log/counters.h"
#include "log/records.h"

enum {
    WALKS_MAX = 16,    /* that stand where readers are */
    COPIES_MAX = 4096, /* remembered of a walk */
    ALIGN = 1024,      /* who begins a little before another reader finds it judged */
    READ_RECORDS = 1024,
    READ_BYTES = 1 << 20,
};

struct hg_walk {
    struct hg_walk *older;
    const struct hg_topic *topic; /* NULL: it stands nowhere */
    uint32_t partition;
    bool is_tail, is_hot, is_busy;
    bool is_void;   /* the partition was cut back while it was busy */
    uint64_t given; /* a tail that is not hot: where what it gave ends */
    uint64_t known_from, next;
    uint64_t *copies; /* offsets from known_from on, rising */
    size_t n_copies;
    struct hg_hide *hide;
    uint64_t used;
};

struct hg_copies {
    struct hg_copies_setup setup;
    pthread_mutex_t lock;
    pthread_cond_t idle; /* some walk is */
    struct hg_walk *walks;
    size_t n_walks; /* without those of tails */
    uint64_t uses;
};

static void lock(struct hg_copies *c) {
    int rc = pthread_mutex_lock(&c->lock);
    HG_ASSERT(rc == 0);
}

static void unlock(struct hg_copies *c) {
    int rc = pthread_mutex_unlock(&c->lock);
    HG_ASSERT(rc == 0);
}

int hg_copies_new(const struct hg_copies_setup *setup, struct hg_copies **ret) {
    struct hg_copies *c = hg_try_alloc(sizeof *c);
    if (c == NULL) {
        return HG_ENOMEM;
    }
    c->setup = *setup;
    int rc = pthread_mutex_init(&c->lock, NULL);
    HG_ASSERT(rc == 0);
    rc = pthread_cond_init(&c->idle, NULL);
    HG_ASSERT(rc == 0);
    *ret = c;
    return 0;
}

static void free_walk(struct hg_walk **pw) {
    struct hg_walk *w = *pw;
    *pw = NULL;
    hg_hide_free(&w->hide);
    hg_free(w->copies);
    hg_free(w);
}

void hg_copies_free(struct hg_copies **pc) {
    struct hg_copies *c = *pc;
    *pc = NULL;
    if (c == NULL) {
        return;
    }
    while (c->walks != NULL) {
        struct hg_walk *w = c->walks;
        c->walks = w->older;
        free_walk(&w);
    }
    (void)pthread_cond_destroy(&c->idle);
    (void)pthread_mutex_destroy(&c->lock);
    hg_free(c);
}

/* Under the lock. NULL: no memory. */
static struct hg_walk *new_walk(struct hg_copies *c, bool is_tail) {
    struct hg_walk *w = hg_try_alloc(sizeof *w);
    if (w == NULL) {
        return NULL;
    }
    w->is_tail = is_tail;
    w->copies = hg_try_alloc(COPIES_MAX * sizeof *w->copies);
    if (w->copies == NULL || hg_hide_new(&c->setup.stretch, &w->hide) != 0) {
        free_walk(&w);
        return NULL;
    }
    w->older = c->walks;
    c->walks = w;
    c->n_walks += !is_tail;
    return w;
}

/* Under the lock. */
static void drop_walk(struct hg_copies *c, struct hg_walk *w) {
    struct hg_walk **link = &c->walks;
    while (*link != w) {
        link = &(*link)->older;
    }
    *link = w->older;
    c->n_walks -= !w->is_tail;
    free_walk(&w);
}

/* ----- one walk ----- */

static void stand(struct hg_walk *w, uint64_t known_from, uint64_t next) {
    hg_hide_clear(w->hide);
    w->n_copies = 0;
    w->known_from = known_from;
    w->next = next;
}

static void remember(struct hg_walk *w, uint64_t offset) {
    if (w->n_copies == COPIES_MAX) { /* the older half is as if it had not been judged */
        size_t half = COPIES_MAX / 2;
        w->known_from = w->copies[half - 1] + 1;
        memmove(w->copies, w->copies + half, half * sizeof *w->copies);
        w->n_copies = half;
    }
    w->copies[w->n_copies++] = offset;
}

static int judge(struct hg_walk *w, const struct hg_record *record, bool *ret_is_copy) {
    int err = hg_hide_next(w->hide, record, ret_is_copy);
    if (err != 0) {
        return err;
    }
    w->next = record->offset + 1;
    if (*ret_is_copy && record->offset >= w->known_from) {
        remember(w, record->offset);
        hg_counter_add(&hg_log_copies, 1);
    }
    return 0;
}

static bool was_copy(const struct hg_walk *w, uint64_t offset) {
    size_t lo = 0, hi = w->n_copies;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (w->copies[mid] < offset) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo < w->n_copies && w->copies[lo] == offset;
}

static int read_from(const struct hg_copies *c, const struct hg_walk *w, uint64_t from, size_t max,
                     struct hg_records *out) {
    struct hg_log_read want = {
        .topic = w->topic->id,
        .partition = w->partition,
        .from = from,
        .max_records = max,
        .max_bytes = max > 1 ? READ_BYTES : 1,
    };
    hg_records_clear(out);
    return c->setup.ops->read(c->setup.driver, &want, out);
}

static int seek_time(const struct hg_copies *c, const struct hg_walk *w, int64_t time_ms,
                     uint64_t *ret) {
    return c->setup.ops->seek(c->setup.driver, w->topic->id, w->partition, time_ms, ret);
}

/* Where it begins so that whatever stands at or behind first is judged. */
static int place(const struct hg_copies *c, struct hg_walk *w, uint64_t first) {
    struct hg_records found = {0};
    uint64_t max = c->setup.stretch.max, oldest = 0, start = 0;
    uint64_t known_from = first > ALIGN ? first - ALIGN : 0;
    int err = seek_time(c, w, INT64_MIN, &oldest);
    known_from = known_from > oldest ? known_from : oldest;
    err = err == 0 ? read_from(c, w, known_from, 1, &found) : err;
    /* Nothing stands there: of what will come the time is not known. */
    start = oldest;
    if (err == 0 && found.n > 0) {
        err = seek_time(c, w, found.items[0].log_time_ms - c->setup.stretch.ms, &start);
    }
    hg_records_fini(&found);
    if (err == 0) {
        uint64_t far = known_from > max ? known_from - max : 0;
        start = start > far ? start : far;
        stand(w, known_from, start < known_from ? start : known_from);
    }
    return err;
}

/* Judge what stands before `until`. */
static int walk_up(const struct hg_copies *c, struct hg_walk *w, uint64_t until) {
    struct hg_records found = {0};
    bool is_copy;
    int err = 0;
    while (err == 0 && w->next < until) {
        err = read_from(c, w, w->next, READ_RECORDS, &found);
        for (size_t i = 0; err == 0 && i < found.n && found.items[i].offset < until; i++) {
            err = judge(w, &found.items[i], &is_copy);
        }
        if (err == 0 && (found.n == 0 || found.items[found.n - 1].offset >= until)) {
            w->next = until;
        }
    }
    hg_records_fini(&found);
    return err;
}

/* ----- readers ----- */

static bool is_at(const struct hg_walk *w, const struct hg_topic *topic, uint32_t partition) {
    return w->topic == topic && w->partition == partition;
}

/* Under the lock: how many of the records some walk has judged. */
static size_t look_up(const struct hg_copies *c, const struct hg_topic *topic, uint32_t partition,
                      const struct hg_record *records, size_t n, bool *ret_marks) {
    for (const struct hg_walk *w = c->walks; w != NULL; w = w->older) {
        bool is_settled = !w->is_busy && (!w->is_tail || w->is_hot);
        if (!is_settled || !is_at(w, topic, partition) || w->known_from > records[0].offset ||
            w->next <= records[0].offset) {
            continue;
        }
        size_t k = 0;
        for (; k < n && records[k].offset < w->next; k++) {
            ret_marks[k] = was_copy(w, records[k].offset);
        }
        return k;
    }
    return 0;
}

/* Under the lock: the one that is nearest before the first record. NULL: none is
 * nearer than the stretch is long. */
static struct hg_walk *find_walk(const struct hg_copies *c, const struct hg_topic *topic,
                                 uint32_t partition, uint64_t first) {
    struct hg_walk *best = NULL;
    for (struct hg_walk *w = c->walks; w != NULL; w = w->older) {
        if (!w->is_tail && is_at(w, topic, partition) && w->next <= first &&
            first - w->next <= c->setup.stretch.max && (best == NULL || w->next > best->next)) {
            best = w;
        }
    }
    return best;
}

/* Under the lock. NULL: all are busy. */
static struct hg_walk *find_idle(struct hg_copies *c) {
    struct hg_walk *best = c->n_walks < WALKS_MAX ? new_walk(c, false) : NULL;
    for (struct hg_walk *w = c->walks; w != NULL && c->n_walks >= WALKS_MAX; w = w->older) {
        if (!w->is_tail && !w->is_busy && (best == NULL || w->used < best->used)) {
            best = w;
        }
    }
    return best;
}

/* With the lock, which is let go of while the log is read. A walk of the
 * same place that is busy is waited for. */
static struct hg_walk *take_walk(struct hg_copies *c, const struct hg_topic *topic,
                                 uint32_t partition, uint64_t first, bool *ret_is_new) {
    struct hg_walk *w = find_walk(c, topic, partition, first);
    *ret_is_new = w == NULL;
    w = w != NULL ? w : find_idle(c);
    if (w == NULL || w->is_busy) {
        return NULL;
    }
    w->topic = topic;
    w->partition = partition;
    w->is_busy = true;
    w->used = ++c->uses;
    return w;
}

static int judge_all(const struct hg_copies *c, struct hg_walk *w, bool is_new,
                     const struct hg_record *records, size_t n, bool *ret_marks) {
    int err = is_new ? place(c, w, records[0].offset) : 0;
    err = err == 0 ? walk_up(c, w, records[0].offset) : err;
    for (size_t i = 0; err == 0 && i < n; i++) {
        err = judge(w, &records[i], &ret_marks[i]);
    }
    return err;
}

int hg_copies_mark(struct hg_copies *c, const struct hg_topic *topic, uint32_t partition,
                   const struct hg_record *records, size_t n, bool *ret_marks, size_t *ret_n) {
    struct hg_walk *w = NULL;
    bool is_new = false;
    int err = 0;
    lock(c);
    size_t known = look_up(c, topic, partition, records, n, ret_marks);
    while (known == 0 && (w = take_walk(c, topic, partition, records[0].offset, &is_new)) == NULL) {
        int rc = pthread_cond_wait(&c->idle, &c->lock);
        HG_ASSERT(rc == 0);
        known = look_up(c, topic, partition, records, n, ret_marks);
    }
    if (known == 0) {
        unlock(c);
        err = judge_all(c, w, is_new, records, n, ret_marks);
        known = n;
        lock(c);
        w->topic = err != 0 || w->is_void ? NULL : w->topic;
        w->is_busy = w->is_void = false;
        (void)pthread_cond_broadcast(&c->idle);
    }
    unlock(c);
    if (err == 0) {
        *ret_n = known;
    }
    return err;
}

/* ----- the tail ----- */

void hg_copies_tail_end(struct hg_copies *c, struct hg_topic *topic) {
    lock(c);
    for (uint32_t p = 0; p < hg_topic_partitions(topic); p++) {
        struct hg_topic_part *part = hg_topic_part(topic, p);
        if (part->tail != NULL) {
            drop_walk(c, part->tail);
            part->tail = NULL;
        }
    }
    unlock(c);
}

int hg_copies_tail_begin(struct hg_copies *c, struct hg_topic *topic) {
    int err = 0;
    lock(c);
    for (uint32_t p = 0; err == 0 && p < hg_topic_partitions(topic); p++) {
        struct hg_topic_part *part = hg_topic_part(topic, p);
        struct hg_walk *w = part->tail != NULL ? part->tail : new_walk(c, true);
        if (w != NULL) {
            w->topic = topic;
            w->partition = p;
            part->tail = w;
        }
        err = w != NULL ? 0 : HG_ENOMEM;
    }
    unlock(c);
    return err;
}

/* The tail goes on meanwhile, and nobody is shown what it gives. */
static int warm(struct hg_copies *c, struct hg_walk *w, uint64_t next) {
    int err = w->is_hot ? 0 : place(c, w, next);
    while (err == 0 && !w->is_hot) {
        err = walk_up(c, w, next);
        lock(c);
        next = w->given > next ? w->given : next;
        w->is_hot = err == 0 && w->next >= next;
        unlock(c);
    }
    return err;
}

int hg_copies_tail_warm(struct hg_copies *c, struct hg_topic *topic,
                        const struct hg_log_range *ranges, bool is_from_first) {
    int err = 0;
    for (uint32_t p = 0; err == 0 && p < ranges[0].partitions; p++) {
        if (p < hg_topic_partitions(topic)) {
            uint64_t from = is_from_first ? ranges[p].first : ranges[p].next;
            err = warm(c, hg_topic_part(topic, p)->tail, from);
        }
    }
    return err;
}

bool hg_copies_tail(struct hg_copies *c, struct hg_topic *topic, uint32_t partition,
                    const struct hg_record *records, size_t n, bool *ret_marks) {
    lock(c);
    struct hg_walk *w = hg_topic_part(topic, partition)->tail;
    bool is_hot = w != NULL && w->is_hot && records[0].offset >= w->known_from;
    uint64_t next = records[n - 1].offset + 1;
    for (size_t i = 0; is_hot && i < n; i++) {
        /* What the walk has read before the tail gave it is judged already. */
        bool is_known = records[i].offset < w->next;
        ret_marks[i] = is_known && was_copy(w, records[i].offset);
        if (!is_known && judge(w, &records[i], &ret_marks[i]) != 0) {
            ret_marks[i] = false;
            stand(w, records[i].offset + 1, records[i].offset + 1);
        }
    }
    if (w != NULL && !is_hot && w->given < next) {
        w->given = next;
    }
    unlock(c);
    return is_hot;
}

void hg_copies_lost(struct hg_copies *c, struct hg_topic *topic, uint32_t partition,
                    uint64_t next) {
    lock(c);
    for (struct hg_walk *w = c->walks; w != NULL; w = w->older) {
        if (!is_at(w, topic, partition)) {
            continue;
        }
        w->is_void = w->is_busy;
        w->given = w->given < next ? w->given : next;
        if (w->is_hot) {
            stand(w, next, next);
        } else if (!w->is_tail && !w->is_busy) {
            w->topic = NULL;
        }
    }
    unlock(c);
}
