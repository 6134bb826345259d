/* SPDX-License-Identifier: Apache-2.0 */
/* alter.c - a topic that is there is changed. Blocks; on the errand thread.
 *
 * The request that librdkafka 2.0.2 has sets a topic's settings as a whole: what it
 * does not name is the cluster's default from then on. So those that the topic has
 * are read first and sent along; a change that somebody else makes in between,
 * some milliseconds, is undone by it. */
#include "admin.h"

#include <stdio.h>

/* A topic's settings as they are to be. */
struct change {
    rd_kafka_ConfigResource_t *to;
    const int64_t *values; /* by setting; 0: as it is */
};

static void set_values(struct change *c) {
    for (int i = 0; i < KAFKA_SETTINGS; i++) {
        const char *config = kafka_setting_config((enum kafka_setting)i);
        char text[24];
        if (config != NULL && c->values[i] != 0) {
            (void)snprintf(text, sizeof text, "%lld", (long long)c->values[i]);
            (void)rd_kafka_ConfigResource_set_config(c->to, config, text);
        }
    }
}

/* What was set for this topic, is nobody's default and is not to be another. */
static bool is_to_stay(const struct change *c, const rd_kafka_ConfigEntry_t *entry) {
    for (int i = 0; i < KAFKA_SETTINGS; i++) {
        const char *config = kafka_setting_config((enum kafka_setting)i);
        if (config != NULL && c->values[i] != 0 &&
            strcmp(config, rd_kafka_ConfigEntry_name(entry)) == 0) {
            return false;
        }
    }
    return rd_kafka_ConfigEntry_value(entry) != NULL &&
           rd_kafka_ConfigEntry_source(entry) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG;
}

static rd_kafka_resp_err_t copy_settings(struct change *c, rd_kafka_event_t *event) {
    size_t n = 0, n_entries = 0;
    if (event == NULL) {
        return RD_KAFKA_RESP_ERR__TIMED_OUT;
    }
    const rd_kafka_DescribeConfigs_result_t *result = rd_kafka_event_DescribeConfigs_result(event);
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR || result == NULL) {
        return rd_kafka_event_error(event);
    }
    const rd_kafka_ConfigResource_t **r = rd_kafka_DescribeConfigs_result_resources(result, &n);
    if (n != 1 || rd_kafka_ConfigResource_error(r[0]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return n == 1 ? rd_kafka_ConfigResource_error(r[0]) : RD_KAFKA_RESP_ERR_UNKNOWN;
    }
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(r[0], &n_entries);
    for (size_t i = 0; i < n_entries; i++) {
        if (is_to_stay(c, entries[i])) {
            (void)rd_kafka_ConfigResource_set_config(c->to, rd_kafka_ConfigEntry_name(entries[i]),
                                                     rd_kafka_ConfigEntry_value(entries[i]));
        }
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t read_settings(struct kafka *k, const char *name, struct change *c) {
    struct kafka_question q;
    rd_kafka_event_t *event = NULL;
    rd_kafka_ConfigResource_t *r = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name);
    if (kafka_question_begin(k, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, &q)) {
        rd_kafka_DescribeConfigs(k->client, &r, 1, q.options, q.queue);
        event = kafka_question_answer(&q);
    }
    rd_kafka_resp_err_t rc = copy_settings(c, event);
    kafka_question_end(&q, event);
    rd_kafka_ConfigResource_destroy(r);
    return rc;
}

static int say(rd_kafka_resp_err_t rc, const char *name, const char *text, struct hg_why *why) {
    if (rc == RD_KAFKA_RESP_ERR_NO_ERROR) {
        return 0;
    }
    hg_why_set(why, "topic %s cannot be changed: %s", name,
               text != NULL ? text : rd_kafka_err2str(rc));
    return kafka_admin_err(rc);
}

static int altered(rd_kafka_event_t *event, const char *name, struct hg_why *why) {
    size_t n = 0;
    if (event == NULL) {
        return say(RD_KAFKA_RESP_ERR__TIMED_OUT, name, NULL, why);
    }
    const rd_kafka_AlterConfigs_result_t *result = rd_kafka_event_AlterConfigs_result(event);
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR || result == NULL) {
        return say(rd_kafka_event_error(event), name, rd_kafka_event_error_string(event), why);
    }
    const rd_kafka_ConfigResource_t **r = rd_kafka_AlterConfigs_result_resources(result, &n);
    return n == 1 ? say(rd_kafka_ConfigResource_error(r[0]), name,
                        rd_kafka_ConfigResource_error_string(r[0]), why)
                  : say(RD_KAFKA_RESP_ERR_UNKNOWN, name, NULL, why);
}

int kafka_admin_alter(struct kafka *k, const char *name, const int64_t values[KAFKA_SETTINGS],
                      struct hg_why *why) {
    struct kafka_question q;
    rd_kafka_event_t *event = NULL;
    rd_kafka_ConfigResource_t *r = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name);
    struct change c = {.to = r, .values = values};
    int err = say(read_settings(k, name, &c), name, NULL, why);
    if (err == 0) {
        set_values(&c);
        if (kafka_question_begin(k, RD_KAFKA_ADMIN_OP_ALTERCONFIGS, &q)) {
            rd_kafka_AlterConfigs(k->client, &r, 1, q.options, q.queue);
            event = kafka_question_answer(&q);
        }
        err = altered(event, name, why);
        kafka_question_end(&q, event);
    }
    rd_kafka_ConfigResource_destroy(r);
    return err;
}

static int grown(rd_kafka_event_t *event, const char *name, struct hg_why *why) {
    size_t n = 0;
    if (event == NULL) {
        return say(RD_KAFKA_RESP_ERR__TIMED_OUT, name, NULL, why);
    }
    const rd_kafka_CreatePartitions_result_t *result =
        rd_kafka_event_CreatePartitions_result(event);
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR || result == NULL) {
        return say(rd_kafka_event_error(event), name, rd_kafka_event_error_string(event), why);
    }
    const rd_kafka_topic_result_t **topics = rd_kafka_CreatePartitions_result_topics(result, &n);
    return n == 1 ? say(rd_kafka_topic_result_error(topics[0]), name,
                        rd_kafka_topic_result_error_string(topics[0]), why)
                  : say(RD_KAFKA_RESP_ERR_UNKNOWN, name, NULL, why);
}

int kafka_admin_grow(struct kafka *k, const char *name, int64_t partitions, struct hg_why *why) {
    struct kafka_question q;
    char text[KAFKA_TEXT];
    rd_kafka_event_t *event = NULL;
    rd_kafka_NewPartitions_t *more =
        rd_kafka_NewPartitions_new(name, (size_t)partitions, text, sizeof text);
    if (more == NULL) {
        hg_why_set(why, "topic %s: %s", name, text);
        return HG_EINVAL;
    }
    if (kafka_question_begin(k, RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, &q)) {
        rd_kafka_CreatePartitions(k->client, &more, 1, q.options, q.queue);
        event = kafka_question_answer(&q);
    }
    int err = grown(event, name, why);
    kafka_question_end(&q, event);
    rd_kafka_NewPartitions_destroy(more);
    return err;
}
