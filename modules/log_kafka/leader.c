/* SPDX-License-Identifier: Apache-2.0 */
/* leader.c - what only the leader of a partition can say. */
#include "read.h"

enum { ASK_MS = 5000 };

rd_kafka_resp_err_t kafka_leader_range(struct kafka *k, const char *topic, uint32_t partition,
                                       int64_t *ret_low, int64_t *ret_high) {
    return rd_kafka_query_watermark_offsets(k->client, topic, (int32_t)partition, ret_low, ret_high,
                                            ASK_MS);
}

rd_kafka_resp_err_t kafka_leader_time(struct kafka *k, const char *topic, uint32_t partition,
                                      int64_t time_ms, int64_t *ret) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *p =
        rd_kafka_topic_partition_list_add(list, topic, (int32_t)partition);
    p->offset = time_ms;
    rd_kafka_resp_err_t rc = rd_kafka_offsets_for_times(k->client, list, ASK_MS);
    rc = rc == RD_KAFKA_RESP_ERR_NO_ERROR ? p->err : rc;
    if (rc == RD_KAFKA_RESP_ERR_NO_ERROR) {
        *ret = p->offset;
    }
    rd_kafka_topic_partition_list_destroy(list);
    return rc;
}
