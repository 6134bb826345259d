/* SPDX-License-Identifier: Apache-2.0 */
/* end.c - where a partition ends, with what an open transaction hides. All other
 * handles see what is committed; whether a log was cut back only its own end says.
 * It is asked seldom, so the handle is made when it is first needed. */
#include "kafka.h"

enum { ASK_MS = 2000 };

static rd_kafka_t *handle(struct kafka *k) {
    static const char *const properties[] = {"enable.auto.commit", "false", "isolation.level",
                                             "read_uncommitted", NULL};
    struct hg_why why = {""};
    if (k->all_seeing == NULL) {
        rd_kafka_conf_t *conf = kafka_handle_conf(k, properties, &why);
        k->all_seeing = conf != NULL ? kafka_handle_new(k, RD_KAFKA_CONSUMER, conf, &why) : NULL;
    }
    if (k->all_seeing == NULL) {
        HG_LOG(HG_ERROR, "kafka_reader_failed", "reason=\"%s\"", why.text);
    }
    return k->all_seeing;
}

int kafka_end(void *state, uint32_t topic, uint32_t partition, uint64_t *ret_next) {
    struct kafka *k = HG_CAST(struct kafka, KAFKA_MAGIC, state);
    const struct kafka_topic *t = kafka_topic(k, topic);
    if (t == NULL || partition >= t->partitions) {
        return HG_ENOENT;
    }
    rd_kafka_t *rk = handle(k);
    if (rk == NULL) {
        return HG_EAGAIN;
    }
    struct kafka_ask q = {t->name, partition, RD_KAFKA_OFFSET_END};
    int64_t end = -1;
    rd_kafka_resp_err_t rc = kafka_leader_ask(rk, &q, ASK_MS, &end);
    if (rc != RD_KAFKA_RESP_ERR_NO_ERROR || end < 0) {
        return HG_EAGAIN;
    }
    *ret_next = (uint64_t)end;
    return 0;
}
