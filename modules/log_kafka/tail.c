/* SPDX-License-Identifier: Apache-2.0 */
/* tail.c - what is new in the topics that are followed: one consumer for all
 * of them, one queue, one thread.
 *
 * A partition is started and stopped by itself (librdkafka's simple consumer),
 * so a new one does not disturb those that run. follow comes on the errand
 * thread, which starts at the end that the cluster tells just then; the thread
 * here hands over, under the lock, what is still followed.
 *
 *   not followed ── kafka_follow ──► running ── on_error ──► lost ── care.c ──► found
 *        ▲───────────── kafka_follow ───┴────◄── start_again ─────────────────────┘   */
#include "tail.h"

enum { AT_ONCE = 256, TURN_MS = 200, ASK_MS = 2000, KNOWN_MS = 60000 };

static const char *const properties[] = {
    "enable.auto.commit", "false", "enable.auto.offset.store", "false", "auto.commit.enable",
    "false", "auto.offset.reset", "error", "isolation.level", "read_committed", "check.crcs",
    "true",
    /* How long a partition that is new has to wait for those that run. */
    "fetch.wait.max.ms", "100", "fetch.error.backoff.ms", "50", "queued.max.messages.kbytes",
    "16384", NULL};

struct kafka_tail *kafka_tail_new(struct kafka *k) {
    struct kafka_tail *t = hg_try_alloc(sizeof(*t));
    if (t != NULL) {
        t->k = k;
        kafka_own_init(&t->own);
        int rc = pthread_mutex_init(&t->lock, NULL);
        HG_ASSERT(rc == 0);
        hg_cond_init(&t->wake);
    }
    return t;
}

/* NULL: never followed. */
static struct tail_topic *find(struct kafka_tail *t, const char *name) {
    struct tail_topic *i = t->topics;
    while (i != NULL && strcmp(i->topic->name, name) != 0) {
        i = i->older;
    }
    return i;
}

bool kafka_tail_is_behind(struct kafka_tail *t, const char *topic, uint32_t partition,
                          uint64_t offset) {
    (void)pthread_mutex_lock(&t->lock);
    const struct tail_topic *i = find(t, topic);
    const struct tail_part *part =
        i != NULL && partition < i->n_parts ? &i->parts[partition] : NULL;
    bool is_behind =
        part != NULL && part->next > offset && kafka_mono_ms() - part->moved_ms < KNOWN_MS;
    (void)pthread_mutex_unlock(&t->lock);
    return is_behind;
}

/* ----- the thread ----- */

static int start_part(struct kafka_tail *t, struct tail_topic *topic, uint32_t p, uint64_t at) {
    kafka_own_drop(&topic->parts[p].own);
    topic->parts[p].from = topic->parts[p].next = at;
    topic->parts[p].moved_ms = kafka_mono_ms();
    topic->parts[p].last.is_there = topic->parts[p].anchor.is_there = false;
    int rc = rd_kafka_consume_start_queue(topic->rkt, (int32_t)p, (int64_t)at, t->queue);
    return rc == 0 ? 0 : HG_EAGAIN;
}

static void start_again(struct kafka_tail *t, struct tail_topic *topic, uint32_t p) {
    struct tail_part *part = &topic->parts[p];
    uint64_t next = part->found;
    (void)rd_kafka_consume_stop(topic->rkt, (int32_t)p);
    if (start_part(t, topic, p, next) == 0) {
        part->is_lost = part->is_found = false;
        t->n_found--;
        HG_LOG(HG_WARN, "kafka_tail_lost", "topic=%s partition=%u next=%llu", topic->topic->name,
               (unsigned)p, (unsigned long long)next);
        if (t->k->reads != NULL) {
            kafka_reads_forget(t->k->reads);
        }
        hg_log_lost(t->k->up, topic->topic->id, p, next);
    }
}

/* Here, where nothing that was taken off the queue before is left over. */
static void start_found(struct kafka_tail *t) {
    for (struct tail_topic *i = t->topics; i != NULL && t->n_found > 0; i = i->older) {
        for (uint32_t p = 0; p < i->n_parts; p++) {
            if (i->parts[p].is_found) {
                start_again(t, i, p);
            }
        }
    }
}

