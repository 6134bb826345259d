/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/metrics.h"

#include "unit/ctl/tests.h"

static void samples_are_found_between_comments(void **state) {
    (void)state;
    struct hg_slice page = HG_SLICE("# HELP a b c\n# TYPE a counter\na 1\n\n"
                                    "b{x=\"1\",y=\"a}\\\"b c\"} 2 1700000000\nc -3");
    struct hg_ctl_sample s;
    size_t at = 0;
    assert_true(hg_ctl_metrics_next(page, &at, &s));
    unit_assert_slice(s.name, "a");
    unit_assert_slice(s.labels, "");
    unit_assert_slice(s.value, "1");
    assert_true(hg_ctl_metrics_next(page, &at, &s));
    unit_assert_slice(s.name, "b");
    unit_assert_slice(s.labels, "x=\"1\",y=\"a}\\\"b c\"");
    unit_assert_slice(s.value, "2");
    assert_true(hg_ctl_metrics_next(page, &at, &s));
    unit_assert_slice(s.name, "c");
    unit_assert_slice(s.value, "-3");
    assert_false(hg_ctl_metrics_next(page, &at, &s));
    assert_false(hg_ctl_metrics_next(page, &at, &s));
}

static void what_is_no_sample_is_left_out(void **state) {
    (void)state;
    static const char *const bad[] = {"",     "a",          "a ",   " a 1",      "{x=\"1\"} 1",
                                      "a{ 1", "a{x=\"1\"}", "#a 1", "a{x=\"} 1", "a  1"};
    for (size_t i = 0; i < HG_COUNT(bad); i++) {
        struct hg_ctl_sample s;
        size_t at = 0;
        if (hg_ctl_metrics_next(hg_slice_of(bad[i]), &at, &s)) {
            fail_msg("\"%s\" was taken", bad[i]);
        }
    }
}

int test_metrics(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_found_between_comments),
        cmocka_unit_test(what_is_no_sample_is_left_out),
    };
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
