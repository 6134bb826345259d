/* SPDX-License-Identifier: Apache-2.0 */
/* test_admin.c - a topic is made as the conf says, and how it is kept is read back. */
#include <stdio.h>

#include "modules/log_kafka/rig.h"

static void a_topic_is_made_with_what_the_conf_says(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct hg_why why = {""};
    kafka_rig_open(&rig, "kafka_partitions 3; kafka_replication 1; kafka_min_insync_replicas 1; "
                         "retention 1h;");
    const char *name = kafka_rig_name(&rig, 0);
    assert_int_equal(kafka_rig_topic(&rig, 0, name, &why), 0);
    struct kafka_kept kept = {.has_producer_time = true};
    assert_int_equal(kafka_admin_kept(rig.state, name, &kept), 0);
    assert_int_equal(kept.has[KAFKA_RETENTION], 3600000);
    assert_int_equal(kept.has[KAFKA_RETENTION_SIZE], -1);
    assert_int_equal(kept.has[KAFKA_MIN_INSYNC], 1);
    assert_false(kept.has_producer_time);
    assert_false(kept.is_compacted);
    assert_false(kept.is_unclean);
    assert_true(kept.max_message_bytes > 100000);
    assert_int_equal(kafka_topic(rig.state, 0)->partitions, 3);
    kafka_rig_close(&rig);
}

static void a_topic_of_dead_letters_has_one_order_and_room_for_whole_requests(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct hg_why why = {""};
    char name[128];
    kafka_rig_open(&rig, "kafka_partitions 3;");
    (void)snprintf(name, sizeof name, "%s.dlq", kafka_rig_name(&rig, 0));
    assert_int_equal(kafka_rig_topic(&rig, 0, name, &why), 0);
    assert_int_equal(kafka_topic(rig.state, 0)->partitions, 1);
    assert_true(kafka_topic(rig.state, 0)->max_message_bytes == 8 << 20);
    kafka_rig_close(&rig);
}

static void a_topic_that_is_there_already_is_no_error(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct hg_why why = {""};
    kafka_rig_open(&rig, "");
    const char *name = kafka_rig_new_topic(&rig, 0);
    const struct hg_log_topic topic = {.name = hg_slice_of(name)};
    const struct kafka_wish wish = {.is_known = true};
    assert_int_equal(kafka_admin_make(rig.state, &topic, &wish, name, &why), 0);
    kafka_rig_close(&rig);
}

static void what_the_cluster_cannot_do_is_said_in_its_words(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct hg_why why = {""};
    kafka_rig_open(&rig, "kafka_replication 99;");
    const char *name = kafka_rig_name(&rig, 0);
    assert_int_equal(kafka_rig_topic(&rig, 0, name, &why), HG_EINVAL);
    assert_non_null(strstr(why.text, name));
    assert_non_null(strstr(why.text, "99"));
    kafka_rig_close(&rig);
}

int test_admin(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_topic_is_made_with_what_the_conf_says),
        cmocka_unit_test(a_topic_of_dead_letters_has_one_order_and_room_for_whole_requests),
        cmocka_unit_test(a_topic_that_is_there_already_is_no_error),
        cmocka_unit_test(what_the_cluster_cannot_do_is_said_in_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
