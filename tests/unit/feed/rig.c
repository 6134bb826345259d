/* SPDX-License-Identifier: Apache-2.0 */
/* rig.c - the feed's surroundings for a test. */
#include "unit/feed/rig.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "log/batch.h"

enum { DEADLINE_MS = 10000 };

static int on_read(void *state, const struct hg_log_read *want, struct hg_records *out) {
    struct rig *rig = state;
    pthread_mutex_lock(&rig->lock);
    while (rig->are_reads_held) {
        pthread_cond_wait(&rig->go, &rig->lock);
    }
    pthread_mutex_unlock(&rig->lock);
    atomic_fetch_add(&rig->n_reads, 1);
    int err = atomic_load(&rig->read_err);
    struct hg_log_read part = *want;
    uint64_t end = atomic_load(&rig->read_err_from);
    if (err && want->from >= end) {
        return err;
    }
    if (err && end - want->from < want->max_records) {
        part.max_records = end - want->from;
    }
    return fake_log_ops.read(state, &part, out);
}

void rig_hold_reads(struct rig *rig, bool are_held) {
    pthread_mutex_lock(&rig->lock);
    rig->are_reads_held = are_held;
    pthread_cond_broadcast(&rig->go);
    pthread_mutex_unlock(&rig->lock);
}

static void copy_text(char out[RIG_TEXT_MAX], struct hg_slice text) {
    snprintf(out, RIG_TEXT_MAX, "%.*s", HG_FMT(text));
}

static void remember_where(struct rig *rig, const char *id, struct rig_where where) {
    size_t number = strtoull(id + 1, NULL, 10);
    if (number >= rig->cap_where) {
        rig->cap_where = number * 2 + 64;
        rig->where = hg_try_realloc(rig->where, rig->cap_where * sizeof(*rig->where));
        assert_non_null(rig->where);
    }
    rig->where[number] = where;
}

static void remember_one(struct rig *rig, uint32_t topic, uint32_t partition,
                         const struct rig_record *record, const struct hg_event *event) {
    struct rig_part *part = &rig->truth[topic][partition];
    if (part->n == part->cap) {
        part->cap = part->cap > 0 ? part->cap * 2 : 64;
        part->records = hg_try_realloc(part->records, part->cap * sizeof(*part->records));
        assert_non_null(part->records);
    }
    struct rig_record *r = &part->records[part->n++];
    *r = *record;
    copy_text(r->id, hg_event_core(event, HG_ATTR_ID));
    copy_text(r->type, hg_event_core(event, HG_ATTR_TYPE));
    copy_text(r->subject, hg_event_core(event, HG_ATTR_SUBJECT));
    remember_where(rig, r->id,
                   (struct rig_where){.topic = topic,
                                      .partition = partition,
                                      .index = part->n - 1,
                                      .offset = record->offset});
}

static void remember(struct rig *rig, const struct hg_batch *batch) {
    for (size_t i = 0; i < batch->n; i++) {
        const struct hg_entry *e = &batch->entries[i];
        struct rig_record r = {.offset = e->offset, .fingerprint = e->fingerprint};
        remember_one(rig, batch->topic, batch->partition, &r, e->event);
    }
}

/* Where the tail shows only what is followed, the truth is what is stored. */
static void remember_stored(struct rig *rig, uint32_t topic) {
    for (uint32_t p = 0; p < hg_log_topic_partitions(rig->log, topic); p++) {
        pthread_mutex_lock(&rig->fake.lock);
        const struct fake_part *part = &rig->fake.topics[rig->fake.ids[topic]].parts[p];
        for (size_t i = rig->truth[topic][p].n; i < part->n; i++) {
            const struct hg_record *stored = &part->records[i];
            struct rig_record r = {.offset = i};
            r.fingerprint = hg_position_fingerprint(stored->log_time_ms,
                                                    hg_event_core(stored->event, HG_ATTR_ID));
            remember_one(rig, topic, p, &r, stored->event);
        }
        pthread_mutex_unlock(&rig->fake.lock);
    }
}

