/* SPDX-License-Identifier: Apache-2.0 */
/* leader.c - what only the leader of a partition can say.
 *
 * librdkafka asks the leader that it heard of last, and of topics that a handle
 * does not keep it hears nothing for minutes: a question to a broker that is gone
 * is tried there again and again. (Before 2.3.0 rd_kafka_query_watermark_offsets
 * does so for ever, whatever its deadline is; it is used nowhere.) So who is not
 * answered soon has the handle ask who leads, of all topics at once, and tries again.
 *
 *   answers ── not within WAIT_MS ──► away: those who ask wait AWAY_MS only, and
 *      ▲                               |    the cluster is asked first who leads
 *      └────────── an answer ──────────┘
 *
 * One thread asks for all topics: one that is away must not keep it from the others. */
#include "read.h"

#include <time.h>

enum {
    WAIT_MS = 3000,
    AWAY_MS = 300,
    SOON_MS = 1000, /* for one try */
    LEARN_MS = 300, /* from one look at who leads to the next */
};

static int left_ms(int64_t end_ms) {
    int64_t left = end_ms - kafka_mono_ms();
    return left < 1 ? 1 : left < SOON_MS ? (int)left : SOON_MS;
}

rd_kafka_resp_err_t kafka_leader_ask(rd_kafka_t *rk, const struct kafka_ask *q, int wait_ms,
                                     int64_t *ret) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *p =
        rd_kafka_topic_partition_list_add(list, q->topic, (int32_t)q->partition);
    p->offset = q->time_ms;
    rd_kafka_resp_err_t rc = rd_kafka_offsets_for_times(rk, list, wait_ms);
    bool is_told = rc == RD_KAFKA_RESP_ERR_NO_ERROR ||
                   (rc == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION && p->err != 0);
    rc = is_told ? p->err : rc; /* one without a leader is not unknown */
    if (rc == RD_KAFKA_RESP_ERR_NO_ERROR) {
        *ret = p->offset;
    }
    rd_kafka_topic_partition_list_destroy(list);
    return rc;
}

/* False: it was done just now. */
static bool learn(struct kafka *k, int64_t end_ms) {
    struct kafka_leaders *l = &k->leaders;
    const struct rd_kafka_metadata *m = NULL;
    (void)pthread_mutex_lock(&l->lock);
    bool is_due = l->asked_ms == 0 || kafka_mono_ms() >= l->asked_ms + LEARN_MS;
    if (is_due) {
        if (rd_kafka_metadata(k->client, 1, NULL, &m, left_ms(end_ms)) ==
            RD_KAFKA_RESP_ERR_NO_ERROR) {
            rd_kafka_metadata_destroy(m);
        }
        l->asked_ms = kafka_mono_ms();
    }
    (void)pthread_mutex_unlock(&l->lock);
    return is_due;
}

static bool is_unknown(rd_kafka_resp_err_t rc) {
    return rc == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || rc == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
           rc == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

static bool is_answer(rd_kafka_resp_err_t rc) {
    return rc == RD_KAFKA_RESP_ERR_NO_ERROR || rc == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
           rc == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
}

static rd_kafka_resp_err_t ask_until(struct kafka *k, const struct kafka_ask *q, int64_t end_ms,
                                     bool has_learned, int64_t *ret) {
    static const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};
    for (;;) {
        rd_kafka_resp_err_t rc = kafka_leader_ask(k->client, q, left_ms(end_ms), ret);
        if (is_answer(rc) || (is_unknown(rc) && has_learned) || kafka_mono_ms() >= end_ms) {
            return rc;
        }
        if (!learn(k, end_ms)) {
            (void)nanosleep(&pause, NULL);
        }
        has_learned = true;
    }
}

static void note(struct kafka_topic *t, uint32_t partition, rd_kafka_resp_err_t rc) {
    bool is_away = !is_answer(rc) && !is_unknown(rc);
    if (atomic_exchange(&t->parts[partition].is_away, is_away) != is_away) {
        HG_LOG(is_away ? HG_WARN : HG_NOTICE, is_away ? "kafka_leader_away" : "kafka_leader_back",
               "topic=%s partition=%u reason=\"%s\"", t->name, (unsigned)partition,
               rd_kafka_err2str(rc));
    }
}

/* The answers to n questions about one partition. */
static rd_kafka_resp_err_t ask_each(struct kafka *k, uint32_t topic, uint32_t partition,
                                    const int64_t *times_ms, size_t n, int64_t *ret) {
    struct kafka_topic *t = kafka_topic(k, topic);
    if (t == NULL || partition >= t->partitions) {
        return RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
    }
    bool is_away = atomic_load(&t->parts[partition].is_away);
    int64_t end_ms = kafka_mono_ms() + (is_away ? AWAY_MS : WAIT_MS);
    bool has_learned = is_away && learn(k, end_ms);
    rd_kafka_resp_err_t rc = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (size_t i = 0; i < n && rc == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
        struct kafka_ask q = {t->name, partition, times_ms[i]};
        rc = ask_until(k, &q, end_ms, has_learned, &ret[i]);
    }
    note(t, partition, rc);
    return rc;
}

rd_kafka_resp_err_t kafka_leader_range(struct kafka *k, uint32_t topic, uint32_t partition,
                                       int64_t *ret_low, int64_t *ret_high) {
    static const int64_t ends[] = {RD_KAFKA_OFFSET_BEGINNING, RD_KAFKA_OFFSET_END};
    int64_t told[2] = {0};
    rd_kafka_resp_err_t rc = ask_each(k, topic, partition, ends, 2, told);
    if (rc == RD_KAFKA_RESP_ERR_NO_ERROR) {
        *ret_low = told[0] < told[1] ? told[0] : told[1]; /* it may be cut back in between */
        *ret_high = told[1];
    }
    return rc;
}

rd_kafka_resp_err_t kafka_leader_time(struct kafka *k, uint32_t topic, uint32_t partition,
                                      int64_t time_ms, int64_t *ret) {
    return ask_each(k, topic, partition, &time_ms, 1, ret);
}

bool kafka_leader_serves(struct kafka *k, const char *topic, uint32_t partition) {
    struct kafka_ask q = {topic, partition, RD_KAFKA_OFFSET_END};
    int64_t end;
    return kafka_leader_ask(k->client, &q, SOON_MS, &end) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

int kafka_leaders_init(struct kafka *k) {
    return pthread_mutex_init(&k->leaders.lock, NULL) == 0 ? 0 : HG_ENOMEM;
}

void kafka_leaders_fini(struct kafka *k) {
    (void)pthread_mutex_destroy(&k->leaders.lock);
}
