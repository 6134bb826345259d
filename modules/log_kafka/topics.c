/* SPDX-License-Identifier: Apache-2.0 */
/* topics.c - the table of topics, and what the cluster says of them. */
#include "read.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    NEW_MS = 15000,                  /* from when a topic is made until it is served */
    MESSAGE_BYTES_DEFAULT = 1048588, /* Kafka's own max.message.bytes */
};

int kafka_topics_init(struct kafka *k) {
    return pthread_rwlock_init(&k->topics.lock, NULL) == 0 ? 0 : HG_ENOMEM;
}

void kafka_topics_fini(struct kafka *k) {
    while (k->topics.all != NULL) {
        struct kafka_topic *t = k->topics.all;
        k->topics.all = t->older;
        hg_free(t);
    }
    kafka_view_fini(&k->view);
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

void kafka_topic_doubt(struct kafka_topic *t, rd_kafka_resp_err_t err) {
    if (err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
        atomic_store(&t->is_doubted, true);
    }
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
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
        return HG_EINVAL;
    default:
        return HG_EAGAIN;
    }
}

struct told {
    uint32_t partitions;
    int replication;
    bool has_leaders;
    bool is_made; /* just now */
};

void kafka_kept_take(struct kafka_kept *kept, const struct rd_kafka_metadata_topic *m) {
    int64_t copies = 0;
    for (int p = 0; p < m->partition_cnt; p++) {
        int n = m->partitions[p].replica_cnt;
        copies = p == 0 || n < copies ? n : copies;
    }
    kept->has[KAFKA_PARTITIONS] = m->partition_cnt;
    kept->has[KAFKA_REPLICATION] = copies;
}

static void take(const struct rd_kafka_metadata_topic *t, struct told *ret) {
    struct kafka_kept kept = {0};
    kafka_kept_take(&kept, t);
    *ret = (struct told){.partitions = (uint32_t)t->partition_cnt,
                         .replication = (int)kept.has[KAFKA_REPLICATION],
                         .has_leaders = true};
    for (int p = 0; p < t->partition_cnt; p++) {
        ret->has_leaders &= t->partitions[p].leader >= 0;
    }
}

static int ask_by_name(struct kafka *k, const char *name, struct told *ret, struct hg_why *why) {
    const struct rd_kafka_metadata *m = NULL;
    rd_kafka_resp_err_t rc = kafka_ask(k, name, &m);
    if (rc == RD_KAFKA_RESP_ERR_NO_ERROR) {
        rc = m->topic_cnt == 1 ? m->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    }
    if (rc == RD_KAFKA_RESP_ERR_NO_ERROR || rc == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) {
        take(&m->topics[0], ret);
        rc = RD_KAFKA_RESP_ERR_NO_ERROR;
    } else {
        hg_why_set(why, "topic %s: %s says: %s", name, k->bootstrap, rd_kafka_err2str(rc));
    }
    if (m != NULL) {
        rd_kafka_metadata_destroy(m);
    }
    return rc == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : ask_err(rc);
}

/* HG_ENOENT: there is no such topic. */
static int ask(struct kafka *k, const char *name, struct told *ret, struct hg_why *why) {
    const struct rd_kafka_metadata_topic *t = kafka_view_find(k, name);
    if (t == NULL) {
        return ask_by_name(k, name, ret, why);
    }
    take(t, ret);
    return 0;
}

/* Does each leader know that it is one? */
static bool is_served(struct kafka *k, const char *name, const struct told *told) {
    for (uint32_t p = 0; p < told->partitions; p++) {
        if (!kafka_leader_serves(k, name, p)) {
            return false;
        }
    }
    return told->partitions > 0 && told->has_leaders;
}

/* Brokers hear of a new topic, or of partitions, one after the other. */
static int ask_new(struct kafka *k, const char *name, uint32_t partitions, struct told *ret,
                   struct hg_why *why) {
    static const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    int err = HG_ENOENT;
    kafka_view_fini(&k->view);
    for (int64_t end = kafka_mono_ms() + NEW_MS; kafka_mono_ms() < end;) {
        err = ask_by_name(k, name, ret, why);
        if (err == 0 && ret->partitions >= partitions && is_served(k, name, ret)) {
            return 0;
        }
        if (err != 0 && err != HG_ENOENT) {
            return err;
        }
        (void)nanosleep(&pause, NULL);
    }
    hg_why_set(why, "topic %s was made, but the cluster does not serve it yet", name);
    return HG_EAGAIN;
}

