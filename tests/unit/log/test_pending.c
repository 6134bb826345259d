/* SPDX-License-Identifier: Apache-2.0 */
/* test_pending.c - ids on their way. */
#include "log/pending.h"

#include "unit/log/tests.h"

static void a_reserved_id_is_found_until_it_is_released(void **state) {
    (void)state;
    struct hg_pending *p = hg_alloc(sizeof *p);
    struct hg_reservation r[3] = {0};
    for (uint64_t i = 0; i < 3; i++) {
        r[i].identity = (struct hg_identity){{7, i}}; /* one bucket */
        assert_null(hg_pending_find(p, &r[i].identity));
        hg_pending_reserve(p, &r[i]);
    }
    assert_ptr_equal(hg_pending_find(p, &r[1].identity), &r[1]);
    assert_null(hg_pending_release(p, &r[1]));
    assert_null(hg_pending_find(p, &r[1].identity));
    assert_ptr_equal(hg_pending_find(p, &r[0].identity), &r[0]);
    assert_ptr_equal(hg_pending_find(p, &r[2].identity), &r[2]);
    assert_null(hg_pending_release(p, &r[2]));
    assert_null(hg_pending_release(p, &r[0]));
    hg_free(p);
}

static void waiters_come_back_in_order(void **state) {
    (void)state;
    struct hg_pending *p = hg_alloc(sizeof *p);
    struct hg_reservation r = {.identity = {{1, 2}}};
    struct hg_publish waiters[3] = {0};
    hg_pending_reserve(p, &r);
    for (int i = 0; i < 3; i++) {
        hg_pending_wait(&r, &waiters[i]);
    }
    struct hg_publish *list = hg_pending_release(p, &r);
    for (int i = 0; i < 3; i++) {
        assert_ptr_equal(list, &waiters[i]);
        list = list->next;
    }
    assert_null(list);
    hg_free(p);
}

static void waiters_may_be_taken_while_it_stays_reserved(void **state) {
    (void)state;
    struct hg_pending *p = hg_alloc(sizeof *p);
    struct hg_reservation r = {.identity = {{1, 2}}};
    struct hg_publish waiters[2] = {0};
    hg_pending_reserve(p, &r);
    hg_pending_wait(&r, &waiters[0]);
    assert_ptr_equal(hg_pending_part(&r), &waiters[0]);
    assert_null(hg_pending_part(&r));
    assert_ptr_equal(hg_pending_find(p, &r.identity), &r);
    hg_pending_wait(&r, &waiters[1]);
    assert_ptr_equal(hg_pending_release(p, &r), &waiters[1]);
    assert_null(waiters[1].next);
    hg_free(p);
}

int test_pending(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reserved_id_is_found_until_it_is_released),
        cmocka_unit_test(waiters_come_back_in_order),
        cmocka_unit_test(waiters_may_be_taken_while_it_stays_reserved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
