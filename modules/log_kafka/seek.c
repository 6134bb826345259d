/* SPDX-License-Identifier: Apache-2.0 */
/* seek.c - the first record at or after a time, as the leader's index says.
 * Records that bear their producers' time may be in any order: then it is the
 * first that is not older, and older ones may follow. */
#include "read.h"

enum { ASK_MS = 5000 };

static int offset_at(struct kafka *k, const struct kafka_topic *t, uint32_t partition,
                     int64_t time_ms, int64_t *ret) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *p =
        rd_kafka_topic_partition_list_add(list, t->name, (int32_t)partition);
    p->offset = time_ms;
    rd_kafka_resp_err_t rc = rd_kafka_offsets_for_times(k->client, list, ASK_MS);
    rc = rc == RD_KAFKA_RESP_ERR_NO_ERROR ? p->err : rc;
    if (rc == RD_KAFKA_RESP_ERR_NO_ERROR) {
        *ret = p->offset;
    }
    rd_kafka_topic_partition_list_destroy(list);
    return rc == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : HG_EAGAIN;
}

int kafka_seek(void *state, uint32_t topic, uint32_t partition, int64_t time_ms,
               uint64_t *ret_offset) {
    struct kafka *k = HG_CAST(struct kafka, KAFKA_MAGIC, state);
    const struct kafka_topic *t = kafka_topic(k, topic);
    int64_t offset = -1, low, high;
    if (t == NULL || partition >= t->partitions) {
        return HG_ENOENT;
    }
    /* Negative times mean other things to a broker. */
    int err = time_ms >= 0 ? offset_at(k, t, partition, time_ms, &offset) : 0;
    if (err != 0) {
        return err;
    }
    if (offset < 0) {
        rd_kafka_resp_err_t rc = rd_kafka_query_watermark_offsets(
            k->client, t->name, (int32_t)partition, &low, &high, ASK_MS);
        if (rc != RD_KAFKA_RESP_ERR_NO_ERROR) {
            return HG_EAGAIN;
        }
        offset = time_ms >= 0 ? high : low;
    }
    *ret_offset = (uint64_t)offset;
    return 0;
}
