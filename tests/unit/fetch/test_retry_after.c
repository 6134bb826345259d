/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/retry_after.h"

#include "unit/fetch/tests.h"

static const int64_t now_ms = 784111777000; /* Sun, 06 Nov 1994 08:49:37 GMT */

static void expect(const char *value, int64_t want_ms) {
    int64_t ms = -1;
    assert_int_equal(hg_retry_after_parse(hg_slice_of(value), now_ms, &ms), 0);
    assert_int_equal(ms, want_ms);
}

static void seconds_are_read_and_bounded(void **state) {
    (void)state;
    expect("0", 0);
    expect("7", 7000);
    expect("86400", 86400000);
    expect("86401", 86400000);
    expect("99999999999999999999999", 86400000);
}

static void the_three_forms_of_a_date_are_read(void **state) {
    (void)state;
    expect("Sun, 06 Nov 1994 08:49:47 GMT", 10000);
    expect("Sunday, 06-Nov-94 08:49:47 GMT", 10000);
    expect("Sun Nov  6 08:49:47 1994", 10000);
    expect("Sun, 06 Nov 1994 08:00:00 GMT", 0);
    expect("Mon, 06 Nov 2034 08:00:00 GMT", 86400000);
}

static void anything_else_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "", "-1", "1.5", "7s", "soon", " 7", "06 Nov 2034 08:00:00", "Someday"};
    int64_t ms = 42;
    for (size_t i = 0; i < HG_COUNT(bad); i++) {
        assert_int_equal(hg_retry_after_parse(hg_slice_of(bad[i]), now_ms, &ms), HG_EINVAL);
    }
    char longest[200];
    memset(longest, 'S', sizeof(longest));
    assert_int_equal(hg_retry_after_parse((struct hg_slice){longest, sizeof(longest)}, now_ms, &ms),
                     HG_EINVAL);
    assert_int_equal(ms, 42);
}

int test_retry_after(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seconds_are_read_and_bounded),
        cmocka_unit_test(the_three_forms_of_a_date_are_read),
        cmocka_unit_test(anything_else_is_refused),
    };
    return cmocka_run_group_tests_name("retry_after", tests, NULL, NULL);
}