static int ask_or_make(struct kafka *k, const struct hg_log_topic *topic,
                       const struct kafka_wish *wish, const char *name, struct told *ret,
                       struct hg_why *why) {
    int err = ask(k, name, ret, why);
    if (err != HG_ENOENT || !k->may_create || topic->is_found) {
        return err;
    }
    err = kafka_admin_make(k, topic, wish, name, why);
    if (err == 0) {
        err = ask_new(k, name, 1, ret, why);
    }
    if (err == 0) {
        ret->is_made = true;
        HG_LOG(HG_NOTICE, "kafka_topic_made", "topic=%s partitions=%u copies=%d", name,
               ret->partitions, ret->replication);
    }
    return err;
}

/* ----- what is said of one that is there ----- */

static void on_weak(void *arg, const struct hg_conf_line *line, const char *text) {
    (void)line;
    HG_LOG(HG_WARN, "kafka_topic_weak", "topic=%s why=\"%s\"", (const char *)arg, text);
}

static void on_small(void *arg, const struct hg_conf_line *line, const char *text) {
    (void)line;
    HG_LOG(HG_NOTICE, "kafka_topic_small", "topic=%s why=\"%s\"", (const char *)arg, text);
}

static void on_differing(void *arg, const struct hg_conf_line *line, const char *text) {
    HG_LOG(HG_WARN, "kafka_topic_differs", "topic=%s line=%s:%u why=\"%s\"", (const char *)arg,
           line->file, line->number, text);
}

/* It was there before this start, or a reload is under way. */
static int settle(struct kafka *k, const struct hg_log_topic *topic, const struct kafka_wish *wish,
                  char *name, struct told *told, struct kafka_kept *kept, struct hg_why *why) {
    struct kafka_wish before;
    int err = 0;
    kafka_wish_recall(k, topic->id, &before);
    if (before.is_known) {
        err = kafka_wish_apply(k, name, wish, &before, kept, why);
    } else {
        kafka_wish_compare(wish, name, kept, on_differing, name);
    }
    if (err == 0 && kept->has[KAFKA_PARTITIONS] > (int64_t)told->partitions) {
        err = ask_new(k, name, (uint32_t)kept->has[KAFKA_PARTITIONS], told, why);
    }
    return err;
}

/* What may not be asked is taken to be as the cluster's defaults are. */
static int ask_kept(struct kafka *k, const struct hg_log_topic *topic, const char *name,
                    struct kafka_kept *kept, struct hg_why *why) {
    rd_kafka_resp_err_t rc = kafka_admin_kept(k, name, kept);
    if (rc != RD_KAFKA_RESP_ERR_NO_ERROR) {
        HG_LOG(HG_NOTICE, "kafka_topic_unknown",
               "topic=%s error=%s why=\"its settings cannot be read\"", name,
               rd_kafka_err2name(rc));
        return 0;
    }
    if (topic->is_compacted && !kept->is_compacted) {
        hg_why_set(why, "topic %s is not compacted in the cluster: set its cleanup.policy", name);
        return HG_EINVAL;
    }
    return 0;
}

/* All of what stands between a name and a topic that can be used. */
static int ask_all(struct kafka *k, const struct hg_log_topic *topic, const struct kafka_wish *wish,
                   char *name, struct told *told, struct kafka_kept *kept, struct hg_why *why) {
    int err = ask_or_make(k, topic, wish, name, told, why);
    err = err == 0 ? ask_kept(k, topic, name, kept, why) : err;
    kept->has[KAFKA_PARTITIONS] = told->partitions;
    kept->has[KAFKA_REPLICATION] = told->replication;
    if (err == 0 && !topic->is_found && !told->is_made) {
        err = settle(k, topic, wish, name, told, kept, why);
    }
    if (err == 0) {
        kafka_promise_judge(kept, topic->is_compacted, on_weak, name);
        kafka_promise_room(kept, topic->event_bytes_max, on_small, name);
    }
    return err;
}

/* ----- the driver's functions ----- */

