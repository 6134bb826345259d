/* SPDX-License-Identifier: Apache-2.0 */
/* topics.c - topics by id and by name.
 *
 * Ids are given in order, and chunks of pointers never move, so a reader needs
 * no lock: it sees the count, then everything below it. The table of names is
 * a fixed number of chains that only grow at their heads. */
#include "log/topics.h"

#include "log/position.h"

enum { CHUNK = 256, CHUNKS = HG_TOPICS_MAX / CHUNK, BUCKETS = 4096 };

struct hg_topics {
    _Atomic uint32_t n;
    struct hg_topic **chunks[CHUNKS]; /* visible once n is beyond their first */
    _Atomic(struct hg_topic *) buckets[BUCKETS];
};

struct hg_topics *hg_topics_new(void) {
    return hg_try_alloc(sizeof(struct hg_topics));
}

static void free_topic(struct hg_topic *topic) {
    HG_ASSERT(topic != NULL); /* every id below the count has one */
    while (topic->parts != NULL) {
        struct hg_topic_parts *parts = topic->parts;
        topic->parts = parts->more;
        hg_free(parts);
    }
    hg_free(topic);
}

void hg_topics_free(struct hg_topics **pt) {
    struct hg_topics *t = *pt;
    *pt = NULL;
    if (t == NULL) {
        return;
    }
    uint32_t n = hg_topics_count(t);
    for (uint32_t id = 0; id < n; id++) {
        free_topic(hg_topics_get(t, id));
    }
    for (size_t i = 0; i < CHUNKS; i++) {
        hg_free(t->chunks[i]);
    }
    hg_free(t);
}

uint32_t hg_topics_count(const struct hg_topics *t) {
    return atomic_load_explicit(&t->n, memory_order_acquire);
}

struct hg_topic *hg_topics_get(const struct hg_topics *t, uint32_t id) {
    return id < hg_topics_count(t) ? t->chunks[id / CHUNK][id % CHUNK] : NULL;
}

static struct hg_topic *find_tag(const struct hg_topics *t, uint64_t tag) {
    struct hg_topic *topic = atomic_load_explicit(&t->buckets[tag % BUCKETS], memory_order_acquire);
    while (topic != NULL && topic->tag != tag) {
        topic = topic->next_in_bucket;
    }
    return topic;
}

struct hg_topic *hg_topics_find(const struct hg_topics *t, struct hg_slice name) {
    struct hg_topic *topic = find_tag(t, hg_topic_tag(name));
    return topic != NULL && hg_slice_eq(topic->name, name) ? topic : NULL;
}

static struct hg_topic_parts *new_parts(uint32_t first, uint32_t n) {
    struct hg_topic_parts *parts = hg_try_alloc(sizeof *parts + n * sizeof parts->items[0]);
    if (parts != NULL) {
        parts->first = first;
        parts->n = n;
    }
    return parts;
}

static struct hg_topic *new_topic(struct hg_slice name, uint32_t partitions) {
    struct hg_topic *topic = hg_try_alloc(sizeof *topic + name.len + 1);
    struct hg_topic_parts *parts = new_parts(0, partitions);
    if (topic == NULL || parts == NULL) {
        hg_free(topic);
        hg_free(parts);
        return NULL;
    }
    char *copy = (char *)(topic + 1);
    memcpy(copy, name.ptr, name.len);
    topic->name = (struct hg_slice){copy, name.len};
    topic->tag = hg_topic_tag(name);
    atomic_init(&topic->n_parts, partitions);
    atomic_init(&topic->n_there, partitions);
    topic->parts = parts;
    return topic;
}

static void begin_parts(struct hg_topic *topic, uint32_t first, uint32_t end,
                        const struct hg_log_range *ranges) {
    for (uint32_t p = first; p < end; p++) {
        hg_topic_set_range(topic, p, &ranges[p]);
        hg_topic_part(topic, p)->is_indexed = ranges[p].first == ranges[p].next;
    }
}

