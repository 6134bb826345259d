/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/base/tests.h"

#include "base/alloc.h"
#include "unit/unit.h"

static void memory_is_zeroed(void **state) {
    (void)state;
    static const char zeros[4096];
    for (int i = 0; i < 8; i++) {
        char *a = hg_try_alloc(sizeof(zeros)), *b = hg_alloc(sizeof(zeros));
        assert_memory_equal(a, zeros, sizeof(zeros));
        assert_memory_equal(b, zeros, sizeof(zeros));
        memset(a, 0xff, sizeof(zeros));
        memset(b, 0xff, sizeof(zeros));
        hg_free(a);
        hg_free(b);
    }
    hg_free(NULL);
}

static void nothing_is_an_allocation_too(void **state) {
    (void)state;
    void *a = hg_try_alloc(0);
    assert_non_null(a);
    a = hg_try_realloc(a, 0);
    assert_non_null(a);
    hg_free(a);
}

static void absurd_size_returns_null(void **state) {
    (void)state;
    char *p = hg_try_alloc(4);
    memcpy(p, "abc", 4);
    assert_null(hg_try_alloc(SIZE_MAX));
    assert_null(hg_try_alloc(SIZE_MAX / 2 + 1));
    assert_null(hg_try_realloc(p, SIZE_MAX));
    assert_string_equal(p, "abc");
    hg_free(p);
}

static void alloc_too_much(void *arg) {
    (void)arg;
    hg_free(hg_alloc(SIZE_MAX));
}

static void start_up_allocation_aborts_without_memory(void **state) {
    (void)state;
    assert_true(unit_aborts(alloc_too_much, NULL));
}

static void nth_allocation_fails_once(void **state) {
    (void)state;
    void *p[4];
    hg_alloc_fail_after(2);
    p[0] = hg_try_alloc(1);
    p[1] = hg_try_realloc(NULL, 1);
    assert_true(hg_alloc_fail_is_pending());
    p[2] = hg_try_alloc(1);
    assert_false(hg_alloc_fail_is_pending());
    p[3] = hg_try_alloc(1);
    assert_non_null(p[0]);
    assert_non_null(p[1]);
    assert_null(p[2]);
    assert_non_null(p[3]);

    hg_alloc_fail_after(0);
    assert_null(hg_try_realloc(p[0], 100));
    hg_alloc_fail_after(0);
    hg_alloc_fail_after(-1);
    assert_false(hg_alloc_fail_is_pending());
    p[2] = hg_try_alloc(1);
    assert_non_null(p[2]);
    for (int i = 0; i < 4; i++) {
        hg_free(p[i]);
    }
}

int test_alloc(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed),
        cmocka_unit_test(nothing_is_an_allocation_too),
        cmocka_unit_test(absurd_size_returns_null),
        cmocka_unit_test(start_up_allocation_aborts_without_memory),
        cmocka_unit_test(nth_allocation_fails_once),
    };
    return cmocka_run_group_tests_name("base/alloc", tests, NULL, NULL);
}
