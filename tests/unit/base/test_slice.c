/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/base/tests.h"

#include "unit/unit.h"

static void empty_slices_are_equal_whatever_they_point_at(void **state) {
    (void)state;
    struct hg_slice none = {NULL, 0}, some = {"x", 0};
    assert_true(hg_slice_eq(none, some));
    assert_true(hg_slice_ieq(none, some));
    assert_true(hg_slice_starts(none, some));
    assert_true(hg_slice_eq(hg_slice_of(NULL), none));
}

static void case_of_ascii_letters_alone_is_ignored(void **state) {
    (void)state;
    assert_true(hg_slice_ieq(HG_SLICE("Content-TYPE"), HG_SLICE("content-type")));
    assert_false(hg_slice_ieq(HG_SLICE("content-type"), HG_SLICE("content-typ")));
    for (int a = 0; a < 256; a++) {
        for (int b = 0; b < 256; b++) {
            char x = (char)a, y = (char)b;
            bool is_letter_pair = (a ^ b) == 0x20 && (a | 0x20) >= 'a' && (a | 0x20) <= 'z';
            assert_int_equal(hg_slice_ieq((struct hg_slice){&x, 1}, (struct hg_slice){&y, 1}),
                             a == b || is_letter_pair);
        }
    }
}

static void trimming_takes_spaces_and_tabs_from_both_ends_alone(void **state) {
    (void)state;
    assert_true(hg_slice_eq(hg_slice_trim(HG_SLICE(" \ta \tb\t ")), HG_SLICE("a \tb")));
    assert_true(hg_slice_eq(hg_slice_trim(HG_SLICE("\r\na\n")), HG_SLICE("\r\na\n")));
    assert_int_equal(hg_slice_trim(HG_SLICE(" \t ")).len, 0);
    assert_int_equal(hg_slice_trim((struct hg_slice){NULL, 0}).len, 0);
}

static void prefix_is_no_longer_than_the_slice(void **state) {
    (void)state;
    assert_true(hg_slice_starts(HG_SLICE("abc"), HG_SLICE("ab")));
    assert_true(hg_slice_starts(HG_SLICE("abc"), HG_SLICE("abc")));
    assert_false(hg_slice_starts(HG_SLICE("abc"), HG_SLICE("abcd")));
    assert_false(hg_slice_starts(HG_SLICE("abc"), HG_SLICE("b")));
}

int test_slice(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_slices_are_equal_whatever_they_point_at),
        cmocka_unit_test(case_of_ascii_letters_alone_is_ignored),
        cmocka_unit_test(trimming_takes_spaces_and_tabs_from_both_ends_alone),
        cmocka_unit_test(prefix_is_no_longer_than_the_slice),
    };
    return cmocka_run_group_tests_name("base/slice", tests, NULL, NULL);
}
