/* SPDX-License-Identifier: Apache-2.0 */
/* test_log_kafka.c - open and close. */
#include "modules/log_kafka/rig.h"

static void it_opens_and_closes(void **state) {
    (void)state;
    struct kafka_rig rig;
    kafka_rig_open(&rig, "");
    kafka_rig_close(&rig);
}

int test_log_kafka(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_opens_and_closes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