static void on_error(struct kafka_tail *t, struct tail_topic *topic, const rd_kafka_message_t *m) {
    struct tail_part *part = &topic->parts[m->partition];
    bool is_out = m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
                  m->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
    if (is_out && !part->is_lost) {
        kafka_care_lost(t, part);
    } else if (!is_out) {
        HG_LOG(HG_WARN, "kafka_tail_waits", "topic=%s partition=%d reason=\"%s\"",
               topic->topic->name, (int)m->partition, rd_kafka_err2str(m->err));
    }
}

/* What is being handed over of one partition. */
struct handing {
    struct kafka_tail *t;
    struct tail_topic *topic;
    uint32_t p;
    struct kafka_block *block; /* NULL: nothing yet */
    bool is_left_out;
};

static void give(struct handing *h) {
    if (h->block != NULL && h->block->n > 0) {
        hg_log_tail(h->t->k->up, h->topic->topic->id, h->p, h->block->records, h->block->n);
    }
    kafka_block_free(&h->block);
}

/* Without memory a record is left out, and that is told as a loss. */
static void read_record(struct handing *h, const rd_kafka_message_t *m) {
    struct hg_record record;
    h->topic->parts[h->p].next = (uint64_t)m->offset + 1;
    h->block = h->block != NULL ? h->block : kafka_block_new(h->topic->topic, h->p, 0);
    int err =
        h->block != NULL ? kafka_take(h->t->reader, h->topic->topic->name, m, &record) : HG_ENOMEM;
    if (err == 0) {
        err = kafka_block_add(h->block, &record, 0);
        hg_event_unref(&record.event);
    }
    h->is_left_out = h->is_left_out || err != 0;
}

/* The log is known again by what it has itself: what a producer is told of the
 * time of a record that it sent twice need not be what was stored. */
static void note_fetched(struct tail_part *part, const rd_kafka_message_t *m) {
    rd_kafka_timestamp_type_t type;
    part->last =
        (struct tail_anchor){true, (uint64_t)m->offset, rd_kafka_message_timestamp(m, &type)};
    part->anchor = part->anchor.is_there ? part->anchor : part->last;
}

static void take_message(struct handing *h, const rd_kafka_message_t *m) {
    struct tail_part *part = &h->topic->parts[h->p];
    if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        on_error(h->t, h->topic, m);
        return;
    }
    if ((uint64_t)m->offset < part->from || part->is_lost) {
        return; /* from before it was started here */
    }
    note_fetched(part, m);
    if ((uint64_t)m->offset < part->next) {
        return; /* this process wrote it, and it was shown */
    }
    if (kafka_own_has(&part->own, (uint64_t)m->offset)) {
        give(h);
        part->next = (uint64_t)m->offset; /* what was between is no record */
        kafka_own_drain(h->t, h->topic, h->p);
    } else {
        read_record(h, m);
    }
}

/* Messages of one partition, in order. Under the lock. */
static void hand_over(struct kafka_tail *t, rd_kafka_message_t *const *messages, size_t n) {
    struct handing h = {.t = t, .p = (uint32_t)messages[0]->partition};
    h.topic = find(t, rd_kafka_topic_name(messages[0]->rkt));
    if (h.topic == NULL || h.p >= h.topic->n_parts) {
        return;
    }
    uint64_t before = h.topic->parts[h.p].next;
    for (size_t i = 0; i < n; i++) {
        take_message(&h, messages[i]);
    }
    if (h.topic->parts[h.p].next != before) {
        h.topic->parts[h.p].moved_ms = kafka_mono_ms();
    }
    give(&h);
    if (h.is_left_out) {
        hg_log_lost(t->k->up, h.topic->topic->id, h.p, h.topic->parts[h.p].next);
    }
    kafka_own_drain(t, h.topic, h.p);
}

