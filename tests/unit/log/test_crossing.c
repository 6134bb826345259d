/* SPDX-License-Identifier: Apache-2.0 */
/* test_crossing.c - what waits to be handed over, and until when. */
#include "log/crossing.h"

#include "base/alloc.h"
#include "unit/log/tests.h"

static struct hg_loop *loops[2];
static struct hg_inbox in;
static struct hg_crossings crossings;
static int n_run;

static int open_all(void **state) {
    (void)state;
    n_run = 0;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(hg_loop_new(i, &loops[i]), 0);
    }
    hg_loop_adopt(loops[0]);
    assert_int_equal(hg_inbox_init(&in), 0);
    assert_int_equal(hg_crossings_init(&crossings, loops, 1, &in), 0);
    return 0;
}

static int close_all(void **state) {
    (void)state;
    hg_crossings_fini(&crossings);
    hg_inbox_fini(&in);
    for (unsigned i = 0; i < 2; i++) {
        hg_loop_free(&loops[i]);
    }
    return 0;
}

static void appends_of_a_loop_arrive_together_when_it_is_idle(void **state) {
    (void)state;
    struct hg_task tasks[3];
    for (int i = 0; i < 3; i++) {
        hg_crossings_append(&crossings, loops[0], &tasks[i]);
        assert_null(hg_inbox_take(&in, 0));
    }
    hg_loop_turn(loops[0], true);
    struct hg_task *got = hg_inbox_take(&in, 0);
    for (int i = 0; i < 3; i++, got = got->next) {
        assert_ptr_equal(got, &tasks[i]);
    }
    assert_null(got);
    hg_crossings_append(&crossings, loops[0], &tasks[0]);
    hg_loop_turn(loops[0], true);
    assert_ptr_equal(hg_inbox_take(&in, 0), &tasks[0]);
}

static void an_unknown_loop_gathers_nothing(void **state) {
    (void)state;
    struct hg_task task;
    hg_crossings_append(&crossings, loops[1], &task);
    assert_ptr_equal(hg_inbox_take(&in, 0), &task);
}

static void on_answer(struct hg_task *task) {
    (void)task;
    n_run++;
}

static void answers_go_when_they_are_sent(void **state) {
    (void)state;
    struct hg_task tasks[3] = {{.run = on_answer}, {.run = on_answer}, {.run = on_answer}};
    hg_crossings_answer(&crossings, loops[0], &tasks[0]);
    hg_crossings_answer(&crossings, loops[0], &tasks[1]);
    hg_loop_turn(loops[0], false);
    assert_int_equal(n_run, 0);
    hg_crossings_send(&crossings);
    hg_crossings_send(&crossings);
    hg_loop_turn(loops[0], false);
    assert_int_equal(n_run, 2);
    hg_crossings_answer(&crossings, loops[1], &tasks[2]); /* of no known loop: at once */
    hg_loop_turn(loops[1], false);
    assert_int_equal(n_run, 3);
}

static void without_memory_there_are_none(void **state) {
    (void)state;
    struct hg_crossings none = {0};
    for (int n = 0; n < 2; n++) {
        hg_alloc_fail_after(n);
        assert_int_equal(hg_crossings_init(&none, loops, 2, &in), HG_ENOMEM);
    }
    hg_alloc_fail_after(-1);
    assert_int_equal(none.n, 0);
}

int test_crossing(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(appends_of_a_loop_arrive_together_when_it_is_idle, open_all,
                                        close_all),
        cmocka_unit_test_setup_teardown(an_unknown_loop_gathers_nothing, open_all, close_all),
        cmocka_unit_test_setup_teardown(answers_go_when_they_are_sent, open_all, close_all),
        cmocka_unit_test_setup_teardown(without_memory_there_are_none, open_all, close_all),
    };
    return cmocka_run_group_tests_name("log/crossing", tests, NULL, NULL);
}
