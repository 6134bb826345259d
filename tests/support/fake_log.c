/* SPDX-License-Identifier: Apache-2.0 */
/* fake_log.c - the in-memory driver of the tests. */
#include "support/fake_log.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "headgate/record.h"

static void lock(struct fake_log *fake) {
    int rc = pthread_mutex_lock(&fake->lock);
    HG_ASSERT(rc == 0);
}

static void unlock(struct fake_log *fake) {
    int rc = pthread_mutex_unlock(&fake->lock);
    HG_ASSERT(rc == 0);
}

void fake_log_init(struct fake_log *fake) {
    memset(fake, 0, sizeof *fake);
    int rc = pthread_mutex_init(&fake->lock, NULL);
    HG_ASSERT(rc == 0);
    fake->held_end = &fake->held;
    fake->group_end = &fake->group;
}

void fake_log_fini(struct fake_log *fake) {
    for (size_t t = 0; t < FAKE_TOPICS; t++) {
        for (size_t p = 0; p < FAKE_PARTITIONS; p++) {
            struct fake_part *part = &fake->topics[t].parts[p];
            for (size_t i = 0; i < part->n; i++) {
                hg_event_unref(&part->records[i].event);
                hg_free((void *)part->records[i].headers);
            }
            hg_free(part->records);
        }
    }
    (void)pthread_mutex_destroy(&fake->lock);
}

struct hg_log_open fake_log_open(struct fake_log *fake) {
    return (struct hg_log_open){.conf = fake};
}

static int on_open(const struct hg_log_open *open, void **ret_state, struct hg_why *why) {
    struct fake_log *fake = (struct fake_log *)open->conf;
    int err = atomic_load(&fake->open_err);
    if (err != 0) {
        hg_why_set(why, "the fake was told to fail");
        return err;
    }
    fake->up = open->up;
    *ret_state = fake;
    return 0;
}

static int open_topic(struct fake_log *fake, const struct hg_log_topic *topic, struct hg_why *why) {
    for (int i = 0; i < FAKE_TOPICS; i++) {
        struct fake_topic *t = &fake->topics[i];
        if (t->epoch == 0) {
            (void)snprintf(t->name, sizeof t->name, "%.*s", HG_FMT(topic->name));
            t->epoch = 1;
            t->partitions = topic->partitions;
            t->event_bytes_max = topic->event_bytes_max;
        }
        if (hg_slice_eq(hg_slice_of(t->name), topic->name)) {
            fake->ids[topic->id] = i;
            return 0;
        }
    }
    hg_why_set(why, "the fake is full");
    return HG_EFULL;
}

static int topic_open(void *state, const struct hg_log_topic *topic, struct hg_why *why) {
    struct fake_log *fake = state;
    lock(fake);
    int err = open_topic(fake, topic, why);
    unlock(fake);
    return err;
}

static struct fake_part *part_of(struct fake_log *fake, uint32_t topic, uint32_t partition) {
    return &fake->topics[fake->ids[topic]].parts[partition];
}

static int describe(void *state, uint32_t topic, uint32_t partition, struct hg_log_range *ret) {
    struct fake_log *fake = state;
    const struct fake_topic *t = &fake->topics[fake->ids[topic]];
    lock(fake);
    const struct fake_part *part = part_of(fake, topic, partition);
    *ret = (struct hg_log_range){
        .epoch = t->epoch, .partitions = t->partitions, .first = part->first, .next = part->n};
    unlock(fake);
    return 0;
}

static void on_append(void *state, struct hg_append *append) {
    struct fake_log *fake = state;
    atomic_fetch_add(&fake->appends, 1);
    append->next = NULL;
    *fake->group_end = append;
    fake->group_end = &append->next;
}

/* In one block: the headers, then their bytes. */
static struct hg_record_header *copy_headers(const struct hg_record *r) {
    size_t bytes = r->n_headers * sizeof *r->headers;
    for (size_t i = 0; i < r->n_headers; i++) {
        bytes += r->headers[i].name.len + r->headers[i].value.len;
    }
    struct hg_record_header *out = r->n_headers > 0 ? hg_alloc(bytes) : NULL;
    char *at = (char *)(out + r->n_headers);
    for (size_t i = 0; i < r->n_headers; i++) {
        struct hg_record_header h = r->headers[i];
        memcpy(at, h.name.ptr, h.name.len);
        memcpy(at + h.name.len, h.value.ptr, h.value.len);
        out[i] = (struct hg_record_header){{at, h.name.len}, {at + h.name.len, h.value.len}};
        at += h.name.len + h.value.len;
    }
    return out;
}