static void hand_over_all(struct kafka_tail *t, rd_kafka_message_t **messages, size_t n) {
    (void)pthread_mutex_lock(&t->lock);
    for (size_t i = 0, from = 0; i < n; i++) {
        bool is_last = i + 1 == n || messages[i + 1]->rkt != messages[i]->rkt ||
                       messages[i + 1]->partition != messages[i]->partition;
        if (is_last) {
            if (messages[from]->rkt != NULL) {
                hand_over(t, messages + from, i + 1 - from);
            }
            from = i + 1;
        }
    }
    start_found(t);
    (void)pthread_mutex_unlock(&t->lock);
    kafka_own_show(t);
    for (size_t i = 0; i < n; i++) {
        rd_kafka_message_destroy(messages[i]);
    }
}

static void *run_tail(void *arg) {
    struct kafka_tail *t = arg;
    rd_kafka_message_t *messages[AT_ONCE];
    while (!atomic_load(&t->is_ending)) {
        ssize_t n = 0;
        messages[0] = rd_kafka_consume_queue(t->queue, TURN_MS);
        if (messages[0] != NULL) {
            n = rd_kafka_consume_batch_queue(t->queue, 0, messages + 1, AT_ONCE - 1);
            n = 1 + (n > 0 ? n : 0);
        }
        hand_over_all(t, messages, (size_t)n);
        (void)rd_kafka_poll(t->rk, 0);
    }
    return NULL;
}

/* ----- following ----- */

static int open_tail(struct kafka_tail *t) {
    struct hg_why why = {""};
    if (t->rk != NULL) {
        return t->care.rk != NULL ? 0 : kafka_care_start(t);
    }
    rd_kafka_conf_t *conf = kafka_handle_conf(t->k, properties, &why);
    t->reader = kafka_reader_new();
    t->rk = conf != NULL && t->reader != NULL
                ? kafka_handle_new(t->k, RD_KAFKA_CONSUMER, conf, &why)
                : NULL;
    if (t->rk != NULL) {
        t->queue = rd_kafka_queue_new(t->rk);
        if (hg_thread_start(&t->thread, run_tail, t) == 0) {
            return kafka_care_start(t);
        }
        rd_kafka_queue_destroy(t->queue);
        kafka_handle_destroy(t->k, t->rk);
        t->rk = NULL;
    }
    HG_LOG(HG_ERROR, "kafka_tail_failed", "reason=\"%s\"", why.text);
    kafka_reader_free(&t->reader);
    return HG_EIO;
}

static void stop_topic(struct kafka_tail *t, struct tail_topic *topic) {
    for (uint32_t p = 0; p < topic->n_parts; p++) {
        (void)rd_kafka_consume_stop(topic->rkt, (int32_t)p);
        t->n_found -= topic->parts[p].is_found;
        topic->parts[p].is_lost = topic->parts[p].is_found = false;
        kafka_own_drop(&topic->parts[p].own);
    }
    topic->n_parts = 0;
    atomic_fetch_sub(&t->own.n_topics, 1);
    rd_kafka_topic_destroy(topic->rkt);
    topic->rkt = NULL;
}

/* Under the lock: its place, with room for all partitions. NULL: no memory. */
static struct tail_topic *place_of(struct kafka_tail *t, const struct kafka_topic *topic) {
    struct tail_topic *i = find(t, topic->name);
    if (i == NULL) {
        i = hg_try_alloc(sizeof(*i));
        if (i == NULL) {
            return NULL;
        }
        i->topic = topic;
        i->older = t->topics;
        t->topics = i;
    }
    uint32_t n = topic->partitions > i->n_parts ? topic->partitions : i->n_parts;
    struct tail_part *parts = hg_try_realloc(i->parts, n * sizeof(*parts));
    if (parts == NULL) {
        return NULL;
    }
    memset(parts + i->n_parts, 0, (n - i->n_parts) * sizeof(*parts));
    i->parts = parts;
    i->topic = topic;
    return i;
}

/* Where those begin that do not run yet: at the end, but partitions that a topic
 * has got while it was followed at their first record. */
