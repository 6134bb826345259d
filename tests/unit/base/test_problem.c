/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/base/tests.h"

#include "base/utf8.h"
#include "headgate/request.h"
#include "unit/unit.h"

static void problem_is_filled_whole(void **state) {
    (void)state;
    struct hg_problem p;
    memset(&p, 0xff, sizeof(p));
    assert_int_equal(hg_problem_set(&p, 422, "schema-mismatch", "field %s is missing", "id"),
                     HG_EINVAL);
    assert_int_equal(p.status, 422);
    assert_string_equal(p.type, "schema-mismatch");
    assert_string_equal(p.detail, "field id is missing");
    assert_int_equal(p.index, -1);
    assert_string_equal(p.pointer, "");
    hg_problem_set(&p, 400, "batch-invalid", "event 3: %s", p.detail);
    assert_string_equal(p.detail, "event 3: field id is missing");
    assert_int_equal(hg_problem_set(NULL, 400, "x", "nobody asked"), HG_EINVAL);
}

static void detail_is_utf8_whatever_was_quoted(void **state) {
    (void)state;
    struct hg_problem p;
    hg_problem_set(&p, 400, "event-invalid", "got %s", "\xc3\xa9\xff\xed\xa0\x80.\xc3");
    assert_string_equal(p.detail, "got \xc3\xa9????.?");
}

static void detail_is_cut_between_code_points(void **state) {
    (void)state;
    char text[600];
    for (size_t i = 0; i + 4 < sizeof(text); i += 4) {
        memcpy(text + i, "\xf0\x9f\x98\x80", 5);
    }
    for (int pad = 0; pad < 8; pad++) {
        struct hg_problem p;
        hg_problem_set(&p, 400, "event-invalid", "%.*s%s", pad, "12345678", text);
        size_t len = strlen(p.detail);
        assert_true(len >= sizeof(p.detail) - 4 && len < sizeof(p.detail));
        assert_true(hg_utf8_is_valid(p.detail, len));
        assert_null(strchr(p.detail, '?'));
    }
}

int test_problem(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(problem_is_filled_whole),
        cmocka_unit_test(detail_is_utf8_whatever_was_quoted),
        cmocka_unit_test(detail_is_cut_between_code_points),
    };
    return cmocka_run_group_tests_name("base/problem", tests, NULL, NULL);
}
