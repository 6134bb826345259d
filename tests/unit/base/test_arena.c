/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/base/tests.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "unit/unit.h"

static void memory_is_aligned_zeroed_and_apart(void **state) {
    (void)state;
    static const char zeros[40000];
    struct hg_arena a = {0};
    char *got[400];
    size_t sizes[400];
    for (size_t i = 0; i < 400; i++) {
        sizes[i] = i % 50 == 49 ? i * 100 : i;
        got[i] = hg_arena_alloc(&a, sizes[i]);
        assert_int_equal((uintptr_t)got[i] % _Alignof(max_align_t), 0);
        assert_memory_equal(got[i], zeros, sizes[i]);
        memset(got[i], (int)i, sizes[i]);
    }
    for (size_t i = 0; i < 400; i++) {
        for (size_t at = 0; at < sizes[i]; at++) {
            assert_int_equal(got[i][at], (char)i);
        }
    }
    hg_arena_fini(&a);
    assert_int_equal(a.used_bytes, 0);
    hg_arena_fini(&a);
}

static void copy_ends_in_a_zero_that_is_not_counted(void **state) {
    (void)state;
    struct hg_arena a = {0};
    struct hg_slice one = hg_arena_copy(&a, HG_SLICE("one"));
    struct hg_slice none = hg_arena_copy(&a, (struct hg_slice){NULL, 0});
    assert_string_equal(one.ptr, "one");
    assert_int_equal(one.len, 3);
    assert_non_null(none.ptr);
    assert_int_equal(none.len, 0);
    assert_string_equal(none.ptr, "");
    hg_arena_fini(&a);
}

static void limit_is_kept(void **state) {
    (void)state;
    struct hg_arena a = {.max_bytes = 100};
    assert_non_null(hg_arena_alloc(&a, 60));
    assert_null(hg_arena_alloc(&a, 41));
    assert_null(hg_arena_alloc(&a, SIZE_MAX));
    assert_non_null(hg_arena_copy(&a, HG_SLICE("0123456789012345678901234567890123456")).ptr);
    assert_null(hg_arena_copy(&a, HG_SLICE("012")).ptr);
    assert_non_null(hg_arena_copy(&a, HG_SLICE("0")).ptr);
    assert_null(hg_arena_alloc(&a, 1));
    hg_arena_fini(&a);
    assert_non_null(hg_arena_alloc(&a, 100));
    hg_arena_fini(&a);
}

static void absurd_size_is_refused_without_a_limit_too(void **state) {
    (void)state;
    struct hg_arena a = {0};
    assert_null(hg_arena_alloc(&a, SIZE_MAX));
    assert_null(hg_arena_alloc(&a, SIZE_MAX - 8));
    assert_null(hg_arena_copy(&a, (struct hg_slice){"", SIZE_MAX}).ptr);
    hg_arena_fini(&a);
}

static void missing_memory_leaves_the_arena_as_it_was(void **state) {
    (void)state;
    struct hg_arena a = {0};
    hg_alloc_fail_after(0);
    assert_null(hg_arena_alloc(&a, 8));
    char *first = hg_arena_alloc(&a, 8);
    assert_non_null(first);
    size_t used = a.used_bytes;
    hg_alloc_fail_after(0);
    assert_null(hg_arena_alloc(&a, 5000));
    assert_int_equal(a.used_bytes, used);
    assert_non_null(hg_arena_alloc(&a, 8));
    hg_arena_fini(&a);
}

static void small_request_costs_one_allocation(void **state) {
    (void)state;
    struct hg_arena a = {0};
    hg_alloc_fail_after(1);
    for (int i = 0; i < 20; i++) {
        assert_non_null(hg_arena_copy(&a, HG_SLICE("some header field")).ptr);
    }
    assert_true(hg_alloc_fail_is_pending());
    hg_alloc_fail_after(-1);
    hg_arena_fini(&a);
}

int test_arena(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_aligned_zeroed_and_apart),
        cmocka_unit_test(copy_ends_in_a_zero_that_is_not_counted),
        cmocka_unit_test(limit_is_kept),
        cmocka_unit_test(absurd_size_is_refused_without_a_limit_too),
        cmocka_unit_test(missing_memory_leaves_the_arena_as_it_was),
        cmocka_unit_test(small_request_costs_one_allocation),
    };
    return cmocka_run_group_tests_name("base/arena", tests, NULL, NULL);
}
