/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/fetch.h"

#include "unit/fetch/tests.h"

static void fields_are_found_in_lower_case_and_trimmed(void **state) {
    (void)state;
    struct hg_fetch_answer a = {0};
    struct hg_slice value;
    hg_fetch_answer_add_line(&a, HG_SLICE("Retry-After:  7 \r\n"));
    hg_fetch_answer_add_line(&a, HG_SLICE("Link: <a:b>; rel=\"x\"\r\n"));
    hg_fetch_answer_add_line(&a, HG_SLICE("X-Empty:\r\n"));
    assert_true(hg_fetch_field(&a, HG_SLICE("retry-after"), &value));
    unit_assert_slice(value, "7");
    assert_true(hg_fetch_field(&a, HG_SLICE("link"), &value));
    unit_assert_slice(value, "<a:b>; rel=\"x\"");
    assert_true(hg_fetch_field(&a, HG_SLICE("x-empty"), &value));
    unit_assert_slice(value, "");
    assert_false(hg_fetch_field(&a, HG_SLICE("x-other"), &value));
    hg_fetch_answer_fini(&a);
}

static void the_first_of_two_fields_is_given_and_both_are_walked(void **state) {
    (void)state;
    struct hg_fetch_answer a = {0};
    struct hg_field f;
    struct hg_slice value;
    size_t at = 0;
    hg_fetch_answer_add_line(&a, HG_SLICE("a: 1\r\n"));
    hg_fetch_answer_add_line(&a, HG_SLICE("A: 2\r\n"));
    assert_true(hg_fetch_field(&a, HG_SLICE("a"), &value));
    unit_assert_slice(value, "1");
    assert_true(hg_fetch_field_next(&a, &at, &f));
    assert_true(hg_fetch_field_next(&a, &at, &f));
    unit_assert_slice(f.value, "2");
    assert_false(hg_fetch_field_next(&a, &at, &f));
    hg_fetch_answer_fini(&a);
}

static void lines_without_a_name_are_left_out(void **state) {
    (void)state;
    struct hg_fetch_answer a = {0};
    hg_fetch_answer_add_line(&a, HG_SLICE(" folded: more\r\n"));
    hg_fetch_answer_add_line(&a, HG_SLICE(": nameless\r\n"));
    hg_fetch_answer_add_line(&a, HG_SLICE("no colon\r\n"));
    hg_fetch_answer_add_line(&a, HG_SLICE("smuggled: a\nb: c\r\n"));
    hg_fetch_answer_add_line(&a, HG_SLICE(""));
    assert_int_equal(a.head.len, 0);
    hg_fetch_answer_fini(&a);
}

static void a_head_cut_at_its_limit_gives_what_is_whole(void **state) {
    (void)state;
    struct hg_fetch_answer a = {.head = {.max = 8}};
    struct hg_field f;
    size_t at = 0;
    hg_fetch_answer_add_line(&a, HG_SLICE("a: 1\r\n"));
    hg_fetch_answer_add_line(&a, HG_SLICE("name: value\r\n"));
    assert_true(a.head.is_failed);
    assert_true(hg_fetch_field_next(&a, &at, &f));
    unit_assert_slice(f.name, "a");
    assert_false(hg_fetch_field_next(&a, &at, &f));
    hg_fetch_answer_fini(&a);
}

static void a_field_that_would_end_its_line_is_not_legal(void **state) {
    (void)state;
    struct hg_field good = {HG_SLICE("X-A.b_1"), HG_SLICE("a b\tc \xc3\xa9")};
    assert_true(hg_fetch_field_is_legal(&good));
    struct hg_field bad[] = {
        {HG_SLICE(""), HG_SLICE("a")},         {HG_SLICE("a b"), HG_SLICE("a")},
        {HG_SLICE("a:"), HG_SLICE("a")},       {HG_SLICE("a"), HG_SLICE("b\r\nc: d")},
        {HG_SLICE("a"), HG_SLICE("b\n")},      {HG_SLICE("a"), {"b\0c", 3}},
        {HG_SLICE("a"), HG_SLICE("\x7f")},     {{"a\0", 2}, HG_SLICE("b")},
        {HG_SLICE("a\xc3\xa9"), HG_SLICE("")},
    };
    for (size_t i = 0; i < HG_COUNT(bad); i++) {
        assert_false(hg_fetch_field_is_legal(&bad[i]));
    }
}

int test_fetch(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_found_in_lower_case_and_trimmed),
        cmocka_unit_test(the_first_of_two_fields_is_given_and_both_are_walked),
        cmocka_unit_test(lines_without_a_name_are_left_out),
        cmocka_unit_test(a_head_cut_at_its_limit_gives_what_is_whole),
        cmocka_unit_test(a_field_that_would_end_its_line_is_not_legal),
    };
    return cmocka_run_group_tests_name("fetch", tests, NULL, NULL);
}
