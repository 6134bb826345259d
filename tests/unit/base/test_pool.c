/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"

#include "base/alloc.h"
#include "unit/base/tests.h"
#include "unit/unit.h"

struct thing {
    struct hg_pool_item item;
    int mark;
};

static int n_dropped;

static void on_drop(struct hg_pool_item *item) {
    assert_int_equal(HG_CONTAINER(item, struct thing, item)->mark, 7);
    n_dropped++;
}

static struct hg_pool make(void) {
    n_dropped = 0;
    return (struct hg_pool){.bytes = sizeof(struct thing), .drop = on_drop};
}

static void take(struct hg_pool *p, struct thing **things, int n) {
    for (int i = 0; i < n; i++) {
        things[i] = hg_pool_take(p);
        assert_non_null(things[i]);
        things[i]->mark = 7;
    }
}

static void give(struct hg_pool *p, struct thing **things, int n) {
    for (int i = 0; i < n; i++) {
        hg_pool_give(p, things[i]);
    }
}

static void what_was_given_back_is_taken_next_as_it_was(void **state) {
    (void)state;
    struct hg_pool p = make();
    struct thing *a = hg_pool_take(&p);
    assert_int_equal(a->mark, 0);
    a->mark = 7;
    hg_pool_give(&p, a);
    struct thing *b = hg_pool_take(&p);
    assert_ptr_equal(a, b);
    assert_int_equal(b->mark, 7);
    hg_pool_give(&p, b);
    hg_pool_fini(&p);
    assert_int_equal(n_dropped, 1);
    assert_int_equal(p.n_free, 0);
}

static void trim_leaves_what_was_used_since_the_last(void **state) {
    (void)state;
    struct hg_pool p = make();
    struct thing *things[8];
    take(&p, things, 8);
    give(&p, things, 8);
    hg_pool_trim(&p); /* all eight were in use at once */
    assert_int_equal(p.n_free, 8);
    take(&p, things, 3);
    give(&p, things, 3);
    hg_pool_trim(&p);
    assert_int_equal(n_dropped, 5);
    assert_int_equal(p.n_free, 3);
    hg_pool_trim(&p);
    assert_int_equal(p.n_free, 0);
    hg_pool_fini(&p);
    assert_int_equal(n_dropped, 8);
}

static void an_empty_pool_may_have_no_memory(void **state) {
    (void)state;
    struct hg_pool p = make();
    hg_alloc_fail_after(0);
    assert_null(hg_pool_take(&p));
    hg_pool_fini(&p);
}

int test_pool(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_given_back_is_taken_next_as_it_was),
        cmocka_unit_test(trim_leaves_what_was_used_since_the_last),
        cmocka_unit_test(an_empty_pool_may_have_no_memory),
    };
    return cmocka_run_group_tests_name("base/pool", tests, NULL, NULL);
}