int hg_topics_add(struct hg_topics *t, struct hg_slice name, uint32_t partitions,
                  const struct hg_log_range *ranges) {
    uint32_t id = hg_topics_count(t);
    if (id >= HG_TOPICS_MAX) {
        return HG_E2BIG;
    }
    /* Positions carry the tag alone, so no two topics may share one. */
    if (find_tag(t, hg_topic_tag(name)) != NULL) {
        return HG_EEXIST;
    }
    struct hg_topic ***chunk = &t->chunks[id / CHUNK];
    if (*chunk == NULL && (*chunk = hg_try_alloc(CHUNK * sizeof **chunk)) == NULL) {
        return HG_ENOMEM;
    }
    struct hg_topic *topic = new_topic(name, partitions);
    if (topic == NULL) {
        return HG_ENOMEM;
    }
    topic->id = id;
    begin_parts(topic, 0, partitions, ranges);
    (*chunk)[id % CHUNK] = topic;
    _Atomic(struct hg_topic *) *bucket = &t->buckets[topic->tag % BUCKETS];
    topic->next_in_bucket = atomic_load_explicit(bucket, memory_order_relaxed);
    /* The count first: who finds the name may ask for the id at once. */
    atomic_store_explicit(&t->n, id + 1, memory_order_release);
    atomic_store_explicit(bucket, topic, memory_order_release);
    return 0;
}

int hg_topic_grow(struct hg_topic *topic, uint32_t partitions, const struct hg_log_range *ranges) {
    uint32_t n = hg_topic_partitions(topic);
    if (partitions <= n) {
        return 0;
    }
    struct hg_topic_parts **end = &topic->parts;
    while (*end != NULL) {
        end = &(*end)->more;
    }
    *end = new_parts(n, partitions - n);
    if (*end == NULL) {
        return HG_ENOMEM;
    }
    begin_parts(topic, n, partitions, ranges);
    atomic_store_explicit(&topic->n_parts, partitions, memory_order_release);
    return 0;
}

/* What is acknowledged must not look lost, so within an epoch a bound that was
 * read a moment ago never takes back what an append has reached since. */
static void raise(_Atomic uint64_t *bound, uint64_t value) {
    uint64_t now = atomic_load_explicit(bound, memory_order_relaxed);
    while (now < value && !atomic_compare_exchange_weak_explicit(
                              bound, &now, value, memory_order_release, memory_order_relaxed)) {
    }
}

void hg_topic_set_range(struct hg_topic *topic, uint32_t partition,
                        const struct hg_log_range *range) {
    struct hg_topic_part *part = hg_topic_part(topic, partition);
    if (atomic_load_explicit(&topic->epoch, memory_order_relaxed) != range->epoch) {
        part->known_next = 0;
        atomic_store_explicit(&part->first, range->first, memory_order_release);
        atomic_store_explicit(&part->next, range->next, memory_order_release);
        atomic_store_explicit(&topic->epoch, range->epoch, memory_order_release);
    }
    raise(&part->next, range->next);
    raise(&part->first, range->first);
    atomic_store_explicit(&part->bytes, range->bytes, memory_order_relaxed);
}

void hg_topic_know(struct hg_topic *topic, uint32_t partition, uint64_t offset,
                   uint32_t fingerprint) {
    struct hg_topic_part *part = hg_topic_part(topic, partition);
    if (offset + 1 >= part->known_next) {
        part->known_next = offset + 1;
        part->known_fingerprint = fingerprint;
    }
}

void hg_topic_doubt(struct hg_topic *topic, uint32_t partition, uint64_t from) {
    struct hg_topic_part *part = hg_topic_part(topic, partition);
    bool is_earlier = part->is_indexed || from < part->index_from;
    part->index_from = is_earlier ? from : part->index_from;
    part->is_indexed = false;
    part->doubts++;
}

void hg_topic_cut(struct hg_topic *topic, uint32_t partition, uint64_t next) {
    struct hg_topic_part *part = hg_topic_part(topic, partition);
    atomic_fetch_add(&topic->cuts, 1);
    if (atomic_load_explicit(&part->first, memory_order_relaxed) > next) {
        atomic_store_explicit(&part->first, next, memory_order_release);
    }
    atomic_store_explicit(&part->next, next, memory_order_release);
}

void hg_topic_raise_next(struct hg_topic *topic, uint32_t partition, uint64_t next) {
    raise(&hg_topic_part(topic, partition)->next, next);
}

void hg_topic_raise_first(struct hg_topic *topic, uint32_t partition, uint64_t first) {
    raise(&hg_topic_part(topic, partition)->first, first);
}
