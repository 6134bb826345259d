/* SPDX-License-Identifier: Apache-2.0 */
/* admin.c - the cluster is asked to make a topic, to remove its beginning, and
 * how one is kept. Blocks; on the errand thread. */
#include "admin.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    LETTER_BYTES_MAX =
        8 << 20, /* a letter is a whole request, and not compressed where it is checked */
};

bool kafka_question_begin(struct kafka *k, rd_kafka_admin_op_t op, struct kafka_question *q) {
    char text[KAFKA_TEXT];
    q->wait_ms = k->ask_ms;
    q->options = rd_kafka_AdminOptions_new(k->client, op);
    q->queue = rd_kafka_queue_new(k->client);
    return q->options != NULL && q->queue != NULL &&
           rd_kafka_AdminOptions_set_request_timeout(q->options, q->wait_ms, text, sizeof text) ==
               RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_event_t *kafka_question_answer(struct kafka_question *q) {
    return rd_kafka_queue_poll(q->queue, q->wait_ms + 1000);
}

void kafka_question_end(struct kafka_question *q, rd_kafka_event_t *event) {
    if (event != NULL) {
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(q->queue);
    rd_kafka_AdminOptions_destroy(q->options);
}

/* ----- making one ----- */

static void set_number(rd_kafka_NewTopic_t *t, const char *name, int64_t value) {
    char text[24];
    (void)snprintf(text, sizeof text, "%lld", (long long)value);
    (void)rd_kafka_NewTopic_set_config(t, name, text);
}

static bool has_letters(struct hg_slice name) {
    struct hg_slice tail = HG_SLICE(".dlq");
    return name.len > tail.len && memcmp(name.ptr + name.len - tail.len, tail.ptr, tail.len) == 0;
}

/* Letters are few, and who looks at them wants them in one order. */
static int partitions_of(const struct hg_log_topic *topic, const struct kafka_said *said) {
    if (has_letters(topic->name) && !said->is_own) {
        return 1;
    }
    return topic->partitions > 1 ? (int)topic->partitions : said->value > 0 ? (int)said->value : -1;
}

static rd_kafka_NewTopic_t *new_topic(const struct hg_log_topic *topic,
                                      const struct kafka_wish *wish, const char *name,
                                      struct hg_why *why) {
    char text[KAFKA_TEXT];
    int partitions = partitions_of(topic, &wish->said[KAFKA_PARTITIONS]);
    int64_t copies = wish->said[KAFKA_REPLICATION].value;
    int replication = copies > 0 ? (int)copies : -1;
    rd_kafka_NewTopic_t *t =
        rd_kafka_NewTopic_new(name, partitions, replication, text, sizeof text);
    if (t == NULL) {
        hg_why_set(why, "topic %s: %s", name, text);
        return NULL;
    }
    /* The log's clock, not the producers': `since` and the dedup window go by it. */
    (void)rd_kafka_NewTopic_set_config(t, "message.timestamp.type", "LogAppendTime");
    (void)rd_kafka_NewTopic_set_config(t, "unclean.leader.election.enable", "false");
    if (topic->is_compacted) {
        (void)rd_kafka_NewTopic_set_config(t, "cleanup.policy", "compact");
    }
    if (has_letters(topic->name)) {
        set_number(t, "max.message.bytes", LETTER_BYTES_MAX);
    }
    for (int i = 0; i < KAFKA_SETTINGS; i++) {
        const char *config = kafka_setting_config((enum kafka_setting)i);
        if (config != NULL && wish->said[i].value != 0) {
            set_number(t, config, wish->said[i].value);
        }
    }
    return t;
}

int kafka_admin_err(rd_kafka_resp_err_t rc) {
    switch (rc) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS: /* another node was quicker */
        return 0;
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
        return HG_EINVAL;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return HG_EDENIED;
    default:
        return HG_EAGAIN;
    }
}

static int made_result(rd_kafka_event_t *event, const char *name, struct hg_why *why) {
    rd_kafka_resp_err_t rc =
        event != NULL ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    const char *text = event != NULL ? rd_kafka_event_error_string(event) : "no answer";
    size_t n = 0;
    const rd_kafka_CreateTopics_result_t *result =
        rc == RD_KAFKA_RESP_ERR_NO_ERROR ? rd_kafka_event_CreateTopics_result(event) : NULL;
    if (result != NULL) {
        const rd_kafka_topic_result_t **topics = rd_kafka_CreateTopics_result_topics(result, &n);
        rc = n == 1 ? rd_kafka_topic_result_error(topics[0]) : RD_KAFKA_RESP_ERR_UNKNOWN;
        text = n == 1 ? rd_kafka_topic_result_error_string(topics[0]) : NULL;
    }
    int err = kafka_admin_err(rc);
    if (err != 0) {
        hg_why_set(why, "topic %s cannot be made: %s", name,
                   text != NULL ? text : rd_kafka_err2str(rc));
    }
    return err;
}

static bool must_only_check(struct kafka_question *q) {
    char text[KAFKA_TEXT];
    return rd_kafka_AdminOptions_set_validate_only(q->options, 1, text, sizeof text) ==
           RD_KAFKA_RESP_ERR_NO_ERROR;
}

int kafka_admin_make(struct kafka *k, const struct hg_log_topic *topic,
                     const struct kafka_wish *wish, const char *name, struct hg_why *why) {
    struct kafka_question q;
    rd_kafka_event_t *event = NULL;
    rd_kafka_NewTopic_t *t = new_topic(topic, wish, name, why);
    if (t == NULL) {
        return HG_EINVAL;
    }
    if (kafka_question_begin(k, RD_KAFKA_ADMIN_OP_CREATETOPICS, &q) &&
        (!k->only_asks || must_only_check(&q))) {
        rd_kafka_CreateTopics(k->client, &t, 1, q.options, q.queue);
        event = kafka_question_answer(&q);
    }
    int err = made_result(event, name, why);
    kafka_question_end(&q, event);
    rd_kafka_NewTopic_destroy(t);
    return err;
}

/* ----- how one is kept ----- */

static void take(struct kafka_kept *kept, const char *name, const char *value) {
    for (int i = 0; i < KAFKA_SETTINGS; i++) {
        const char *config = kafka_setting_config((enum kafka_setting)i);
        if (config != NULL && strcmp(name, config) == 0) {
            kept->has[i] = strtoll(value, NULL, 10);
        }
    }
    if (strcmp(name, "max.message.bytes") == 0) {
        kept->max_message_bytes = (size_t)strtoull(value, NULL, 10);
    } else if (strcmp(name, "unclean.leader.election.enable") == 0) {
        kept->is_unclean = strcmp(value, "true") == 0;
    } else if (strcmp(name, "cleanup.policy") == 0) {
        kept->is_compacted = strstr(value, "compact") != NULL;
    } else if (strcmp(name, "message.timestamp.type") == 0) {
        kept->has_producer_time = strcmp(value, "LogAppendTime") != 0;
    }
}

static void take_all(struct kafka_kept *kept, const rd_kafka_ConfigResource_t *r) {
    size_t n = 0;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(r, &n);
    for (size_t i = 0; i < n; i++) {
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);
        if (value != NULL) {
            take(kept, rd_kafka_ConfigEntry_name(entries[i]), value);
        }
    }
}

