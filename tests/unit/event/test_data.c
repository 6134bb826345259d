/* SPDX-License-Identifier: Apache-2.0 */
#include "event/data.h"

#include "unit/event/tests.h"

static const char *fault(const char *text) {
    struct hg_json_tape t = {0};
    size_t at;
    assert_int_equal(hg_json_scan(&t, hg_slice_of(text), NULL, &at), 0);
    const char *ret = hg_data_strict_fault(&t, 0);
    hg_json_tape_fini(&t);
    return ret;
}

static void numbers_of_64_bits_pass(void **state) {
    (void)state;
    assert_null(fault("[0,-0,1.5,1e308,-1e-400,9223372036854775807,-9223372036854775808]"));
    assert_null(fault("[0.00000000000000000000000000000000000000000000000000000000000001]"));
}

static void numbers_beyond_64_bits_are_found(void **state) {
    (void)state;
    static const char *const bad[] = {
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551616",
        "99999999999999999999999999999",
        "1e400",
        "-1e99999999999999",
        "[{\"a\":1e309}]",
        "0.000000000000000000000000000000000000000000000000000000000000001"};
    for (size_t i = 0; i < HG_COUNT(bad); i++) {
        const char *text = fault(bad[i]);
        if (text == NULL || strstr(text, "number") == NULL) {
            fail_msg("%s", bad[i]);
        }
    }
}

static void nul_and_double_members_are_found(void **state) {
    (void)state;
    assert_null(fault("{\"a\":\"\\u0001\",\"b\":{\"a\":1}}"));
    assert_non_null(strstr(fault("[\"\\u0000\"]"), "U+0000"));
    assert_non_null(strstr(fault("{\"\\u0000\":1}"), "U+0000"));
    assert_non_null(strstr(fault("[{\"a\":1,\"\\u0061\":2}]"), "twice"));
}

static void a_problem_tells_where_the_text_is_wrong(void **state) {
    (void)state;
    struct hg_problem p = {0};
    hg_data_json_problem(&p, HG_SLICE("[1,]"), HG_EINVAL, 3);
    assert_int_equal(p.status, 400);
    assert_string_equal(p.type, "json-invalid");
    assert_non_null(strstr(p.detail, "byte 3"));
    hg_data_json_problem(&p, HG_SLICE("[1,"), HG_EINVAL, 3);
    assert_non_null(strstr(p.detail, "too early"));
    hg_data_json_problem(&p, HG_SLICE("[["), HG_E2BIG, 0);
    assert_non_null(strstr(p.detail, "64"));
}

int test_data(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_64_bits_pass),
        cmocka_unit_test(numbers_beyond_64_bits_are_found),
        cmocka_unit_test(nul_and_double_members_are_found),
        cmocka_unit_test(a_problem_tells_where_the_text_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
