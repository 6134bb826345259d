/* SPDX-License-Identifier: Apache-2.0 */
/* topics.c - the table of topics, and what the cluster says of them. */
#include "kafka.h"

#include <stdio.h>

enum { ASK_MS = 5000 };

int kafka_topics_init(struct kafka *k) {
    return pthread_rwlock_init(&k->topics.lock, NULL) == 0 ? 0 : HG_ENOMEM;
}

void kafka_topics_fini(struct kafka *k) {
    while (k->topics.all != NULL) {
        struct kafka_topic *t = k->topics.all;
        k->topics.all = t->older;
        hg_free(t);
    }
    hg_free(k->topics.items);
    k->topics.items = NULL;
    (void)pthread_rwlock_destroy(&k->topics.lock);
}

struct kafka_topic *kafka_topic(struct kafka *k, uint32_t id) {
    (void)pthread_rwlock_rdlock(&k->topics.lock);
    struct kafka_topic *t = id < k->topics.n ? k->topics.items[id] : NULL;
    (void)pthread_rwlock_unlock(&k->topics.lock);
    return t;
}

/* Under the lock: a place for the id. */
static int make_room(struct kafka_table *table, uint32_t id) {
    if (id < table->n) {
        return 0;
    }
    uint32_t n = id + 1 < 2 * table->n ? 2 * table->n : id + 16;
    struct kafka_topic **items = hg_try_realloc(table->items, n * sizeof(struct kafka_topic *));
    if (items == NULL) {
        return HG_ENOMEM;
    }
    memset(items + table->n, 0, (n - table->n) * sizeof(struct kafka_topic *));
    table->items = items;
    table->n = n;
    return 0;
}

/* The topic that was there keeps its memory: an append may still know it. */
static int keep(struct kafka *k, struct kafka_topic *t) {
    (void)pthread_rwlock_wrlock(&k->topics.lock);
    int err = make_room(&k->topics, t->id);
    if (err == 0) {
        t->older = k->topics.all;
        k->topics.all = t;
        k->topics.items[t->id] = t;
    }
    (void)pthread_rwlock_unlock(&k->topics.lock);
    return err;
}

/* ----- asking ----- */

static int ask_err(rd_kafka_resp_err_t err) {
    switch (err) {
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        return HG_ENOENT;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return HG_EDENIED;
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
        return HG_EINVAL;
    default:
        return HG_EAGAIN;
    }
}

/* How many partitions; HG_ENOENT: there is no such topic. */
static int ask_partitions(struct kafka *k, const char *name, uint32_t *ret, struct hg_why *why) {
    const struct rd_kafka_metadata *m = NULL;
    rd_kafka_topic_t *rkt = rd_kafka_topic_new(k->client, name, NULL);
    if (rkt == NULL) {
        hg_why_set(why, "topic %s: %s", name, rd_kafka_err2str(rd_kafka_last_error()));
        return HG_EINVAL;
    }
    rd_kafka_resp_err_t rc = rd_kafka_metadata(k->client, 0, rkt, &m, ASK_MS);
    if (rc == RD_KAFKA_RESP_ERR_NO_ERROR) {
        rc = m->topic_cnt == 1 ? m->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    }
    if (rc == RD_KAFKA_RESP_ERR_NO_ERROR) {
        *ret = (uint32_t)m->topics[0].partition_cnt;
    } else {
        hg_why_set(why, "topic %s: %s says: %s", name, k->bootstrap, rd_kafka_err2str(rc));
    }
    if (m != NULL) {
        rd_kafka_metadata_destroy(m);
    }
    rd_kafka_topic_destroy(rkt);
    return rc == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : ask_err(rc);
}

static struct kafka_topic *new_topic(const struct hg_log_topic *topic, const char *name,
                                     uint32_t partitions) {
    struct kafka_topic *t = hg_try_alloc(sizeof *t + partitions * sizeof t->parts[0]);
    if (t == NULL) {
        return NULL;
    }
    memcpy(t->name, name, strlen(name));
    t->id = topic->id;
    t->partitions = partitions;
    t->is_compacted = topic->is_compacted;
    for (uint32_t p = 0; p < partitions; p++) {
        atomic_store(&t->parts[p].low, -1);
        atomic_store(&t->parts[p].high, -1);
    }
    return t;
}

int kafka_topic_open(void *state, const struct hg_log_topic *topic, struct hg_why *why) {
    struct kafka *k = HG_CAST(struct kafka, KAFKA_MAGIC, state);
    char name[KAFKA_NAME_MAX + 1] = "";
    uint32_t partitions = 0;
    if (topic->name.len == 0 || topic->name.len > KAFKA_NAME_MAX) {
        hg_why_set(why, "topic %.*s: a name has 249 characters at most", HG_FMT(topic->name));
        return HG_EINVAL;
    }
    memcpy(name, topic->name.ptr, topic->name.len);
    int err = ask_partitions(k, name, &partitions, why);
    if (err != 0) {
        return err;
    }
    struct kafka_topic *known = kafka_topic(k, topic->id);
    if (known != NULL && known->partitions == partitions && strcmp(known->name, name) == 0) {
        return 0;
    }
    struct kafka_topic *t = new_topic(topic, name, partitions);
    err = t != NULL ? keep(k, t) : HG_ENOMEM;
    if (err != 0) {
        hg_free(t);
    }
    return err;
}

int kafka_describe(void *state, uint32_t id, uint32_t partition, struct hg_log_range *ret) {
    struct kafka *k = HG_CAST(struct kafka, KAFKA_MAGIC, state);
    struct kafka_topic *t = kafka_topic(k, id);
    int64_t low = 0, high = 0;
    if (t == NULL || partition >= t->partitions) {
        return HG_ENOENT;
    }
    rd_kafka_resp_err_t rc = rd_kafka_query_watermark_offsets(
        k->client, t->name, (int32_t)partition, &low, &high, ASK_MS);
    if (rc != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return ask_err(rc);
    }
    atomic_store(&t->parts[partition].low, low);
    atomic_store(&t->parts[partition].high, high);
    *ret = (struct hg_log_range){
        .epoch = 1, /* the cluster tells none; positions carry a fingerprint */
        .partitions = t->partitions,
        .first = (uint64_t)low,
        .next = (uint64_t)high,
    };
    return 0;
}

int kafka_list(void *state, hg_log_topic_fn fn, void *arg) {
    struct kafka *k = HG_CAST(struct kafka, KAFKA_MAGIC, state);
    const struct rd_kafka_metadata *m = NULL;
    rd_kafka_resp_err_t rc = rd_kafka_metadata(k->client, 1, NULL, &m, ASK_MS);
    if (rc != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return ask_err(rc);
    }
    for (int i = 0; i < m->topic_cnt; i++) {
        const struct rd_kafka_metadata_topic *t = &m->topics[i];
        /* Of the cluster's own topics none is anybody's. */
        if (t->err == RD_KAFKA_RESP_ERR_NO_ERROR && strncmp(t->topic, "__", 2) != 0) {
            fn(arg, &(struct hg_log_topic){.name = hg_slice_of(t->topic),
                                           .partitions = (uint32_t)t->partition_cnt});
        }
    }
    rd_kafka_metadata_destroy(m);
    return 0;
}
