/* SPDX-License-Identifier: Apache-2.0 */
/* test_end.c - the end of a partition while somebody's transaction is open. */
#include "modules/log_kafka/other.h"

static void what_is_hidden_counts(void **state) {
    (void)state;
    struct other plain = {0}, o = {0};
    struct kafka_rig rig;
    struct hg_log_range range;
    uint64_t end = 0;
    other_open(&plain, NULL);
    other_make(&plain, 1, NULL);
    other_open(&o, plain.topic);
    (void)snprintf(o.topic, sizeof o.topic, "%s", plain.topic);
    other_rig(&plain, &rig);
    assert_int_equal(rig.ops->end(rig.state, 0, 0, &end), 0);
    assert_int_equal(end, 0);
    assert_null(rd_kafka_init_transactions(o.rk, 30000));
    assert_null(rd_kafka_begin_transaction(o.rk));
    other_put(&o, 0, 0, 0);
    other_put(&o, 0, 1, 0);
    other_flush(&o);
    assert_int_equal(rig.ops->describe(rig.state, 0, 0, &range), 0);
    assert_int_equal(range.next, 0);
    assert_int_equal(rig.ops->end(rig.state, 0, 0, &end), 0);
    assert_int_equal(end, 2);
    assert_null(rd_kafka_commit_transaction(o.rk, 30000));
    assert_int_equal(rig.ops->end(rig.state, 0, 0, &end), 0);
    assert_true(end == 2 || end == 3); /* the mark of the commit comes a moment later */
    assert_int_equal(rig.ops->end(rig.state, 0, 1, &end), HG_ENOENT);
    kafka_rig_close(&rig);
    other_delete(&plain);
    other_close(&o);
    other_close(&plain);
}

int test_end(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_hidden_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
