/* SPDX-License-Identifier: Apache-2.0 */
/* log_kafka.c - module log_kafka: the event log in a cluster of Apache Kafka.
 *
 *     event_log kafka BROKER:PORT[,BROKER:PORT...]; */
#include "headgate/module.h"
#include "kafka.h"
#include "read.h"
#include "transact.h"

static void on_close(void *state) {
    struct kafka *k = HG_CAST(struct kafka, KAFKA_MAGIC, state);
    kafka_whole_free(&k->whole);
    kafka_lines_close(k);
    kafka_draft_fini(&k->draft);
    kafka_tail_free(&k->tail);
    kafka_reads_free(&k->reads);
    if (k->all_seeing != NULL) {
        kafka_handle_destroy(k, k->all_seeing);
    }
    if (k->client != NULL) {
        kafka_handle_destroy(k, k->client);
    }
    kafka_topics_fini(k);
    kafka_leaders_fini(k);
    kafka_conf_fini(k);
    hg_free(k);
}

static int open_client(struct kafka *k, struct hg_why *why) {
    static const char *const none[] = {NULL};
    rd_kafka_conf_t *conf = kafka_handle_conf(k, none, why);
    k->client = conf != NULL ? kafka_handle_new(k, RD_KAFKA_PRODUCER, conf, why) : NULL;
    return k->client != NULL ? 0 : HG_EINVAL;
}

static int on_open(const struct hg_log_open *open, void **ret_state, struct hg_why *why) {
    struct kafka *k = hg_alloc(sizeof *k);
    k->magic = KAFKA_MAGIC;
    k->up = open->up;
    atomic_init(&k->batch_max, SIZE_MAX);
    int err = kafka_topics_init(k);
    err = err == 0 ? kafka_leaders_init(k) : err;
    err = err == 0 ? kafka_conf_read(open, k, why) : err;
    err = err == 0 ? open_client(k, why) : err;
    err = err == 0 ? kafka_ready_wait(k, why) : err;
    err = err == 0 ? kafka_line_open(k, &k->line, why) : err;
    if (err == 0 && k->transactional_id != NULL) {
        k->whole = kafka_whole_new(k);
        HG_ASSERT(k->whole != NULL); /* before the gateway serves */
    }
    if (err != 0) {
        on_close(k);
        return err;
    }
    k->reads = kafka_reads_new(k);
    k->tail = kafka_tail_new(k);
    HG_ASSERT(k->reads != NULL && k->tail != NULL); /* before the gateway serves */
    *ret_state = k;
    return 0;
}

static void on_tick(void *state) {
    struct kafka *k = HG_CAST(struct kafka, KAFKA_MAGIC, state);
    if (k->whole != NULL) {
        kafka_whole_begin(k->whole);
    }
    kafka_tick(state);
}

static int64_t answer_ms(void *state) {
    return HG_CAST(struct kafka, KAFKA_MAGIC, state)->answer_ms;
}

static struct hg_counter *const counters[] = {
    &kafka_take_counters[KAFKA_EVENT],    &kafka_take_counters[KAFKA_TOMBSTONE],
    &kafka_take_counters[KAFKA_PLAIN],    &kafka_take_counters[KAFKA_BROKEN],
    &kafka_transactions[KAFKA_END_DONE],  &kafka_transactions[KAFKA_END_UNDONE],
    &kafka_transactions[KAFKA_END_DOUBT], NULL,
};

static const struct hg_log_ops ops = {
    .size = sizeof(struct hg_log_ops),
    .name = "kafka",
    .caps = HG_LOG_REMOTE | HG_LOG_COPIES | HG_LOG_LIST | HG_LOG_FOLLOW | HG_LOG_TRIM | HG_LOG_LATE,
    .open = on_open,
    .close = on_close,
    .check = kafka_check,
    .topic_open = kafka_topic_open,
    .describe = kafka_describe,
    .append = kafka_append,
    .flush = kafka_flush,
    .list = kafka_list,
    .read = kafka_read,
    .seek = kafka_seek,
    .follow = kafka_follow,
    .trim = kafka_trim,
    .tick = on_tick,
    .answer_ms = answer_ms,
    .end = kafka_end,
    .whole = kafka_conf_whole,
    .renew = kafka_renew,
};

HG_MODULE(log_kafka) = {
    .abi = HG_MODULE_ABI,
    .size = sizeof(struct hg_module),
    .name = "log_kafka",
    .directives = kafka_rows,
    .conf_size = sizeof(struct kafka_settings),
    .conf_check = kafka_conf_check,
    .counters = counters,
    .log = &ops,
};
