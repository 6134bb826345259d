/* SPDX-License-Identifier: Apache-2.0 */
/* ask.c - what any broker can tell of topics.
 *
 * librdkafka asks the one that it sent to last, as long as its connection is up: one
 * that hangs would be asked again and again. Who is not answered soon asks by a
 * handle of its own, which goes to one that answers. */
#include "kafka.h"

enum { SOON_MS = 1500, WAIT_MS = 5000 };

static rd_kafka_resp_err_t ask(rd_kafka_t *rk, const char *topic, int wait_ms,
                               const struct rd_kafka_metadata **ret) {
    rd_kafka_topic_t *rkt = topic != NULL ? rd_kafka_topic_new(rk, topic, NULL) : NULL;
    if (topic != NULL && rkt == NULL) {
        return rd_kafka_last_error();
    }
    rd_kafka_resp_err_t rc = rd_kafka_metadata(rk, topic == NULL, rkt, ret, wait_ms);
    if (rkt != NULL) {
        rd_kafka_topic_destroy(rkt);
    }
    return rc;
}

rd_kafka_resp_err_t kafka_ask(struct kafka *k, const char *topic,
                              const struct rd_kafka_metadata **ret) {
    static const char *const none[] = {NULL};
    struct hg_why why = {""};
    rd_kafka_resp_err_t rc = ask(k->client, topic, SOON_MS, ret);
    if (rc != RD_KAFKA_RESP_ERR__TIMED_OUT && rc != RD_KAFKA_RESP_ERR__TRANSPORT) {
        return rc;
    }
    rd_kafka_conf_t *conf = kafka_handle_conf(k, none, &why);
    rd_kafka_t *other = conf != NULL ? kafka_handle_make(RD_KAFKA_PRODUCER, conf, &why) : NULL;
    if (other == NULL) {
        return rc;
    }
    rc = ask(other, topic, WAIT_MS - SOON_MS, ret);
    rd_kafka_destroy(other);
    return rc;
}
