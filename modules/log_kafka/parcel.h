/* SPDX-License-Identifier: Apache-2.0 */
/* parcel.h - an append of which all or nothing is stored, as messages that wait for
 * their transaction. What keys and headers say is copied: the append keeps its events
 * alone while it waits (HG_LOG_LATE). */
#ifndef LOG_KAFKA_PARCEL_H
#define LOG_KAFKA_PARCEL_H

#include "kafka.h"

struct kafka_parcel;

struct kafka_parcel_item {
    struct kafka_parcel *parcel;
    struct kafka_topic *topic;
    uint32_t partition;
    rd_kafka_headers_t *headers;
    struct hg_slice key, value; /* value: of the event, or copied too */
    bool has_value;
    char *copies;
    uint64_t offset; /* of the last try */
    int64_t log_time_ms;
};

struct kafka_parcel {
    struct hg_append *append;
    struct kafka_parcel *next;
    int64_t came_ms; /* monotonic */
    unsigned n_tries;
    size_t n_out; /* messages of the last try without a report */
    int err;      /* of the last try: why it cannot be */
    size_t n_items;
    struct kafka_parcel_item items[];
};

/* Log thread; a was checked. HG_EAGAIN: no memory. */
int kafka_parcel_new(struct kafka *k, struct hg_append *a, struct kafka_parcel **ret);

/* From here on, the thread that has the producer: */
/* Hands all messages over. An error: some may be with the client. */
int kafka_parcel_send(struct kafka_parcel *p, rd_kafka_t *rk);
/* One of them was reported. */
void kafka_parcel_report(const rd_kafka_message_t *m);
/* Completes the append, with err for each of its items, and frees the parcel, of
 * which no producer has a message any more. */
void kafka_parcel_answer(struct kafka_parcel **pp, int err);

#endif