static struct kafka_topic *new_topic(uint32_t id, const char *name, uint32_t partitions,
                                     bool is_compacted, size_t max_message_bytes) {
    struct kafka_topic *t = hg_try_alloc(sizeof *t + partitions * sizeof t->parts[0]);
    if (t == NULL) {
        return NULL;
    }
    memcpy(t->name, name, strlen(name));
    t->id = id;
    t->partitions = partitions;
    t->is_compacted = is_compacted;
    t->max_message_bytes = max_message_bytes;
    for (uint32_t p = 0; p < partitions; p++) {
        atomic_store(&t->parts[p].low, -1);
        atomic_store(&t->parts[p].high, -1);
    }
    return t;
}

/* Batches are made for all topics alike. */
static void bound_batches(struct kafka *k, size_t max_message_bytes) {
    if (max_message_bytes > 0 && max_message_bytes < atomic_load(&k->batch_max)) {
        atomic_store(&k->batch_max, max_message_bytes);
    }
}

/* In the place of known, which may be NULL. */
static int put(struct kafka *k, const struct kafka_topic *known, struct kafka_topic *t) {
    if (t == NULL) {
        return HG_ENOMEM;
    }
    if (known != NULL && t->partitions > known->partitions) {
        kafka_lines_learn(k);
    }
    bound_batches(k, t->max_message_bytes);
    int err = keep(k, t);
    if (err != 0) {
        hg_free(t);
    }
    return err;
}

static bool is_same(const struct kafka_topic *known, const char *name, const struct told *told,
                    const struct kafka_kept *kept) {
    return known != NULL && strcmp(known->name, name) == 0 &&
           known->partitions == told->partitions && known->is_compacted == kept->is_compacted &&
           known->max_message_bytes == kept->max_message_bytes;
}

int kafka_topic_name(const struct kafka *k, const struct hg_log_topic *topic,
                     char ret[KAFKA_NAME_MAX + 1], struct hg_why *why) {
    size_t most = KAFKA_NAME_MAX - strlen(k->prefix);
    if (topic->name.len == 0 || topic->name.len > most) {
        hg_why_set(why, "topic %.*s: a name has 1 to %zu characters", HG_FMT(topic->name), most);
        return HG_EINVAL;
    }
    (void)snprintf(ret, KAFKA_NAME_MAX + 1, "%s%.*s", k->prefix, HG_FMT(topic->name));
    return 0;
}

static int put_opened(struct kafka *k, const struct hg_log_topic *topic, const char *name,
                      const struct told *told, const struct kafka_kept *kept) {
    const struct kafka_topic *known = kafka_topic(k, topic->id);
    if (is_same(known, name, told, kept)) {
        return 0;
    }
    struct kafka_topic *t =
        new_topic(topic->id, name, told->partitions, kept->is_compacted, kept->max_message_bytes);
    if (t != NULL && (!topic->is_found || topic->conf != NULL)) { /* else it is asked about again */
        t->wait_until_ms = kafka_mono_ms() + NEW_MS;
    }
    return put(k, known, t);
}

int kafka_topic_open(void *state, const struct hg_log_topic *topic, struct hg_why *why) {
    struct kafka *k = HG_CAST(struct kafka, KAFKA_MAGIC, state);
    struct told told = {0};
    struct kafka_kept kept = {.max_message_bytes = MESSAGE_BYTES_DEFAULT,
                              .is_compacted = topic->is_compacted};
    struct kafka_wish wish;
    char name[KAFKA_NAME_MAX + 1];
    kafka_wish_fill(topic, &wish);
    int err = kafka_topic_name(k, topic, name, why);
    err = err == 0 ? ask_all(k, topic, &wish, name, &told, &kept, why) : err;
    err = err == 0 ? put_opened(k, topic, name, &told, &kept) : err;
    return err == 0 && !topic->is_found ? kafka_wish_keep(k, topic->id, &wish) : err;
}

/* Others may have made the topic just now, or a leader is being chosen. */
static rd_kafka_resp_err_t ask_range(struct kafka *k, const struct kafka_topic *t,
                                     uint32_t partition, int64_t *low, int64_t *high) {
    static const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    for (;;) {
        rd_kafka_resp_err_t rc = kafka_leader_range(k, t->id, partition, low, high);
        bool may_come = rc != RD_KAFKA_RESP_ERR_NO_ERROR && ask_err(rc) != HG_EDENIED;
        if (!may_come || atomic_load(&t->parts[partition].high) >= 0 ||
            kafka_mono_ms() >= t->wait_until_ms) {
            return rc;
        }
        (void)nanosleep(&pause, NULL);
    }
}

