/* SPDX-License-Identifier: Apache-2.0 */
/* seek.c - the first record at or after a time, as the leader's index says.
 * Records that bear their producers' time may be in any order: then it is the
 * first that is not older, and older ones may follow. */
#include "read.h"

int kafka_seek(void *state, uint32_t topic, uint32_t partition, int64_t time_ms,
               uint64_t *ret_offset) {
    struct kafka *k = HG_CAST(struct kafka, KAFKA_MAGIC, state);
    const struct kafka_topic *t = kafka_topic(k, topic);
    int64_t offset = -1, low = 0, high = 0;
    if (t == NULL || partition >= t->partitions) {
        return HG_ENOENT;
    }
    /* Negative times mean other things to a broker. */
    rd_kafka_resp_err_t rc = time_ms >= 0 ? kafka_leader_time(k, topic, partition, time_ms, &offset)
                                          : RD_KAFKA_RESP_ERR_NO_ERROR;
    if (rc == RD_KAFKA_RESP_ERR_NO_ERROR && offset < 0) {
        rc = kafka_leader_range(k, topic, partition, &low, &high);
        offset = time_ms >= 0 ? high : low;
    }
    if (rc != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return HG_EAGAIN;
    }
    *ret_offset = (uint64_t)offset;
    return 0;
}
