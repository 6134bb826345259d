/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/loop/tests.h"

#include "base/alloc.h"
#include "loop/handle.h"
#include "unit/unit.h"

static void handle_names_its_object_until_it_is_dropped(void **state) {
    (void)state;
    struct hg_handles t = {0};
    struct hg_handle a, b, c;
    int x, y, z;
    assert_int_equal(hg_handle_make(&t, &x, &a), 0);
    assert_int_equal(hg_handle_make(&t, &y, &b), 0);
    assert_ptr_equal(hg_handle_get(&t, a), &x);
    assert_ptr_equal(hg_handle_get(&t, b), &y);
    hg_handle_drop(&t, a);
    assert_null(hg_handle_get(&t, a));
    assert_ptr_equal(hg_handle_get(&t, b), &y);
    assert_int_equal(hg_handle_make(&t, &z, &c), 0);
    assert_int_equal(c.slot, a.slot);
    assert_null(hg_handle_get(&t, a));
    assert_ptr_equal(hg_handle_get(&t, c), &z);
    hg_handle_drop(&t, a); /* an old name drops nobody */
    assert_ptr_equal(hg_handle_get(&t, c), &z);
    assert_int_equal(t.n, 2);
    hg_handles_fini(&t);
    assert_null(hg_handle_get(&t, c));
}

static void made_up_handles_name_nothing(void **state) {
    (void)state;
    struct hg_handles t = {0};
    struct hg_handle h = {0};
    int x;
    assert_null(hg_handle_get(&t, h));
    hg_handle_drop(&t, h);
    assert_int_equal(hg_handle_make(&t, &x, &h), 0);
    assert_null(hg_handle_get(&t, (struct hg_handle){.slot = h.slot, .use = 0}));
    assert_null(hg_handle_get(&t, (struct hg_handle){.slot = h.slot, .use = h.use + 1}));
    assert_null(hg_handle_get(&t, (struct hg_handle){.slot = h.slot + 1, .use = 1}));
    assert_null(hg_handle_get(&t, (struct hg_handle){.slot = UINT32_MAX, .use = h.use}));
    hg_handles_fini(&t);
}

static void table_grows_and_uses_slots_again(void **state) {
    (void)state;
    enum { N = 1000 };
    static int objects[N];
    struct hg_handle handles[N];
    struct hg_handles t = {0};
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < N; i++) {
            assert_int_equal(hg_handle_make(&t, &objects[i], &handles[i]), 0);
        }
        for (int i = 0; i < N; i++) {
            assert_ptr_equal(hg_handle_get(&t, handles[i]), &objects[i]);
        }
        for (int i = 0; i < N; i++) {
            hg_handle_drop(&t, handles[i]);
        }
        assert_int_equal(t.n, 0);
    }
    assert_true(t.cap < 2 * N + 100);
    hg_handles_fini(&t);
}

static void missing_memory_changes_nothing(void **state) {
    (void)state;
    struct hg_handles t = {0};
    struct hg_handle first, h = {7, 7};
    int x;
    hg_alloc_fail_after(0);
    assert_int_equal(hg_handle_make(&t, &x, &h), HG_ENOMEM);
    assert_int_equal(h.slot, 7);
    assert_int_equal(hg_handle_make(&t, &x, &first), 0);
    while (t.n < t.cap) {
        assert_int_equal(hg_handle_make(&t, &x, &h), 0);
    }
    hg_alloc_fail_after(0);
    assert_int_equal(hg_handle_make(&t, &x, &h), HG_ENOMEM);
    assert_ptr_equal(hg_handle_get(&t, first), &x);
    hg_handles_fini(&t);
}

int test_handle(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handle_names_its_object_until_it_is_dropped),
        cmocka_unit_test(made_up_handles_name_nothing),
        cmocka_unit_test(table_grows_and_uses_slots_again),
        cmocka_unit_test(missing_memory_changes_nothing),
    };
    return cmocka_run_group_tests_name("loop/handle", tests, NULL, NULL);
}
