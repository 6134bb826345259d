/* SPDX-License-Identifier: Apache-2.0 */
#include "modules/log_kafka/brokers.h"

#include <unistd.h>

/* These brokers tell no settings: what is asked of them has no answer. */
enum { HANGS_S = 60, ASK_MS = 100 };

void brokers_open(struct brokers *b, const char *rows, const char *const *topics) {
    char text[256];
    struct hg_why why = {""};
    (void)alarm(HANGS_S);
    b->host = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof(text));
    assert_non_null(b->host);
    b->cluster = rd_kafka_mock_cluster_new(b->host, BROKERS);
    assert_non_null(b->cluster);
    assert_int_equal(
        kafka_rig_try(&b->rig, rd_kafka_mock_cluster_bootstraps(b->cluster), rows, &why), 0);
    ((struct kafka *)b->rig.state)->ask_ms = ASK_MS;
    for (uint32_t id = 0; topics[id] != NULL; id++) {
        assert_int_equal(rd_kafka_mock_topic_create(b->cluster, topics[id], 1, 2), 0);
        brokers_lead(b, topics[id], 1);
        assert_int_equal(kafka_rig_topic(&b->rig, id, topics[id], &why), 0);
    }
}

void brokers_close(struct brokers *b) {
    kafka_rig_close(&b->rig);
    rd_kafka_mock_cluster_destroy(b->cluster);
    rd_kafka_destroy(b->host);
    (void)alarm(0);
}

void brokers_lead(struct brokers *b, const char *topic, int32_t broker) {
    assert_int_equal(rd_kafka_mock_partition_set_leader(b->cluster, topic, 0, broker), 0);
}

void brokers_down(struct brokers *b, int32_t broker) {
    assert_int_equal(rd_kafka_mock_broker_set_down(b->cluster, broker), 0);
}

void brokers_up(struct brokers *b, int32_t broker) {
    assert_int_equal(rd_kafka_mock_broker_set_up(b->cluster, broker), 0);
}

void brokers_hang(struct brokers *b, int32_t broker, int ms) {
    assert_int_equal(rd_kafka_mock_broker_set_rtt(b->cluster, broker, ms), 0);
}