static void on_tail(struct hg_loop *loop, struct hg_batch *batch, void *arg) {
    struct rig *rig = arg;
    assert_ptr_equal(loop, rig->loop);
    if (!rig->is_remote) {
        remember(rig, batch);
    }
    if (!rig->is_tail_held) {
        hg_feed_tail(rig->feed, batch);
        return;
    }
    if (rig->n_tails == rig->cap_tails) {
        rig->cap_tails = rig->cap_tails > 0 ? rig->cap_tails * 2 : 64;
        rig->tails = hg_try_realloc(rig->tails, rig->cap_tails * sizeof(struct hg_batch *));
        assert_non_null(rig->tails);
    }
    rig->tails[rig->n_tails++] = hg_batch_ref(batch);
}

void rig_hold_tail(struct rig *rig) {
    rig->is_tail_held = true;
}

/* The first n held batches, which follow each other, as one. */
static struct hg_batch *join(struct hg_batch *const *tails, size_t n) {
    size_t total = 0;
    for (size_t i = 0; i < n; i++) {
        total += tails[i]->n;
    }
    struct hg_batch *all = hg_batch_new(total, 0, NULL);
    assert_non_null(all);
    all->topic = tails[0]->topic;
    all->partition = tails[0]->partition;
    all->epoch = tails[0]->epoch;
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < tails[i]->n; k++) {
            const struct hg_entry *e = &tails[i]->entries[k];
            struct hg_record r = {.event = hg_event_ref(e->event),
                                  .offset = e->offset,
                                  .log_time_ms = e->log_time_ms};
            hg_batch_fill(all, at++, &r);
        }
    }
    return all;
}

static size_t run_of(struct rig *rig, size_t max) {
    size_t n = 1;
    while (n < max && rig->tails[0]->n > 0 && rig->tails[n]->n > 0 &&
           rig->tails[n]->topic == rig->tails[0]->topic &&
           rig->tails[n]->partition == rig->tails[0]->partition) {
        n++;
    }
    return n;
}

void rig_let_tail(struct rig *rig, size_t n, bool is_joined) {
    n = n < rig->n_tails ? n : rig->n_tails;
    while (n > 0) {
        size_t run = is_joined ? run_of(rig, n) : 1;
        bool is_whole = rig->tails[0]->n > 0; /* else a loss */
        struct hg_batch *batch = is_whole ? join(rig->tails, run) : hg_batch_ref(rig->tails[0]);
        hg_feed_tail(rig->feed, batch);
        hg_batch_unref(&batch);
        for (size_t i = 0; i < run; i++) {
            hg_batch_unref(&rig->tails[i]);
        }
        rig->n_tails -= run;
        n -= run;
        memmove(rig->tails, rig->tails + run, rig->n_tails * sizeof(struct hg_batch *));
    }
}

void rig_release_tail(struct rig *rig) {
    rig_let_tail(rig, rig->n_tails, true);
    rig->is_tail_held = false;
}

static void declare(struct rig *rig, uint32_t topic, uint32_t partitions) {
    char name[16];
    struct hg_why why = {{0}};
    uint32_t id = 0;
    snprintf(name, sizeof(name), "t%u", topic);
    struct hg_log_topic t = {.name = hg_slice_of(name), .partitions = partitions};
    assert_int_equal(hg_log_topic(rig->log, &t, &id, &why), 0);
    assert_int_equal(id, topic);
}

void rig_grow(struct rig *rig, uint32_t topic, uint32_t partitions) {
    remote_log_grow(&rig->remote, topic, partitions);
    declare(rig, topic, partitions);
    remember_stored(rig, topic);
}

static void make_topics(struct rig *rig, unsigned n, uint32_t partitions) {
    for (unsigned i = 0; i < n; i++) {
        declare(rig, i, partitions);
    }
    rig->n_topics = n;
}

