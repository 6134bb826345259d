/* SPDX-License-Identifier: Apache-2.0 */
/* test_topics.c - what the cluster is asked, and asked to make. */
#include "modules/log_kafka/rig.h"

static void a_topic_that_is_not_there_is_said_by_name(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct hg_why why = {""};
    kafka_rig_open(&rig, "kafka_create_topics off;");
    const char *name = kafka_rig_name(&rig, 0);
    assert_int_equal(kafka_rig_topic(&rig, 0, name, &why), HG_ENOENT);
    assert_non_null(strstr(why.text, name));
    kafka_rig_close(&rig);
}

int test_topics(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_topic_that_is_not_there_is_said_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
