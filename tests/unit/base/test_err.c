/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/base/tests.h"

#include "unit/unit.h"

static void every_error_has_a_text_of_its_own(void **state) {
    (void)state;
    for (int a = 0; a >= HG_ENOTSUP; a--) {
        assert_string_not_equal(hg_err_text(a), "unknown error");
        for (int b = 0; b > a; b--) {
            assert_string_not_equal(hg_err_text(a), hg_err_text(b));
        }
    }
    assert_string_equal(hg_err_text(HG_ENOTSUP - 1), "unknown error");
    assert_string_equal(hg_err_text(1), "unknown error");
}

static void why_is_cut_at_its_size(void **state) {
    (void)state;
    struct hg_why why;
    hg_why_set(&why, "%s:%d: %s", "a.conf", 3, "no");
    assert_string_equal(why.text, "a.conf:3: no");
    hg_why_set(&why, "b.conf: %s", why.text); /* its own text is a fair argument */
    assert_string_equal(why.text, "b.conf: a.conf:3: no");
    hg_why_set(&why, "%0600d", 7);
    assert_int_equal(strlen(why.text), sizeof(why.text) - 1);
    hg_why_set(NULL, "nobody asked");
}

static void fail_an_assertion(void *arg) {
    HG_ASSERT(arg != arg);
}

struct thing {
    uint32_t magic;
    int value;
};

static void cast_to_another_magic(void *arg) {
    (void)HG_CAST(struct thing, 0x1234, arg);
}

static void failed_assertion_ends_the_process(void **state) {
    (void)state;
    int n = 0;
    HG_ASSERT(++n == 1);
    assert_int_equal(n, 1);
    assert_true(unit_aborts(fail_an_assertion, &n));
}

static void cast_returns_the_object_of_that_magic(void **state) {
    (void)state;
    struct thing thing = {.magic = 0x4321, .value = 5};
    void *any = &thing;
    assert_int_equal(HG_CAST(struct thing, 0x4321, any)->value, 5);
    assert_true(unit_aborts(cast_to_another_magic, any));
    assert_true(unit_aborts(cast_to_another_magic, NULL));
}

int test_err(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_text_of_its_own),
        cmocka_unit_test(why_is_cut_at_its_size),
        cmocka_unit_test(failed_assertion_ends_the_process),
        cmocka_unit_test(cast_returns_the_object_of_that_magic),
    };
    return cmocka_run_group_tests_name("base/err", tests, NULL, NULL);
}
