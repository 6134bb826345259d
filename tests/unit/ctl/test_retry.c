/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/retry.h"

#include "unit/ctl/tests.h"

static enum hg_ctl_advice advice(enum hg_fetch_outcome outcome, int status) {
    struct hg_fetch_answer a = {.outcome = outcome, .status = status};
    return hg_ctl_retry_advice(&a);
}

static void an_answer_says_whether_to_go_on(void **state) {
    (void)state;
    static const struct {
        int status;
        enum hg_ctl_advice want;
    } cases[] = {
        {200, HG_CTL_DONE},    {202, HG_CTL_DONE},    {204, HG_CTL_DONE},    {301, HG_CTL_GIVE_UP},
        {400, HG_CTL_REFUSE},  {401, HG_CTL_GIVE_UP}, {403, HG_CTL_GIVE_UP}, {404, HG_CTL_GIVE_UP},
        {405, HG_CTL_GIVE_UP}, {408, HG_CTL_AGAIN},   {409, HG_CTL_REFUSE},  {413, HG_CTL_REFUSE},
        {415, HG_CTL_GIVE_UP}, {422, HG_CTL_REFUSE},  {429, HG_CTL_AGAIN},   {500, HG_CTL_GIVE_UP},
        {502, HG_CTL_AGAIN},   {503, HG_CTL_AGAIN},   {504, HG_CTL_AGAIN},   {505, HG_CTL_GIVE_UP},
    };
    for (size_t i = 0; i < HG_COUNT(cases); i++) {
        assert_int_equal(advice(HG_FETCH_ANSWERED, cases[i].status), cases[i].want);
    }
}

static void no_answer_is_asked_for_again(void **state) {
    (void)state;
    assert_int_equal(advice(HG_FETCH_UNREACHED, 0), HG_CTL_AGAIN);
    assert_int_equal(advice(HG_FETCH_LOST, 0), HG_CTL_AGAIN);
    assert_int_equal(advice(HG_FETCH_LOST, 202), HG_CTL_AGAIN);
    assert_int_equal(advice(HG_FETCH_STOPPED, 0), HG_CTL_STOP);
    assert_int_equal(advice(HG_FETCH_UNTRUSTED, 0), HG_CTL_GIVE_UP);
    assert_int_equal(advice(HG_FETCH_OVERSIZE, 200), HG_CTL_GIVE_UP);
    assert_int_equal(advice(HG_FETCH_UNUSABLE, 0), HG_CTL_GIVE_UP);
}

static void waits_grow_and_are_spread(void **state) {
    (void)state;
    struct hg_fetch_answer a = {.outcome = HG_FETCH_LOST};
    int64_t want = 500;
    for (unsigned failures = 1; failures < 100; failures++) {
        int64_t least = hg_ctl_retry_wait_ms(&a, 0, 500, failures, 0);
        int64_t most = hg_ctl_retry_wait_ms(&a, 0, 500, failures, UINT32_MAX);
        assert_int_equal(least, want / 2);
        assert_int_equal(most, want);
        want = want * 2 < 30000 ? want * 2 : 30000;
    }
    assert_int_equal(hg_ctl_retry_wait_ms(&a, 0, 60000, 5, UINT32_MAX), 60000);
}

static void retry_after_is_honoured(void **state) {
    (void)state;
    struct hg_fetch_answer a = {.outcome = HG_FETCH_ANSWERED, .status = 503};
    hg_fetch_answer_add_line(&a, HG_SLICE("Retry-After: 7"));
    assert_int_equal(hg_ctl_retry_wait_ms(&a, 0, 500, 1, 0), 7000);
    assert_int_equal(hg_ctl_retry_wait_ms(&a, 0, 500, 9, UINT32_MAX), 7750);
    hg_fetch_answer_clear(&a);
    hg_fetch_answer_add_line(&a, HG_SLICE("Retry-After: 600"));
    assert_int_equal(hg_ctl_retry_wait_ms(&a, 0, 500, 1, UINT32_MAX), 601000);
    hg_fetch_answer_clear(&a);
    hg_fetch_answer_add_line(&a, HG_SLICE("Retry-After: soon"));
    assert_int_equal(hg_ctl_retry_wait_ms(&a, 0, 500, 1, UINT32_MAX), 500);
    hg_fetch_answer_fini(&a);
}

int test_retry(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_says_whether_to_go_on),
        cmocka_unit_test(no_answer_is_asked_for_again),
        cmocka_unit_test(waits_grow_and_are_spread),
        cmocka_unit_test(retry_after_is_honoured),
    };
    return cmocka_run_group_tests_name("retry", tests, NULL, NULL);
}
