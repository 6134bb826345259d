/* SPDX-License-Identifier: Apache-2.0 */
/* test_groups.c - what the contract does not say about groups. */
#include <string.h>

#include "modules/log_embedded/rig.h"

static void names_of_groups_are_bounded(void **state) {
    (void)state;
    static char name[201];
    struct embedded_rig e;
    uint64_t at;
    embedded_start(&e, NULL, "1g");
    memset(name, 'g', sizeof name);
    const struct hg_log_ops *ops = e.contract.ops;
    struct hg_slice longest = {name, 200}, longer = {name, 201};
    assert_int_equal(ops->group_commit(e.rig.state, longest, TOPIC_A, 0, 1), 0);
    assert_int_equal(ops->group_commit(e.rig.state, longer, TOPIC_A, 0, 1), HG_EINVAL);
    assert_int_equal(ops->group_commit(e.rig.state, HG_SLICE(""), TOPIC_A, 0, 1), HG_EINVAL);
    assert_int_equal(ops->group_commit(e.rig.state, HG_SLICE("a\0b"), TOPIC_A, 0, 1), HG_EINVAL);
    assert_int_equal(ops->group_commit(e.rig.state, longest, 9, 0, 1), HG_ENOENT);
    assert_int_equal(ops->group_position(e.rig.state, longest, TOPIC_A, 0, &at), 0);
    embedded_end(&e);
}

int test_groups(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_groups_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