static rd_kafka_resp_err_t kept_result(rd_kafka_event_t *event, struct kafka_kept *ret) {
    size_t n = 0;
    if (event == NULL) {
        return RD_KAFKA_RESP_ERR__TIMED_OUT;
    }
    const rd_kafka_DescribeConfigs_result_t *result = rd_kafka_event_DescribeConfigs_result(event);
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR || result == NULL) {
        return rd_kafka_event_error(event);
    }
    const rd_kafka_ConfigResource_t **r = rd_kafka_DescribeConfigs_result_resources(result, &n);
    rd_kafka_resp_err_t rc =
        n == 1 ? rd_kafka_ConfigResource_error(r[0]) : RD_KAFKA_RESP_ERR_UNKNOWN;
    if (rc == RD_KAFKA_RESP_ERR_NO_ERROR) {
        take_all(ret, r[0]);
    }
    return rc;
}

rd_kafka_resp_err_t kafka_admin_kept(struct kafka *k, const char *name, struct kafka_kept *ret) {
    struct kafka_question q;
    rd_kafka_event_t *event = NULL;
    rd_kafka_ConfigResource_t *r = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name);
    if (kafka_question_begin(k, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, &q)) {
        rd_kafka_DescribeConfigs(k->client, &r, 1, q.options, q.queue);
        event = kafka_question_answer(&q);
    }
    rd_kafka_resp_err_t rc = kept_result(event, ret);
    kafka_question_end(&q, event);
    rd_kafka_ConfigResource_destroy(r);
    return rc;
}

/* ----- removing its beginning ----- */

static rd_kafka_resp_err_t trim_result(rd_kafka_event_t *event) {
    if (event == NULL) {
        return RD_KAFKA_RESP_ERR__TIMED_OUT;
    }
    const rd_kafka_DeleteRecords_result_t *result = rd_kafka_event_DeleteRecords_result(event);
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR || result == NULL) {
        return rd_kafka_event_error(event);
    }
    const rd_kafka_topic_partition_list_t *list = rd_kafka_DeleteRecords_result_offsets(result);
    return list->cnt == 1 ? list->elems[0].err : RD_KAFKA_RESP_ERR_UNKNOWN;
}

rd_kafka_resp_err_t kafka_admin_trim(struct kafka *k, const char *name, uint32_t partition,
                                     int64_t before) {
    struct kafka_question q;
    rd_kafka_event_t *event = NULL;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, name, (int32_t)partition)->offset = before;
    rd_kafka_DeleteRecords_t *wish = rd_kafka_DeleteRecords_new(list);
    if (kafka_question_begin(k, RD_KAFKA_ADMIN_OP_DELETERECORDS, &q)) {
        rd_kafka_DeleteRecords(k->client, &wish, 1, q.options, q.queue);
        event = kafka_question_answer(&q);
    }
    rd_kafka_resp_err_t rc = trim_result(event);
    kafka_question_end(&q, event);
    rd_kafka_DeleteRecords_destroy(wish);
    rd_kafka_topic_partition_list_destroy(list);
    return rc;
}
