/* SPDX-License-Identifier: Apache-2.0 */
/* line.c - one idempotent producer, from its making to its end. */
#include "own.h"

#include <stdlib.h>
#include <time.h>

enum { POLL_MS = 100, END_POLL_MS = 5, PROBE_MS = 1000, LEARN_MS = 2000 };
/* How long the client tries. Whoever publishes is answered long before (HG_LOG_LATE):
 * a message that is given up may be stored none the less, and then twice. */
enum { TRY_MS = 300000 };

/* ----- its thread ----- */

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
    (void)rk;
    kafka_delivered(opaque, m);
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
    struct kafka_line *l = opaque;
    char text[KAFKA_TEXT];
    if (err != RD_KAFKA_RESP_ERR__FATAL) {
        HG_LOG(HG_WARN, "kafka_trouble", "error=%s text=\"%s\"", rd_kafka_err2name(err), reason);
        return;
    }
    rd_kafka_resp_err_t cause = rd_kafka_fatal_error(rk, text, sizeof text);
    HG_LOG(HG_ERROR, "kafka_producer_fatal", "error=%s text=\"%s\"", rd_kafka_err2name(cause),
           text);
    atomic_store(&l->is_fatal, true);
}

/* Does anybody answer? Whatever is asked about goes on being delivered later. */
static void answer_probe(struct kafka_line *l) {
    struct hg_append *probe = atomic_exchange(&l->probe, NULL);
    const struct rd_kafka_metadata *m = NULL;
    if (probe == NULL) {
        return;
    }
    bool is_up = !atomic_load(&l->is_ending) &&
                 rd_kafka_metadata(l->rk, 0, NULL, &m, PROBE_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (m != NULL) {
        rd_kafka_metadata_destroy(m);
    }
    hg_append_complete(probe, is_up ? 0 : HG_EAGAIN);
}

/* A producer asks by itself only once in minutes. */
static void learn(struct kafka_line *l) {
    const struct rd_kafka_metadata *m = NULL;
    uint32_t news = atomic_load(&l->k->news);
    if (atomic_load(&l->is_ending) || atomic_load(&l->k->news_known) == news) {
        return;
    }
    if (rd_kafka_metadata(l->rk, 0, NULL, &m, PROBE_MS) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        atomic_store(&l->k->news_known, news);
    }
    if (m != NULL) {
        rd_kafka_metadata_destroy(m);
    }
}

void kafka_lines_learn(struct kafka *k) {
    static const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
    uint32_t news = atomic_fetch_add(&k->news, 1) + 1;
    int64_t end_ms = kafka_mono_ms() + LEARN_MS;
    while (atomic_load(&k->news_known) != news && kafka_mono_ms() < end_ms) {
        (void)nanosleep(&pause, NULL);
    }
}

static void *run(void *arg) {
    struct kafka_line *l = arg;
    while (!atomic_load(&l->is_ending) || rd_kafka_outq_len(l->rk) > 0) {
        (void)rd_kafka_poll(l->rk, atomic_load(&l->is_ending) ? END_POLL_MS : POLL_MS);
        kafka_own_give(l);
        answer_probe(l);
        learn(l);
    }
    answer_probe(l);
    kafka_handle_destroy(l->k, l->rk);
    atomic_store(&l->is_over, true);
    return NULL;
}

/* A broker that has hung is left as soon as somebody has waited for it in vain. */
static void set_patience(struct kafka_line *l, rd_kafka_conf_t *conf) {
    int64_t answer_ms = l->k->answer_ms, socket_ms = kafka_conf_number(conf, "socket.timeout.ms");
    kafka_conf_set_number(conf, "message.timeout.ms", answer_ms > TRY_MS ? answer_ms : TRY_MS);
    kafka_conf_set_number(conf, "socket.timeout.ms", socket_ms < answer_ms ? socket_ms : answer_ms);
}

static void learn_linger(struct kafka_line *l, const rd_kafka_conf_t *conf) {
    char text[40];
    size_t len = sizeof text;
    rd_kafka_conf_res_t res = rd_kafka_conf_get(conf, "linger.ms", text, &len);
    HG_ASSERT(res == RD_KAFKA_CONF_OK);
    l->linger_us = (int64_t)(strtod(text, NULL) * 1000);
}

int kafka_line_open(struct kafka *k, struct kafka_line **ret, struct hg_why *why) {
    static const char *const pairs[] = {"enable.idempotence", "true", NULL};
    struct kafka_line *l = hg_try_alloc(sizeof *l);
    rd_kafka_conf_t *conf = l != NULL ? kafka_handle_conf(k, pairs, why) : NULL;
    if (conf == NULL) {
        hg_free(l);
        return HG_EINVAL;
    }
    l->k = k;
    l->batch_max = kafka_batch_bound(k, conf);
    set_patience(l, conf);
    learn_linger(l, conf);
    rd_kafka_conf_set_opaque(conf, l);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_error_cb(conf, on_error);
    l->rk = kafka_handle_new(k, RD_KAFKA_PRODUCER, conf, why);
    if (l->rk == NULL) {
        hg_free(l);
        return HG_EINVAL;
    }
    int err = hg_thread_start(&l->thread, run, l);
    if (err != 0) {
        hg_why_set(why, "event_log kafka: no thread could be started");
        kafka_handle_destroy(l->k, l->rk);
        hg_free(l);
        return err;
    }
    *ret = l;
    return 0;
}

/* ----- the log thread ----- */

static void drop_topics(struct kafka_line *l) {
    for (uint32_t i = 0; i < l->n_topics; i++) {
        if (l->topics[i] != NULL) {
            rd_kafka_topic_destroy(l->topics[i]);
        }
    }
    hg_free(l->topics);
    hg_free(l->topics_of);
    l->topics = NULL;
    l->topics_of = NULL;
    l->n_topics = 0;
}

static bool make_room(struct kafka_line *l, uint32_t id) {
    uint32_t n = id + 16;
    if (id < l->n_topics) {
        return true;
    }
    rd_kafka_topic_t **topics = hg_try_realloc(l->topics, n * sizeof(rd_kafka_topic_t *));
    l->topics = topics != NULL ? topics : l->topics;
    const struct kafka_topic **of =
        hg_try_realloc(l->topics_of, n * sizeof(const struct kafka_topic *));
    l->topics_of = of != NULL ? of : l->topics_of;
    if (topics == NULL || of == NULL) {
        return false;
    }
    for (uint32_t i = l->n_topics; i < n; i++) {
        l->topics[i] = NULL;
        l->topics_of[i] = NULL;
    }
    l->n_topics = n;
    return true;
}

/* NULL: no memory. */
static rd_kafka_topic_t *topic_of(struct kafka_line *l, const struct kafka_topic *t) {
    if (!make_room(l, t->id)) {
        return NULL;
    }
    if (l->topics_of[t->id] != t) { /* an id that got no topic is given to another */
        rd_kafka_topic_t *rkt = rd_kafka_topic_new(l->rk, t->name, NULL);
        if (rkt == NULL) {
            return NULL;
        }
        if (l->topics[t->id] != NULL) {
            rd_kafka_topic_destroy(l->topics[t->id]);
        }
        l->topics[t->id] = rkt;
        l->topics_of[t->id] = t;
    }
    return l->topics[t->id];
}

static int refusal(struct kafka_line *l, rd_kafka_resp_err_t rc) {
    switch (rc) {
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
        return HG_EAGAIN;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        return HG_E2BIG;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED: /* until the client has looked again */
        return HG_EDENIED;
    case RD_KAFKA_RESP_ERR__FATAL:
        atomic_store(&l->is_fatal, true);
        return HG_EAGAIN; /* the next one finds a new line */
    default:              /* the client does not know the partition any more, or yet */
        return HG_EAGAIN;
    }
}

int kafka_line_send(struct kafka_line *l, const struct kafka_topic *t, uint32_t partition,
                    const struct kafka_draft *d, bool is_copied, void *mark) {
    static const char empty[1] = "";
    rd_kafka_topic_t *rkt = topic_of(l, t);
    if (rkt == NULL) {
        return HG_EAGAIN;
    }
    rd_kafka_headers_t *headers = kafka_headers_of(d);
    /* Null is not the same as empty. */
    void *value = (void *)(!d->has_value ? NULL : d->value.len > 0 ? d->value.ptr : empty);
    const void *key = d->key.len > 0 ? d->key.ptr : NULL;
    rd_kafka_resp_err_t rc = rd_kafka_producev(
        l->rk, RD_KAFKA_V_RKT(rkt), RD_KAFKA_V_PARTITION((int32_t)partition),
        RD_KAFKA_V_MSGFLAGS(is_copied ? RD_KAFKA_MSG_F_COPY : 0),
        RD_KAFKA_V_VALUE(value, d->has_value ? d->value.len : 0), RD_KAFKA_V_KEY(key, d->key.len),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(mark), RD_KAFKA_V_END);
    if (rc != RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_headers_destroy(headers);
        return refusal(l, rc);
    }
    return 0;
}

void kafka_line_end(struct kafka_line *l) {
    drop_topics(l);
    (void)rd_kafka_purge(l->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                    RD_KAFKA_PURGE_F_NON_BLOCKING);
    atomic_store(&l->is_ending, true); /* from here on its thread may destroy rk */
}

void kafka_line_free(struct kafka_line **pl) {
    int rc = pthread_join((*pl)->thread, NULL);
    HG_ASSERT(rc == 0);
    kafka_lanes_fini(&(*pl)->lanes);
    hg_free(*pl);
    *pl = NULL;
}