struct hg_slice fake_log_header(const struct hg_record *r, const char *name) {
    for (size_t i = 0; i < r->n_headers; i++) {
        if (hg_slice_eq(r->headers[i].name, hg_slice_of(name))) {
            return r->headers[i].value;
        }
    }
    return (struct hg_slice){0};
}

void fake_log_store(struct fake_log *fake, struct hg_append_item *item) {
    struct fake_part *part = part_of(fake, item->topic, item->partition);
    lock(fake);
    if (part->n == part->cap) {
        part->cap = part->cap == 0 ? 16 : part->cap * 2;
        part->records = hg_try_realloc(part->records, part->cap * sizeof *part->records);
        HG_ASSERT(part->records != NULL);
    }
    item->record.offset = part->n;
    item->record.log_time_ms = fake->log_time_ms != 0 ? fake->log_time_ms : hg_clock_wall_ms();
    struct hg_record copy = item->record;
    copy.key = (struct hg_slice){0};
    copy.headers = copy_headers(&item->record);
    if (copy.event != NULL) {
        (void)hg_event_ref(copy.event);
    }
    part->records[part->n++] = copy;
    unlock(fake);
}

static void free_record(struct hg_record *record) {
    hg_event_unref(&record->event);
    hg_free((void *)record->headers);
}

void fake_log_cut(struct fake_log *fake, uint32_t topic, uint32_t partition, uint64_t end) {
    struct fake_part *part = part_of(fake, topic, partition);
    lock(fake);
    while (part->n > end) {
        free_record(&part->records[--part->n]);
    }
    unlock(fake);
}

static bool is_as_expected(struct fake_log *fake, struct hg_append *append) {
    for (size_t i = 0; i < append->n_items; i++) {
        const struct hg_append_item *item = &append->items[i];
        if (item->has_expected &&
            item->expected_next != part_of(fake, item->topic, item->partition)->n) {
            append->refused = i;
            return false;
        }
    }
    return true;
}

static bool has_room(const struct fake_log *fake, const struct hg_append *append) {
    size_t bytes = append->room;
    for (size_t i = 0; i < append->n_items; i++) {
        const struct hg_event *e = append->items[i].record.event;
        bytes += e != NULL ? hg_event_packed_bytes(e) : 0;
    }
    size_t room = atomic_load(&fake->room);
    return room == 0 || bytes <= room;
}

static void complete(struct fake_log *fake, struct hg_append *append, int err) {
    err = err == 0 && !has_room(fake, append) ? HG_EFULL : err;
    if (err == 0 && !is_as_expected(fake, append)) {
        err = HG_ECONFLICT;
    } else if (err == HG_E2BIG || err == HG_EINVAL || err == HG_EDENIED) {
        append->refused = atomic_load(&fake->refused_next);
    }
    for (size_t i = 0; i < append->n_items; i++) {
        struct hg_append_item *item = &append->items[i];
        item->err = err; /* looked at where the driver is not atomic */
        if (err != 0) {
            continue;
        }
        fake_log_store(fake, item);
        if (!fake->is_tail_silent) {
            hg_log_tail(fake->up, item->topic, item->partition, &item->record, 1);
        }
    }
    hg_append_complete(append, err);
}

/* As a driver says it: doubt before all, else the first that is not durable. */
static int worst_of(const struct hg_append *append) {
    int err = 0;
    for (size_t i = 0; i < append->n_items; i++) {
        int here = append->items[i].err;
        err = err == 0 || here == HG_EDOUBT ? here : err;
    }
    return err;
}

static void complete_items(struct fake_log *fake, struct hg_append *append, const int *errs) {
    for (size_t i = 0; i < append->n_items; i++) {
        struct hg_append_item *item = &append->items[i];
        item->err = errs[i];
        if (item->err == 0) {
            fake_log_store(fake, item);
        }
        if (item->err == 0 && !fake->is_tail_silent) {
            hg_log_tail(fake->up, item->topic, item->partition, &item->record, 1);
        }
    }
    hg_append_complete(append, worst_of(append));
}

static void on_flush(void *state) {
    struct fake_log *fake = state;
    struct hg_append *append = fake->group;
    fake->group = NULL;
    fake->group_end = &fake->group;
    atomic_fetch_add(&fake->flushes, 1);
    while (append != NULL) {
        struct hg_append *next = append->next;
        if (fake->is_manual && append->n_items > 0) { /* not who asks for room */
            lock(fake);
            append->next = NULL;
            *fake->held_end = append;
            fake->held_end = &append->next;
            atomic_fetch_add(&fake->n_held, 1);
            unlock(fake);
        } else {
            complete(fake, append, atomic_load(&fake->fail_next));
        }
        append = next;
    }
}

