/* SPDX-License-Identifier: Apache-2.0 */
/* other.c - another client of the cluster. */
#include "modules/log_kafka/other.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { ASK_MS = 20000 };

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
    char text[256];
    if (rd_kafka_conf_set(conf, name, value, text, sizeof(text)) != RD_KAFKA_CONF_OK) {
        fail_msg("%s", text);
    }
}

void other_open(struct other *o, const char *transactional_id) {
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", kafka_rig_bootstrap());
    set(conf, "enable.idempotence", "true");
    set(conf, "compression.codec", "lz4");
    set(conf, "linger.ms", "5");
    if (transactional_id != NULL) {
        set(conf, "transactional.id", transactional_id);
    }
    o->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    assert_non_null(o->rk);
}

void other_close(struct other *o) {
    rd_kafka_destroy(o->rk);
    o->rk = NULL;
}

/* Waits for the answer of an admin request; rc of its only item. */
static rd_kafka_event_t *answer_of(rd_kafka_queue_t *queue) {
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, ASK_MS);
    assert_non_null(event);
    assert_int_equal(rd_kafka_event_error(event), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_queue_destroy(queue);
    return event;
}

static void make(struct other *o, int partitions, const char *const *settings) {
    char text[256];
    size_t n;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(o->rk);
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(o->topic, partitions, 1, text, sizeof(text));
    for (; settings != NULL && settings[0] != NULL; settings += 2) {
        (void)rd_kafka_NewTopic_set_config(topic, settings[0], settings[1]);
    }
    rd_kafka_CreateTopics(o->rk, &topic, 1, NULL, queue);
    rd_kafka_event_t *event = answer_of(queue);
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &n);
    assert_int_equal(rd_kafka_topic_result_error(results[0]), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_event_destroy(event);
    rd_kafka_NewTopic_destroy(topic);
}

void other_make(struct other *o, int partitions, const char *const *settings) {
    static unsigned count;
    if (o->topic[0] == '\0') {
        struct timespec t;
        (void)clock_gettime(CLOCK_REALTIME, &t);
        (void)snprintf(o->topic, sizeof(o->topic), "other.%lld.%ld.%u", (long long)t.tv_sec,
                       (long)getpid(), count++);
    }
    make(o, partitions, settings);
}

void other_delete(struct other *o) {
    rd_kafka_queue_t *queue = rd_kafka_queue_new(o->rk);
    rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(o->topic);
    rd_kafka_DeleteTopics(o->rk, &topic, 1, NULL, queue);
    rd_kafka_event_destroy(answer_of(queue));
    rd_kafka_DeleteTopic_destroy(topic);
}

void other_grow(struct other *o, int partitions) {
    char text[256];
    size_t n;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(o->rk);
    rd_kafka_NewPartitions_t *more =
        rd_kafka_NewPartitions_new(o->topic, (size_t)partitions, text, sizeof(text));
    assert_non_null(more);
    rd_kafka_CreatePartitions(o->rk, &more, 1, NULL, queue);
    rd_kafka_event_t *event = answer_of(queue);
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event), &n);
    assert_int_equal(rd_kafka_topic_result_error(results[0]), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_event_destroy(event);
    rd_kafka_NewPartitions_destroy(more);
    for (int count = 0; count < partitions;) { /* one producer, as the driver's, learns it late */
        const struct rd_kafka_metadata *m = NULL;
        rd_kafka_topic_t *rkt = rd_kafka_topic_new(o->rk, o->topic, NULL);
        assert_int_equal(rd_kafka_metadata(o->rk, 0, rkt, &m, ASK_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
        count = m->topics[0].partition_cnt;
        rd_kafka_metadata_destroy(m);
        rd_kafka_topic_destroy(rkt);
    }
}

void other_put(struct other *o, int partition, unsigned n, int64_t time_ms) {
    char id[24], data[48];
    int id_len = snprintf(id, sizeof(id), "%u", n);
    int data_len = snprintf(data, sizeof(data), "{\"n\":%u}", n);
    rd_kafka_resp_err_t rc;
    do {
        rc = rd_kafka_producev(
            o->rk, RD_KAFKA_V_TOPIC(o->topic), RD_KAFKA_V_PARTITION(partition),
            RD_KAFKA_V_VALUE(data, (size_t)data_len), RD_KAFKA_V_KEY(id, (size_t)id_len),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_TIMESTAMP(time_ms),
            RD_KAFKA_V_HEADER("ce_id", id, id_len), RD_KAFKA_V_HEADER("ce_specversion", "1.0", 3),
            RD_KAFKA_V_HEADER("ce_source", "/other", 6), RD_KAFKA_V_HEADER("ce_type", "n", 1),
            RD_KAFKA_V_HEADER("content-type", "application/json", 16),
            RD_KAFKA_V_HEADER("hg_note", "x", 1), RD_KAFKA_V_HEADER("null", NULL, 0),
            RD_KAFKA_V_END);
        (void)rd_kafka_poll(o->rk, rc == RD_KAFKA_RESP_ERR__QUEUE_FULL ? 50 : 0);
    } while (rc == RD_KAFKA_RESP_ERR__QUEUE_FULL);
    assert_int_equal(rc, RD_KAFKA_RESP_ERR_NO_ERROR);
}

void other_flush(struct other *o) {
    assert_int_equal(rd_kafka_flush(o->rk, ASK_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
}

void other_trim(struct other *o, int partition, int64_t before) {
    rd_kafka_queue_t *queue = rd_kafka_queue_new(o->rk);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, o->topic, partition)->offset = before;
    rd_kafka_DeleteRecords_t *request = rd_kafka_DeleteRecords_new(list);
    rd_kafka_DeleteRecords(o->rk, &request, 1, NULL, queue);
    rd_kafka_event_destroy(answer_of(queue));
    rd_kafka_DeleteRecords_destroy(request);
    rd_kafka_topic_partition_list_destroy(list);
}

void other_rig(struct other *o, struct kafka_rig *rig) {
    other_rig_with(o, rig, "");
}

void other_rig_with(struct other *o, struct kafka_rig *rig, const char *rows) {
    struct hg_why why = {""};
    kafka_rig_open(rig, rows);
    time_t begun = time(NULL);
    int err = HG_ENOENT; /* of a topic that was just made a broker may know nothing yet */
    while (err == HG_ENOENT && time(NULL) - begun < ASK_MS / 1000) {
        err = kafka_rig_topic(rig, 0, o->topic, &why);
    }
    if (err != 0) {
        fail_msg("%s", why.text);
    }
}

unsigned other_number(const struct hg_record *r) {
    char text[24] = "";
    assert_non_null(r->event);
    struct hg_slice id = hg_event_core(r->event, HG_ATTR_ID);
    assert_true(id.len < sizeof(text));
    memcpy(text, id.ptr, id.len);
    return (unsigned)strtoul(text, NULL, 10);
}
