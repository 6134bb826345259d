/* SPDX-License-Identifier: Apache-2.0 */
/* other.h - another client of the cluster: makes topics and writes into them
 * what the driver then reads. */
#ifndef TESTS_MODULES_LOG_KAFKA_OTHER_H
#define TESTS_MODULES_LOG_KAFKA_OTHER_H

#include "modules/log_kafka/rig.h"

struct other {
    rd_kafka_t *rk;
    char topic[128];
};

/* transactional_id NULL: none. */
void other_open(struct other *o, const char *transactional_id);
void other_close(struct other *o);
/* One copy, so many partitions; a name that no topic has had. Extra settings
 * as pairs, NULL at the end. */
void other_make(struct other *o, int partitions, const char *const *settings);
/* It has so many from now on; the broker that is asked knows it. */
void other_grow(struct other *o, int partitions);
void other_delete(struct other *o);
/* "{"n":N}" with header ce_id=N and its like; waits for room, not for the ack. */
void other_put(struct other *o, int partition, unsigned n, int64_t time_ms);
void other_flush(struct other *o);
/* Removes what is before the offset. */
void other_trim(struct other *o, int partition, int64_t before);

/* The rig, with the topic opened as id 0; with rows of the main block. */
void other_rig(struct other *o, struct kafka_rig *rig);
void other_rig_with(struct other *o, struct kafka_rig *rig, const char *rows);
/* The number in an event's id. */
unsigned other_number(const struct hg_record *r);

#endif
