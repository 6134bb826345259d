/* SPDX-License-Identifier: Apache-2.0 */
/* test_ready.c - open waits for the cluster, but not for ever. */
#include "modules/log_kafka/rig.h"

static void a_cluster_that_is_not_there_is_an_error_that_names_it(void **state) {
    (void)state;
    struct kafka_rig rig;
    struct hg_why why = {""};
    assert_int_equal(kafka_rig_try(&rig, "127.0.0.1:1", "", &why), HG_EAGAIN);
    assert_non_null(strstr(why.text, "127.0.0.1:1"));
    assert_non_null(strstr(why.text, "refused"));
}

int test_ready(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cluster_that_is_not_there_is_an_error_that_names_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
