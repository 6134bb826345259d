/* SPDX-License-Identifier: Apache-2.0 */
#include "net/limit.h"

#include "unit/net/tests.h"

static void places_are_given_until_the_limit(void **state) {
    (void)state;
    uint32_t before = hg_net_limit_used();
    hg_net_limit_set(before + 2);
    assert_true(hg_net_limit_take());
    assert_true(hg_net_limit_take());
    assert_false(hg_net_limit_take());
    assert_int_equal(hg_net_limit_used(), before + 2);
    hg_net_limit_give();
    assert_true(hg_net_limit_take());
    hg_net_limit_give();
    hg_net_limit_give();
    hg_net_limit_set(0);
    assert_int_equal(hg_net_limit_used(), before);
}

static void no_limit_gives_always_and_a_lowered_one_takes_nothing_back(void **state) {
    (void)state;
    uint32_t before = hg_net_limit_used();
    hg_net_limit_set(0);
    for (int i = 0; i < 5; i++) {
        assert_true(hg_net_limit_take());
    }
    hg_net_limit_set(1);
    assert_int_equal(hg_net_limit_max(), 1);
    assert_false(hg_net_limit_take());
    for (int i = 0; i < 5; i++) {
        hg_net_limit_give();
    }
    hg_net_limit_set(0);
    assert_int_equal(hg_net_limit_used(), before);
}

int test_limit(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_given_until_the_limit),
        cmocka_unit_test(no_limit_gives_always_and_a_lowered_one_takes_nothing_back),
    };
    return cmocka_run_group_tests_name("net/limit", tests, NULL, NULL);
}
