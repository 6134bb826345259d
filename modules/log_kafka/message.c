/* SPDX-License-Identifier: Apache-2.0 */
/* message.c - what producers have in common: a draft as the client takes it, and how
 * much of it goes at once. */
#include "kafka.h"

enum { BATCH_SPARE = 512 };

size_t kafka_batch_bound(const struct kafka *k, rd_kafka_conf_t *conf) {
    size_t limit = atomic_load(&k->batch_max);
    size_t most = limit > 2 * BATCH_SPARE ? limit - BATCH_SPARE : limit;
    size_t wished = (size_t)kafka_conf_number(conf, "batch.size");
    if (wished > most) {
        kafka_conf_set_number(conf, "batch.size", (int64_t)most);
        return limit;
    }
    /* No topic with a limit above this minds it. */
    return limit - wished > BATCH_SPARE ? wished + BATCH_SPARE : limit;
}

rd_kafka_headers_t *kafka_headers_of(const struct kafka_draft *d) {
    rd_kafka_headers_t *h = rd_kafka_headers_new(d->n_headers);
    for (size_t i = 0; i < d->n_headers; i++) {
        const struct hg_record_header *from = &d->headers[i];
        (void)rd_kafka_header_add(h, from->name.ptr, (ssize_t)from->name.len, from->value.ptr,
                                  (ssize_t)from->value.len);
    }
    return h;
}
