/* SPDX-License-Identifier: Apache-2.0 */
/* test_leader.c - a leader that is gone is found out, and who leads then is asked.
 * Brokers of librdkafka's own make believe: they change leaders at a word. What a
 * cluster does is shown by the scenarios. */
#include <unistd.h>

#include "modules/log_kafka/rig.h"
#include "tail.h"

#include <librdkafka/rdkafka_mock.h> /* wants rdkafka.h before it */

/* These brokers tell no settings: what is asked of them has no answer. */
enum { BROKERS = 3, HANGS_S = 60, ASK_MS = 100, TRY_MS = 1000 };

struct brokers {
    rd_kafka_t *host;
    rd_kafka_mock_cluster_t *cluster;
    struct kafka_rig rig;
};

/* Each topic has one partition and two copies; the id is its place. */
static void open_brokers(struct brokers *b, const char *const *topics) {
    char text[256];
    struct hg_why why = {""};
    (void)alarm(HANGS_S);
    b->host = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof(text));
    assert_non_null(b->host);
    b->cluster = rd_kafka_mock_cluster_new(b->host, BROKERS);
    assert_non_null(b->cluster);
    assert_int_equal(kafka_rig_try(&b->rig, rd_kafka_mock_cluster_bootstraps(b->cluster), "", &why),
                     0);
    ((struct kafka *)b->rig.state)->ask_ms = ASK_MS;
    for (uint32_t id = 0; topics[id] != NULL; id++) {
        assert_int_equal(rd_kafka_mock_topic_create(b->cluster, topics[id], 1, 2), 0);
        assert_int_equal(rd_kafka_mock_partition_set_leader(b->cluster, topics[id], 0, 1), 0);
        assert_int_equal(kafka_rig_topic(&b->rig, id, topics[id], &why), 0);
    }
}

static void close_brokers(struct brokers *b) {
    kafka_rig_close(&b->rig);
    rd_kafka_mock_cluster_destroy(b->cluster);
    rd_kafka_destroy(b->host);
    (void)alarm(0);
}

static int describe(struct brokers *b, uint32_t id) {
    struct hg_log_range range;
    return b->rig.ops->describe(b->rig.state, id, 0, &range);
}

static void lead(struct brokers *b, const char *topic, int32_t broker) {
    assert_int_equal(rd_kafka_mock_partition_set_leader(b->cluster, topic, 0, broker), 0);
}

static void another_leader_is_found_when_the_first_is_gone(void **state) {
    static const char *const topics[] = {"a", "b", NULL};
    (void)state;
    struct brokers b = {0};
    uint64_t offset;
    open_brokers(&b, topics);
    assert_int_equal(describe(&b, 0), 0);
    assert_int_equal(describe(&b, 1), 0);
    assert_int_equal(rd_kafka_mock_broker_set_down(b.cluster, 1), 0);
    lead(&b, "a", 2);
    lead(&b, "b", 3);
    assert_int_equal(describe(&b, 0), 0);
    assert_int_equal(describe(&b, 1), 0);
    assert_int_equal(b.rig.ops->seek(b.rig.state, 1, 0, 0, &offset), 0);
    close_brokers(&b);
}

static void another_leader_is_found_when_the_first_is_not_one_any_more(void **state) {
    static const char *const topics[] = {"a", NULL};
    (void)state;
    struct brokers b = {0};
    open_brokers(&b, topics);
    assert_int_equal(describe(&b, 0), 0);
    lead(&b, "a", 3);
    assert_int_equal(describe(&b, 0), 0);
    close_brokers(&b);
}

/* One thread asks for all topics. */
static void one_without_a_leader_keeps_nobody_waiting_long(void **state) {
    static const char *const topics[] = {"away", "there", NULL};
    (void)state;
    struct brokers b = {0};
    open_brokers(&b, topics);
    assert_int_equal(describe(&b, 0), 0);
    lead(&b, "there", 2);
    assert_int_equal(describe(&b, 1), 0);
    assert_int_equal(rd_kafka_mock_broker_set_down(b.cluster, 1), 0);
    int64_t begun_ms = kafka_mono_ms();
    assert_int_equal(describe(&b, 0), HG_EAGAIN);
    int64_t first_ms = kafka_mono_ms() - begun_ms;
    for (int i = 0; i < 3; i++) { /* then less than once as long, all together */
        assert_int_equal(describe(&b, 0), HG_EAGAIN);
        assert_int_equal(describe(&b, 1), 0);
    }
    assert_true(kafka_mono_ms() - begun_ms - first_ms < first_ms);
    assert_int_equal(rd_kafka_mock_broker_set_up(b.cluster, 1), 0);
    int err = HG_EAGAIN;
    while (err == HG_EAGAIN) {
        err = describe(&b, 0);
    }
    assert_int_equal(err, 0);
    close_brokers(&b);
}

/* The look at who leads takes as long as this has the lock. */
static void one_that_is_lost_and_has_no_leader_keeps_no_other_from_being_followed(void **state) {
    static const char *const topics[] = {"away", "there", NULL};
    (void)state;
    struct brokers b = {0};
    open_brokers(&b, topics);
    struct kafka *k = b.rig.state;
    lead(&b, "there", 2);
    assert_int_equal(describe(&b, 1), 0);
    assert_int_equal(b.rig.ops->follow(k, 0, true), 0);
    assert_int_equal(rd_kafka_mock_broker_set_down(b.cluster, 1), 0);
    (void)pthread_mutex_lock(&k->leaders.lock);
    (void)pthread_mutex_lock(&k->tail->lock);
    kafka_care_lost(k->tail, &k->tail->topics->parts[0]);
    (void)pthread_mutex_unlock(&k->tail->lock);
    for (int64_t end = kafka_mono_ms() + 2 * TRY_MS; kafka_mono_ms() < end;) {
        assert_int_equal(b.rig.ops->follow(k, 1, true), 0);
        assert_int_equal(b.rig.ops->follow(k, 1, false), 0);
    }
    (void)pthread_mutex_unlock(&k->leaders.lock);
    close_brokers(&b);
}

int test_leader(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_leader_is_found_when_the_first_is_gone),
        cmocka_unit_test(another_leader_is_found_when_the_first_is_not_one_any_more),
        cmocka_unit_test(one_without_a_leader_keeps_nobody_waiting_long),
        cmocka_unit_test(one_that_is_lost_and_has_no_leader_keeps_no_other_from_being_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
