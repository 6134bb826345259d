/* SPDX-License-Identifier: Apache-2.0 */
/* fetch.c - a consumer that stands at one place of one partition.
 *
 * librdkafka's simple consumer: no group, no coordinator, no rights on groups
 * are needed, and a partition is started and stopped without regard to others.
 * Where it stands it fetches ahead, until its queue is full; at the end it is
 * stopped, for what comes there is the tail's business. */
#include <errno.h>
#include <time.h>

#include "read.h"
#include "tail.h"

enum { BLOCK_RECORDS = 1024, BLOCK_BYTES = 1 << 20, AT_ONCE = 128 };

static const char *const properties[] = {
    "enable.auto.commit", "false", "enable.auto.offset.store", "false", "auto.commit.enable",
    "false", "auto.offset.reset", "error", "isolation.level", "read_committed", "check.crcs",
    "true", "enable.partition.eof", "true",
    /* How long an end takes to be told, and the most a queue holds. */
    "fetch.wait.max.ms", "10", "queued.max.messages.kbytes", "8192", "fetch.error.backoff.ms", "50",
    NULL};

int64_t kafka_mono_us(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t kafka_mono_ms(void) {
    return kafka_mono_us() / 1000;
}

int kafka_handle_open(struct kafka_handle *h, struct kafka *k) {
    struct hg_why why = {""};
    rd_kafka_conf_t *conf = kafka_handle_conf(k, properties, &why);
    h->k = k;
    h->reader = kafka_reader_new();
    h->rk = conf != NULL && h->reader != NULL ? kafka_handle_new(k, RD_KAFKA_CONSUMER, conf, &why)
                                              : NULL;
    if (h->rk == NULL) {
        HG_LOG(HG_ERROR, "kafka_reader_failed", "reason=\"%s\"", why.text);
        kafka_reader_free(&h->reader);
        return h->reader == NULL ? HG_ENOMEM : HG_EIO;
    }
    return 0;
}

static void leave(struct kafka_handle *h) {
    if (h->is_started) {
        (void)rd_kafka_consume_stop(h->rkt, (int32_t)h->partition);
        h->is_started = false;
    }
}

static void let_go(struct kafka_handle *h) {
    leave(h);
    if (h->rkt != NULL) {
        rd_kafka_topic_destroy(h->rkt);
        h->rkt = NULL;
    }
}

void kafka_handle_close(struct kafka_handle *h) {
    if (h->rk != NULL) {
        let_go(h);
        kafka_handle_destroy(h->k, h->rk);
        h->rk = NULL;
    }
    kafka_reader_free(&h->reader);
}

void kafka_handle_rest(struct kafka_handle *h) {
    leave(h);
}

static int stand(struct kafka_handle *h, const struct kafka_topic *topic, uint32_t partition,
                 uint64_t from) {
    bool is_there = h->topic == topic && h->partition == partition && h->next == from;
    if (h->is_started && is_there) {
        return 0;
    }
    leave(h);
    if (h->topic != topic) { /* what is known of a topic goes with its last handle */
        let_go(h);
    }
    h->topic = topic;
    h->partition = partition;
    h->next = from;
    if (h->rkt == NULL) {
        h->rkt = rd_kafka_topic_new(h->rk, topic->name, NULL);
    }
    h->is_started = h->rkt != NULL && from <= INT64_MAX &&
                    rd_kafka_consume_start(h->rkt, (int32_t)partition, (int64_t)from) == 0;
    return h->is_started ? 0 : HG_EIO;
}

/* One fetch, as it comes in. */
struct incoming {
    struct kafka_block *block;
    bool is_end;
    bool is_gone; /* the place is not in the log's range */
    int err;
};

static void on_record(struct kafka_handle *h, struct incoming *in, const rd_kafka_message_t *m) {
    struct hg_record record;
    if ((uint64_t)m->offset < in->block->next) {
        return;
    }
    in->err = kafka_take(h->reader, h->topic->name, m, &record);
    if (in->err == 0) {
        in->err = kafka_block_add(in->block, &record, kafka_take_bytes(m));
        hg_event_unref(&record.event);
    }
}

static void on_message(struct kafka_handle *h, struct incoming *in, const rd_kafka_message_t *m) {
    if (in->err != 0) {
        return;
    }
    switch (m->err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        on_record(h, in, m);
        break;
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        in->is_end = true;
        if ((uint64_t)m->offset > in->block->next) {
            in->block->next = (uint64_t)m->offset; /* behind holes */
        }
        break;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        in->is_gone = true;
        break;
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        HG_LOG(HG_ERROR, "kafka_read_failed", "topic=%s partition=%u offset=%llu reason=\"%s\"",
               h->topic->name, (unsigned)h->partition, (unsigned long long)in->block->next,
               rd_kafka_err2str(m->err));
        in->err = HG_EIO;
        break;
    default: /* a broker is away, a leader is being chosen: until the deadline */
        break;
    }
}

static bool is_full(const struct incoming *in) {
    return in->block->n >= BLOCK_RECORDS || in->block->bytes >= BLOCK_BYTES;
}

/* Waits for the first, takes what else is there. */
static void take_some(struct kafka_handle *h, struct incoming *in, int64_t deadline_ms) {
    rd_kafka_message_t *messages[AT_ONCE];
    while (in->block->n == 0 && !in->is_end && !in->is_gone && in->err == 0) {
        int64_t left_ms = deadline_ms - kafka_mono_ms();
        rd_kafka_message_t *m =
            left_ms > 0 ? rd_kafka_consume(h->rkt, (int32_t)h->partition, (int)left_ms) : NULL;
        if (m == NULL) {
            in->err = HG_EAGAIN;
            return;
        }
        on_message(h, in, m);
        rd_kafka_message_destroy(m);
    }
    while (!in->is_end && !in->is_gone && in->err == 0 && !is_full(in)) {
        ssize_t n = rd_kafka_consume_batch(h->rkt, (int32_t)h->partition, 0, messages, AT_ONCE);
        for (ssize_t i = 0; i < n; i++) {
            on_message(h, in, messages[i]);
            rd_kafka_message_destroy(messages[i]);
        }
        if (n <= 0) {
            return;
        }
    }
}

/* Below what is kept, or beyond the end: a log that was cut back. */
static int judge_gone(struct kafka_handle *h, uint64_t from) {
    int64_t low, high;
    if (kafka_leader_range(h->k, h->topic->id, h->partition, &low, &high) !=
        RD_KAFKA_RESP_ERR_NO_ERROR) {
        return HG_EAGAIN;
    }
    return low > 0 && from < (uint64_t)low ? HG_ENOENT : 0;
}

/* The end that a leader tells is where all copies are, as far as it knows. One that was
 * just chosen knows it late: what others had of the last one is to come yet. */
static bool is_late(const struct kafka_handle *h, uint64_t end) {
    return h->k->tail != NULL &&
           kafka_tail_is_behind(h->k->tail, h->topic->name, h->partition, end);
}

/* The last answer of the leader knew of something behind the place. Where that
 * is not to be seen, a transaction of another producer is not over, and it is
 * to come yet. */
static bool has_more(struct kafka_handle *h) {
    int64_t low = 0, high = 0;
    return rd_kafka_get_watermark_offsets(h->rk, h->topic->name, (int32_t)h->partition, &low,
                                          &high) == RD_KAFKA_RESP_ERR_NO_ERROR &&
           high >= 0 && (uint64_t)high > h->next;
}

int kafka_fetch(struct kafka_handle *h, const struct kafka_topic *topic, uint32_t partition,
                uint64_t from, int64_t deadline_ms, struct kafka_block **ret) {
    struct incoming in = {.block = kafka_block_new(topic, partition, from)};
    if (in.block == NULL) {
        return HG_ENOMEM;
    }
    (void)rd_kafka_poll(h->rk, 0);
    bool has_stood = h->is_started;
    in.err = stand(h, topic, partition, from);
    if (in.err == 0) {
        take_some(h, &in, deadline_ms);
    }
    /* An end that was told ahead may be long past: only one that was asked for
     * now says that there is nothing. */
    if (in.err == 0 && has_stood && in.is_end && in.block->n == 0) {
        leave(h);
        in.is_end = false;
        in.block->next = from;
        in.err = stand(h, topic, partition, from);
        if (in.err == 0) {
            take_some(h, &in, deadline_ms);
        }
    }
    h->next = in.block->next;
    if (in.block->n > 0) { /* an error will be met again */
        in.err = in.err == HG_ENOMEM ? HG_ENOMEM : 0;
    } else if (in.is_gone) {
        in.err = judge_gone(h, from);
    } else if (in.err == 0 && (has_more(h) || is_late(h, h->next))) {
        in.err = HG_EAGAIN;
    }
    if (in.err != 0 || in.is_end || in.is_gone || !has_more(h)) {
        leave(h);
    }
    if (in.err != 0) {
        kafka_block_free(&in.block);
        return in.err;
    }
    *ret = in.block;
    return 0;
}