int kafka_describe(void *state, uint32_t id, uint32_t partition, struct hg_log_range *ret) {
    struct kafka *k = HG_CAST(struct kafka, KAFKA_MAGIC, state);
    struct kafka_topic *t = kafka_topic(k, id);
    int64_t low = 0, high = 0;
    if (t == NULL || partition >= t->partitions) {
        return HG_ENOENT;
    }
    rd_kafka_resp_err_t rc = ask_range(k, t, partition, &low, &high);
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

/* Of the cluster's own topics none is anybody's. */
static bool is_ours(const struct kafka *k, const char *name) {
    size_t len = strlen(k->prefix);
    return strncmp(name, k->prefix, len) == 0 && name[len] != '\0' && strncmp(name, "__", 2) != 0;
}

static int compare(const void *a, const void *b) {
    const struct kafka_topic *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static int compare_name(const void *name, const void *topic) {
    const struct kafka_topic *const *t = topic;
    return strcmp(name, (*t)->name);
}

/* The open topics by name, as they are now: a cluster may have thousands, and each
 * is looked up. */
struct by_name {
    struct kafka_topic **items;
    size_t n;
};

static int sort_by_name(struct kafka *k, struct by_name *ret) {
    (void)pthread_rwlock_rdlock(&k->topics.lock);
    struct kafka_topic **items = hg_try_alloc((k->topics.n + 1) * sizeof(*items));
    size_t n = 0;
    for (uint32_t id = 0; items != NULL && id < k->topics.n; id++) {
        if (k->topics.items[id] != NULL) {
            items[n++] = k->topics.items[id];
        }
    }
    (void)pthread_rwlock_unlock(&k->topics.lock);
    if (items == NULL) {
        return HG_ENOMEM;
    }
    qsort(items, n, sizeof(*items), compare);
    *ret = (struct by_name){items, n};
    return 0;
}

/* What is not told is asked for again by the next list. */
static void note_limit(struct kafka *k, struct kafka_topic *known) {
    struct kafka_kept kept = {.max_message_bytes = known->max_message_bytes};
    atomic_store(&known->is_doubted, false);
    if (kafka_admin_kept(k, known->name, &kept) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        atomic_store(&known->is_doubted, true);
        return;
    }
    if (kept.max_message_bytes == known->max_message_bytes) {
        return;
    }
    HG_LOG(HG_NOTICE, "kafka_topic_limit", "topic=%s bytes=%zu before=%zu", known->name,
           kept.max_message_bytes, known->max_message_bytes);
    (void)put(k, known,
              new_topic(known->id, known->name, known->partitions, known->is_compacted,
                        kept.max_message_bytes));
}

/* Without memory it is as it was, until the next list. */
static void note(struct kafka *k, const struct by_name *open,
                 const struct rd_kafka_metadata_topic *m) {
    struct kafka_topic **at =
        bsearch(m->topic, open->items, open->n, sizeof(*open->items), compare_name);
    uint32_t n = (uint32_t)m->partition_cnt;
    if (at == NULL) {
        return;
    }
    const struct kafka_topic *known = *at;
    if (known->partitions != n && n > 0) {
        (void)put(
            k, known,
            new_topic(known->id, known->name, n, known->is_compacted, known->max_message_bytes));
    } else if (atomic_load(&known->is_doubted)) {
        note_limit(k, *at);
    }
}

/* One whose leaders are being chosen is there. */
static bool is_there(const struct rd_kafka_metadata_topic *t) {
    return t->err == RD_KAFKA_RESP_ERR_NO_ERROR || t->err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
}

int kafka_list(void *state, hg_log_topic_fn fn, void *arg) {
    struct kafka *k = HG_CAST(struct kafka, KAFKA_MAGIC, state);
    const struct rd_kafka_metadata *m = NULL;
    struct by_name open;
    rd_kafka_resp_err_t rc = kafka_view_make(k, &m);
    if (rc != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return ask_err(rc);
    }
    int err = sort_by_name(k, &open);
    for (int i = 0; err == 0 && i < m->topic_cnt; i++) {
        const struct rd_kafka_metadata_topic *t = &m->topics[i];
        if (is_there(t) && is_ours(k, t->topic)) {
            note(k, &open, t);
            fn(arg, &(struct hg_log_topic){.name = hg_slice_of(t->topic + strlen(k->prefix)),
                                           .partitions = (uint32_t)t->partition_cnt});
        }
    }
    if (err == 0) {
        hg_free(open.items);
    }
    return err;
}
