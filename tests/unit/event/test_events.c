/* SPDX-License-Identifier: Apache-2.0 */
#include "event/events.h"

#include "base/alloc.h"
#include "unit/event/fixture.h"
#include "unit/event/tests.h"

static void a_list_takes_events_up_to_its_limit(void **state) {
    (void)state;
    struct hg_events list = {.max = 20};
    for (int i = 0; i < 20; i++) {
        struct hg_event *e = fixture_event(HG_DATA_NONE, NULL, NULL);
        assert_int_equal(hg_events_add(&list, &e), 0);
        assert_null(e);
    }
    struct hg_event *e = fixture_event(HG_DATA_NONE, NULL, NULL);
    assert_int_equal(hg_events_add(&list, &e), HG_E2BIG);
    assert_non_null(e);
    hg_event_unref(&e);
    hg_events_cut(&list, 3);
    assert_int_equal(list.n, 3);
    hg_events_fini(&list);
    assert_int_equal(list.n, 0);
}

static void without_memory_the_event_stays_with_the_caller(void **state) {
    (void)state;
    struct hg_events list = {.max = 1};
    struct hg_event *e = fixture_event(HG_DATA_NONE, NULL, NULL);
    hg_alloc_fail_after(0);
    assert_int_equal(hg_events_add(&list, &e), HG_ENOMEM);
    hg_alloc_fail_after(-1);
    assert_non_null(e);
    hg_event_unref(&e);
    hg_events_fini(&list);
}

int test_events(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_takes_events_up_to_its_limit),
        cmocka_unit_test(without_memory_the_event_stays_with_the_caller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