struct rig *rig_new(const struct rig_options *options, unsigned n_topics) {
    struct rig *rig = calloc(1, sizeof(*rig));
    struct hg_why why = {{0}};
    assert_non_null(rig);
    rig->is_remote = options->is_remote;
    if (rig->is_remote) {
        remote_log_init(&rig->remote);
        rig->driver = remote_log_ops();
    } else {
        fake_log_init(&rig->fake);
        rig->driver = fake_log_ops;
    }
    pthread_mutex_init(&rig->lock, NULL);
    pthread_cond_init(&rig->go, NULL);
    rig->driver.read = on_read;
    assert_int_equal(hg_loop_new(0, &rig->loop), 0);
    hg_loop_adopt(rig->loop);
    struct hg_log_setup log = {
        .driver = &rig->driver,
        .open = fake_log_open(&rig->fake),
        .loops = &rig->loop,
        .n_loops = 1,
        .on_tail = on_tail,
        .arg = rig,
        .queue_bytes_max = 64 << 20,
        .readers = 2,
    };
    assert_int_equal(hg_log_start(&log, &rig->log, &why), 0);
    make_topics(rig, n_topics, options->partitions > 0 ? options->partitions : 1);
    struct hg_feed_setup feed = {
        .loop = rig->loop,
        .log = rig->log,
        .window_bytes_max = options->window_bytes_max > 0 ? options->window_bytes_max : 1 << 20,
        .reads_max = options->reads_max > 0 ? options->reads_max : 2,
        .read_bytes_max = options->read_bytes_max > 0 ? options->read_bytes_max : 64 << 10,
    };
    assert_int_equal(hg_feed_new(&feed, &rig->feed), 0);
    return rig;
}

void rig_free(struct rig **prig) {
    struct rig *rig = *prig;
    *prig = NULL;
    rig_hold_reads(rig, false);
    hg_feed_free(&rig->feed);
    rig->is_tail_held = true;
    hg_log_stop(&rig->log);
    rig_turn(rig);
    hg_loop_free(&rig->loop);
    for (size_t i = 0; i < rig->n_tails; i++) {
        hg_batch_unref(&rig->tails[i]);
    }
    hg_free(rig->tails);
    for (size_t t = 0; t < FAKE_TOPICS; t++) {
        for (size_t p = 0; p < FAKE_PARTITIONS; p++) {
            hg_free(rig->truth[t][p].records);
        }
    }
    hg_free(rig->where);
    if (rig->is_remote) {
        remote_log_fini(&rig->remote);
    } else {
        fake_log_fini(&rig->fake);
    }
    pthread_cond_destroy(&rig->go);
    pthread_mutex_destroy(&rig->lock);
    free(rig);
}

struct publishing {
    struct hg_publish p;
    struct hg_publish_item item;
    struct rig *rig;
};

static void on_published(struct hg_publish *p, int err, size_t at) {
    struct publishing *pub = HG_CONTAINER(p, struct publishing, p);
    (void)at;
    assert_int_equal(err, 0);
    pub->rig->n_pending--;
    hg_event_unref(&pub->item.event);
    free(pub);
}

static struct hg_event *make_event(size_t number, const char *type, const char *subject) {
    char id[RIG_TEXT_MAX];
    const char *missing = NULL;
    struct hg_event *e = NULL;
    struct hg_event_builder *b = hg_event_builder_new();
    snprintf(id, sizeof(id), "e%zu", number);
    const char *const values[][2] = {{"specversion", "1.0"},
                                     {"id", id},
                                     {"source", "/rig"},
                                     {"subject", subject},
                                     {"type", type}};
    for (size_t i = 0; i < HG_COUNT(values); i++) {
        assert_int_equal(hg_event_builder_set(b, hg_slice_of(values[i][0]),
                                              hg_slice_of(values[i][1]), HG_ATTR_STRING),
                         0);
    }
    assert_int_equal(hg_event_builder_seal(b, &e, &missing), 0);
    hg_event_builder_free(&b);
    return e;
}