static struct hg_append *take_held(struct fake_log *fake, size_t nth) {
    lock(fake);
    struct hg_append **at = &fake->held;
    for (size_t i = 0; i < nth; i++) {
        HG_ASSERT(*at != NULL);
        at = &(*at)->next;
    }
    struct hg_append *append = *at;
    HG_ASSERT(append != NULL);
    *at = append->next;
    fake->held_end = append->next == NULL ? at : fake->held_end;
    atomic_fetch_sub(&fake->n_held, 1);
    unlock(fake);
    return append;
}

void fake_log_answer(struct fake_log *fake, size_t n, int err) {
    for (size_t i = 0; i < n; i++) {
        complete(fake, take_held(fake, 0), err);
    }
}

void fake_log_answer_items(struct fake_log *fake, size_t nth, const int *errs, size_t n) {
    struct hg_append *append = take_held(fake, nth);
    HG_ASSERT(append->n_items == n);
    complete_items(fake, append, errs);
}

void fake_log_tell(struct fake_log *fake, size_t nth, size_t item) {
    lock(fake);
    struct hg_append *append = fake->held;
    for (size_t i = 0; i < nth; i++) {
        append = append->next;
    }
    unlock(fake);
    append->items[item].err = 0;
    fake_log_store(fake, &append->items[item]);
    atomic_store(&append->items[item].is_told, true);
}

void fake_log_complete(struct fake_log *fake, size_t nth) {
    struct hg_append *append = take_held(fake, nth);
    hg_append_complete(append, worst_of(append));
}

static void on_close(void *state) {
    struct fake_log *fake = state;
    while (atomic_load(&fake->n_held) > 0) {
        fake_log_answer(fake, 1, HG_EDOUBT);
    }
}

static int64_t on_answer_ms(void *state) {
    return ((struct fake_log *)state)->answer_ms;
}

static int on_read(void *state, const struct hg_log_read *want, struct hg_records *out) {
    struct fake_log *fake = state;
    int err = 0;
    lock(fake);
    const struct fake_part *part = part_of(fake, want->topic, want->partition);
    if (want->from < part->first) {
        err = HG_ENOENT;
    }
    size_t given = 0;
    for (uint64_t at = want->from; err == 0 && at < part->n && given < want->max_records; at++) {
        struct hg_record record = part->records[at];
        if (record.event != NULL) { /* else a hole */
            (void)hg_event_ref(record.event);
            err = hg_records_add(out, &record);
            hg_event_unref(&record.event);
            given++;
        }
    }
    unlock(fake);
    return err;
}

static int on_seek(void *state, uint32_t topic, uint32_t partition, int64_t time_ms,
                   uint64_t *ret_offset) {
    struct fake_log *fake = state;
    lock(fake);
    const struct fake_part *part = part_of(fake, topic, partition);
    uint64_t at = part->first;
    while (at < part->n && part->records[at].log_time_ms < time_ms) {
        at++;
    }
    *ret_offset = at;
    unlock(fake);
    return 0;
}

static int on_trim(void *state, uint32_t topic, uint32_t partition, uint64_t before) {
    struct fake_log *fake = state;
    lock(fake);
    part_of(fake, topic, partition)->first = before;
    unlock(fake);
    return 0;
}

static int on_list(void *state, hg_log_topic_fn fn, void *arg) {
    struct fake_log *fake = state;
    for (int i = 0; i < FAKE_TOPICS && fake->topics[i].epoch != 0; i++) {
        struct hg_log_topic topic = {.name = hg_slice_of(fake->topics[i].name),
                                     .partitions = fake->topics[i].partitions};
        fn(arg, &topic);
    }
    return atomic_load(&fake->list_err);
}

static void on_tick(void *state) {
    struct fake_log *fake = state;
    atomic_fetch_add(&fake->ticks, 1);
}

static int on_follow(void *state, uint32_t topic, bool is_wanted) {
    (void)state;
    (void)topic;
    (void)is_wanted;
    return 0;
}

#define SHARED                                                                                     \
    .size = sizeof(struct hg_log_ops), .name = "fake", .open = on_open, .close = on_close,         \
    .topic_open = topic_open, .describe = describe, .append = on_append, .flush = on_flush,        \
    .read = on_read, .seek = on_seek, .tick = on_tick, .list = on_list, .trim = on_trim,           \
    .answer_ms = on_answer_ms

const struct hg_log_ops fake_log_ops = {
    SHARED,
    .caps = HG_LOG_ATOMIC | HG_LOG_EXPECT | HG_LOG_TRIM | HG_LOG_LIST,
};

const struct hg_log_ops fake_log_parts_ops = {
    SHARED,
    .caps = HG_LOG_FOLLOW | HG_LOG_TRIM | HG_LOG_LIST,
    .follow = on_follow,
};
