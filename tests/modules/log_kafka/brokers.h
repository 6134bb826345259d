/* SPDX-License-Identifier: Apache-2.0 */
/* brokers.h - the driver, opened on brokers of librdkafka's own that make believe: they change
 * leaders, hang and refuse at a word. What a cluster does is shown by the scenarios. */
#ifndef TESTS_MODULES_LOG_KAFKA_BROKERS_H
#define TESTS_MODULES_LOG_KAFKA_BROKERS_H

#include "modules/log_kafka/rig.h"

#include <librdkafka/rdkafka_mock.h> /* wants rdkafka.h before it */

enum { BROKERS = 3 };

struct brokers {
    rd_kafka_t *host;
    rd_kafka_mock_cluster_t *cluster;
    struct kafka_rig rig;
};

/* Each topic has one partition and two copies, and broker 1 leads it; its id is its place. */
void brokers_open(struct brokers *b, const char *rows, const char *const *topics);
void brokers_close(struct brokers *b);
void brokers_lead(struct brokers *b, const char *topic, int32_t broker);
void brokers_down(struct brokers *b, int32_t broker);
void brokers_up(struct brokers *b, int32_t broker);
/* Its connections stay, and nothing comes over them for ms. */
void brokers_hang(struct brokers *b, int32_t broker, int ms);

#endif