void rig_begin_publish(struct rig *rig, uint32_t topic, const char *type, const char *subject) {
    struct publishing *pub = calloc(1, sizeof(*pub));
    assert_non_null(pub);
    pub->rig = rig;
    pub->p.items = &pub->item;
    pub->p.n_items = 1;
    pub->p.done = on_published;
    pub->item.topic = topic;
    pub->item.event = make_event(rig->n_published++, type, subject);
    rig->n_pending++;
    assert_int_equal(hg_log_append(rig->log, &pub->p), 0);
}

static bool is_published(void *arg) {
    return ((struct rig *)arg)->n_pending == 0;
}

void rig_publish(struct rig *rig, uint32_t topic, const char *type, const char *subject) {
    rig_begin_publish(rig, topic, type, subject);
    rig_until(rig, is_published, rig);
    if (rig->is_remote) {
        remember_stored(rig, topic);
    }
}

void rig_write(struct rig *rig, uint32_t topic, uint32_t partition, const char *type,
               const char *subject) {
    remote_log_write(&rig->remote, topic, partition, make_event(rig->n_published++, type, subject));
    remember_stored(rig, topic);
}

void rig_cut(struct rig *rig, uint32_t topic, uint32_t partition, uint64_t end) {
    struct rig_part *part = &rig->truth[topic][partition];
    while (part->n > end) {
        rig->where[strtoull(part->records[--part->n].id + 1, NULL, 10)].is_void = true;
    }
    remote_log_cut(&rig->remote, topic, partition, end);
}

void rig_publish_many(struct rig *rig, uint32_t topic, size_t n) {
    for (size_t i = 0; i < n; i++) {
        rig_begin_publish(rig, topic, "a", "s");
    }
    rig_until(rig, is_published, rig);
}

uint64_t rig_next(const struct rig *rig, uint32_t topic) {
    const struct rig_part *part = &rig->truth[topic][0];
    return part->n > 0 ? part->records[part->n - 1].offset + 1 : 0;
}

void rig_trim(struct rig *rig, uint32_t topic, uint64_t before) {
    fake_log_ops.trim(&rig->fake, topic, 0, before);
}

void rig_tail(struct rig *rig, uint32_t topic, uint32_t epoch, uint64_t from, size_t n) {
    struct hg_batch *b = hg_batch_new(n, 0, NULL);
    assert_non_null(b);
    b->topic = topic;
    b->epoch = epoch;
    for (size_t i = 0; i < n; i++) {
        struct hg_record r = {.event = make_event(rig->n_published++, "a", "s"),
                              .offset = from + i,
                              .log_time_ms = 1};
        hg_batch_fill(b, i, &r);
    }
    remember(rig, b);
    hg_feed_tail(rig->feed, b);
    hg_batch_unref(&b);
}

static void on_nap(void *arg) {
    (void)arg;
}

void rig_until(struct rig *rig, bool (*is_so)(void *arg), void *arg) {
    struct hg_timer *nap = hg_timer_new(rig->loop, on_nap, NULL);
    int64_t deadline = hg_clock_mono_ms() + DEADLINE_MS;
    assert_non_null(nap);
    while (!is_so(arg)) {
        if (hg_clock_mono_ms() > deadline) {
            fail_msg("waited too long");
        }
        hg_timer_start(nap, 2); /* it may come true on another thread */
        hg_loop_turn(rig->loop, true);
    }
    hg_timer_free(&nap);
}

struct want {
    struct rig *rig;
    size_t catching;
};

static bool are_live(void *arg) {
    const struct want *w = arg;
    size_t live = 0;
    size_t catching = 0;
    hg_feed_count(w->rig->feed, &live, &catching);
    return catching == w->catching;
}

void rig_until_live(struct rig *rig, size_t catching) {
    struct want w = {rig, catching};
    rig_until(rig, are_live, &w);
}

void rig_turn(struct rig *rig) {
    for (int i = 0; i < 4; i++) {
        hg_loop_turn(rig->loop, false);
    }
}

static bool is_past(void *arg) {
    return hg_clock_mono_ms() >= *(int64_t *)arg;
}

void rig_turn_ms(struct rig *rig, int64_t ms) {
    int64_t until = hg_clock_mono_ms() + ms;
    rig_until(rig, is_past, &until);
}
