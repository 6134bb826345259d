/* SPDX-License-Identifier: Apache-2.0 */
/* index.c - after a start: what dedup has to remember is in the records
 * themselves, so it is read back from them. There is no journal beside the
 * log. Of all topics together the newest dedup_max records within the window
 * are read, and no others. */
#include "base/clock.h"
#include "headgate/logline.h"
#include "log/inner.h"
#include "log/mark.h"
#include "log/records.h"

enum { READ_RECORDS = 1024, READ_BYTES = 4 << 20 };

struct build {
    struct hg_log *log;
    struct hg_mark_clock clock;
    int64_t from_ms; /* the log time where reading begins */
    struct hg_dedup_entry *entries;
    size_t n, cap;
    struct hg_records records;
};

typedef int (*part_fn)(struct build *b, struct hg_topic *topic, uint32_t partition);

static int each_unknown(struct build *b, part_fn fn) {
    int err = 0;
    uint32_t n = hg_topics_count(b->log->topics);
    for (uint32_t id = 0; id < n && err == 0; id++) {
        struct hg_topic *topic = hg_topics_get(b->log->topics, id);
        for (uint32_t p = 0; p < hg_topic_partitions(topic) && err == 0; p++) {
            if (!hg_topic_part(topic, p)->is_indexed) {
                err = fn(b, topic, p);
            }
        }
    }
    return err;
}

static int find_from(struct build *b, const struct hg_topic *topic, uint32_t partition,
                     uint64_t *ret_from) {
    return b->log->ops->seek(b->log->driver, topic->id, partition, b->from_ms, ret_from);
}

static int count_part(struct build *b, struct hg_topic *topic, uint32_t partition) {
    uint64_t from = 0, next = atomic_load(&hg_topic_part(topic, partition)->next);
    int err = find_from(b, topic, partition, &from);
    if (err == 0 && next > from) {
        b->cap += next - from;
    }
    return err;
}

/* The earliest time from which no more than dedup_max records were stored. */
static int choose_from(struct build *b) {
    int64_t low = b->clock.wall_ms - b->log->dedup_window_ms, high = INT64_MAX;
    b->from_ms = low;
    for (;;) {
        b->cap = 0;
        int err = each_unknown(b, count_part);
        if (err != 0) {
            return err;
        }
        bool does_fit = b->cap <= b->log->dedup_max;
        if (does_fit && b->from_ms == low) {
            return 0;
        }
        if (does_fit) {
            high = b->from_ms;
        } else {
            low = b->from_ms + 1;
        }
        b->from_ms = low + (high - low) / 2;
    }
}

/* Where a mark belongs. */
struct place {
    struct build *b;
    struct hg_mark_place at;
};

static void add(void *arg, const struct hg_log_mark *m) {
    const struct place *place = arg;
    struct build *b = place->b;
    if (b->n < b->cap && hg_mark_entry(&b->clock, place->at, m, &b->entries[b->n])) {
        b->n++;
    }
}

/* For drivers that cannot scan. */
static int read_marks(struct build *b, const struct hg_log_read *want, struct place *place,
                      uint64_t *ret_next) {
    hg_records_clear(&b->records);
    int err = b->log->ops->read(b->log->driver, want, &b->records);
    for (size_t i = 0; i < b->records.n; i++) {
        const struct hg_record *r = &b->records.items[i];
        *ret_next = r->offset + 1;
        if (r->event != NULL) {
            struct hg_log_mark mark = hg_mark_of(r);
            add(place, &mark);
        }
    }
    return err;
}

static int read_part(struct build *b, struct hg_topic *topic, uint32_t partition) {
    const struct hg_log_ops *ops = b->log->ops;
    struct place place = {b, {topic->id, partition}};
    struct hg_log_read want = {
        .topic = topic->id,
        .partition = partition,
        .max_records = READ_RECORDS,
        .max_bytes = READ_BYTES,
    };
    uint64_t next = 0;
    int err = find_from(b, topic, partition, &next);
    for (want.from = next; err == 0; want.from = next) {
        err = (ops->caps & HG_LOG_SCAN) != 0 ? ops->scan(b->log->driver, &want, add, &place, &next)
                                             : read_marks(b, &want, &place, &next);
        if (next == want.from) {
            break; /* the end */
        }
    }
    return err;
}

static int mark_part(struct build *b, struct hg_topic *topic, uint32_t partition) {
    (void)b;
    hg_topic_part(topic, partition)->is_indexed = true;
    return 0;
}

static int build(struct build *b) {
    int err = choose_from(b);
    if (err != 0 || b->cap == 0) {
        return err;
    }
    b->entries = hg_try_alloc(b->cap * sizeof *b->entries);
    if (b->entries == NULL) {
        return HG_ENOMEM;
    }
    err = each_unknown(b, read_part);
    /* What was read before a failure is worth remembering, too. */
    int merged = hg_dedup_merge(b->log->thread.judge.dedup, b->entries, b->n);
    return err != 0 ? err : merged;
}

void hg_log__index(struct hg_log *log) {
    struct build b = {.log = log};
    hg_mark_clock_set(&b.clock, log->dedup_window_ms);
    int64_t began_ms = hg_clock_mono_ms();
    int err = build(&b);
    if (err != 0) {
        HG_LOG(HG_ERROR, "dedup_incomplete",
               "reason=\"%s\" effect=\"copies of older events may be stored again\"",
               hg_err_text(err));
    } else if (b.cap > 0) {
        HG_LOG(HG_NOTICE, "dedup_indexed", "entries=%zu ms=%lld", b.n,
               (long long)(hg_clock_mono_ms() - began_ms));
    }
    (void)each_unknown(&b, mark_part);
    hg_records_fini(&b.records);
    hg_free(b.entries);
}

void hg_log__index_forget(struct hg_log *log, struct hg_topic *topic, uint32_t partition) {
    struct hg_topic_part *part = hg_topic_part(topic, partition);
    part->is_cut = false;
    part->known_next = 0;
    if (log->thread.judge.dedup != NULL) {
        hg_dedup_forget(log->thread.judge.dedup, topic->id, partition);
        hg_topic_doubt(topic, partition, 0);
        log->thread.needs_index |= (log->ops->caps & HG_LOG_REMOTE) == 0;
    }
}
