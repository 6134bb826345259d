/* SPDX-License-Identifier: Apache-2.0 */
/* trim.c - the beginning of a partition is removed. */
#include "read.h"

static int trim_err(rd_kafka_resp_err_t rc) {
    switch (rc) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return 0;
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION: /* of a compacted topic nothing is */
        return HG_EINVAL;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return HG_EDENIED;
    default:
        return HG_EAGAIN;
    }
}

int kafka_trim(void *state, uint32_t topic, uint32_t partition, uint64_t before) {
    struct kafka *k = HG_CAST(struct kafka, KAFKA_MAGIC, state);
    const struct kafka_topic *t = kafka_topic(k, topic);
    struct hg_log_range range;
    int err = kafka_describe(state, topic, partition, &range);
    if (err != 0) {
        return err;
    }
    before = before < range.next ? before : range.next;
    if (before <= range.first) {
        return 0;
    }
    rd_kafka_resp_err_t rc = kafka_admin_trim(k, t->name, partition, (int64_t)before);
    if (rc != RD_KAFKA_RESP_ERR_NO_ERROR) {
        HG_LOG(HG_WARN, "kafka_trim_failed", "topic=%s partition=%u before=%llu error=%s", t->name,
               (unsigned)partition, (unsigned long long)before, rd_kafka_err2name(rc));
        return trim_err(rc);
    }
    kafka_reads_forget(k->reads);
    return 0;
}