static int ask_begins(struct kafka_tail *t, struct tail_topic *topic) {
    for (uint32_t p = topic->n_parts; p < topic->topic->partitions; p++) {
        int64_t low, high;
        if (kafka_leader_range(t->k, topic->topic->id, p, &low, &high) !=
            RD_KAFKA_RESP_ERR_NO_ERROR) {
            return HG_EAGAIN;
        }
        topic->parts[p].next = (uint64_t)(topic->n_parts > 0 ? low : high);
    }
    return 0;
}

/* A consumer asks by itself only once in minutes. */
static void learn_partitions(struct kafka_tail *t, struct tail_topic *topic) {
    const struct rd_kafka_metadata *m = NULL;
    if (topic->rkt != NULL &&
        rd_kafka_metadata(t->rk, 0, topic->rkt, &m, ASK_MS) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_metadata_destroy(m);
    }
}

/* Under the lock. */
static int start_topic(struct kafka_tail *t, struct tail_topic *topic) {
    bool is_new = topic->rkt == NULL;
    int err = 0;
    topic->rkt = is_new ? rd_kafka_topic_new(t->rk, topic->topic->name, NULL) : topic->rkt;
    if (topic->rkt == NULL) {
        return HG_EIO;
    }
    atomic_fetch_add(&t->own.n_topics, is_new ? 1 : 0);
    while (err == 0 && topic->n_parts < topic->topic->partitions) {
        err = start_part(t, topic, topic->n_parts, topic->parts[topic->n_parts].next);
        topic->n_parts += err == 0;
    }
    if (err != 0 && is_new) {
        stop_topic(t, topic);
    }
    return err;
}

static void unfollow(struct kafka_tail *t, const char *name) {
    (void)pthread_mutex_lock(&t->lock);
    struct tail_topic *topic = find(t, name);
    if (topic != NULL && topic->rkt != NULL) {
        stop_topic(t, topic);
    }
    (void)pthread_mutex_unlock(&t->lock);
}

int kafka_follow(void *state, uint32_t id, bool is_wanted) {
    struct kafka *k = HG_CAST(struct kafka, KAFKA_MAGIC, state);
    struct kafka_tail *t = k->tail;
    const struct kafka_topic *topic = kafka_topic(k, id);
    if (topic == NULL) {
        return HG_ENOENT;
    }
    if (!is_wanted) {
        unfollow(t, topic->name);
        return 0;
    }
    (void)pthread_mutex_lock(&t->lock);
    struct tail_topic *place = place_of(t, topic);
    int err = place != NULL ? open_tail(t) : HG_ENOMEM;
    (void)pthread_mutex_unlock(&t->lock);
    if (err == 0 && place->rkt == NULL && k->reads != NULL) {
        kafka_reads_forget(k->reads); /* nobody has seen to it that it is still so */
    }
    if (err != 0 || (place->rkt != NULL && place->n_parts >= topic->partitions)) {
        return err;
    }
    /* Only this thread starts partitions, so place stays as it is meanwhile. */
    learn_partitions(t, place);
    err = ask_begins(t, place);
    if (err == 0) {
        (void)pthread_mutex_lock(&t->lock);
        err = start_topic(t, place);
        (void)pthread_mutex_unlock(&t->lock);
    }
    return err;
}

void kafka_tail_free(struct kafka_tail **pt) {
    struct kafka_tail *t = *pt;
    *pt = NULL;
    if (t == NULL) {
        return;
    }
    if (t->rk != NULL) {
        atomic_store(&t->is_ending, true);
        kafka_care_stop(t);
        rd_kafka_queue_yield(t->queue);
        (void)pthread_join(t->thread, NULL);
    }
    while (t->topics != NULL) {
        struct tail_topic *i = t->topics;
        t->topics = i->older;
        if (i->rkt != NULL) {
            stop_topic(t, i);
        }
        hg_free(i->parts);
        hg_free(i);
    }
    if (t->rk != NULL) {
        rd_kafka_queue_destroy(t->queue);
        kafka_handle_destroy(t->k, t->rk);
    }
    kafka_own_fini(&t->own);
    kafka_reader_free(&t->reader);
    (void)pthread_cond_destroy(&t->wake);
    (void)pthread_mutex_destroy(&t->lock);
    hg_free(t);
}
