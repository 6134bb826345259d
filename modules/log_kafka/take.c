/* SPDX-License-Identifier: Apache-2.0 */
/* take.c - what librdkafka hands out becomes a record. */
#include "read.h"

enum { OVERHEAD_BYTES = 256 }; /* of an event and a record, beside their bytes */

#define READ(which)                                                                                \
    {                                                                                              \
        .name = "headgate_kafka_read_total", .labels = "kind=\"" which "\"",                       \
        .help = "Records read from Kafka, by what they were.",                                     \
    }

struct hg_counter kafka_take_counters[] = {
    [KAFKA_EVENT] = READ("event"),
    [KAFKA_TOMBSTONE] = READ("tombstone"),
    [KAFKA_PLAIN] = READ("plain"),
    [KAFKA_BROKEN] = READ("broken"),
};

/* Headers beyond what a record can have are as if they were not there. */
static size_t take_headers(const rd_kafka_message_t *m, struct hg_record_header *out, size_t max) {
    rd_kafka_headers_t *all;
    size_t n = 0;
    if (rd_kafka_message_headers(m, &all) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return 0;
    }
    const char *name;
    const void *value;
    size_t len;
    while (n < max &&
           rd_kafka_header_get_all(all, n, &name, &value, &len) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        out[n++] = (struct hg_record_header){hg_slice_of(name), {value, value != NULL ? len : 0}};
    }
    return n;
}

int kafka_take(struct kafka_reader *reader, const char *topic, const rd_kafka_message_t *m,
               struct hg_record *ret) {
    struct hg_record_header headers[KAFKA_HEADERS_MAX];
    rd_kafka_timestamp_type_t kind;
    enum kafka_reading reading;
    int64_t timestamp_ms = rd_kafka_message_timestamp(m, &kind);
    const struct kafka_message message = {
        .topic = hg_slice_of(topic),
        .partition = (uint32_t)m->partition,
        .offset = (uint64_t)m->offset,
        .timestamp_ms = kind != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? timestamp_ms : 0,
        .has_key = m->key != NULL,
        .key = {m->key, m->key_len},
        .has_value = m->payload != NULL,
        .value = {m->payload, m->len},
        .headers = headers,
        .n_headers = take_headers(m, headers, HG_COUNT(headers)),
    };
    int err = kafka_record_read(reader, &message, ret, &reading);
    if (err == 0) {
        hg_counter_add(&kafka_take_counters[reading], 1);
    }
    return err;
}

size_t kafka_take_bytes(const rd_kafka_message_t *m) {
    return OVERHEAD_BYTES + m->len + m->key_len;
}
