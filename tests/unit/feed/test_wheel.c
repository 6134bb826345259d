/* SPDX-License-Identifier: Apache-2.0 */
/* test_wheel.c - coarse deadlines on one timer. */
#include "unit/unit.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "feed/wheel.h"
#include "loop/loop.h"
#include "unit/feed/tests.h"

enum { DEADLINE_MS = 10000, ITEMS = 40 };

struct rig {
    struct hg_loop *loop;
    struct hg_feed__wheel wheel;
    struct item {
        struct hg_feed__due due;
        int64_t fired_ms;
        int n_fired;
        int again; /* how often it wants to be added again */
        struct item *victim;
    } items[ITEMS];
    int n_fired;
};

static void on_due(void *arg, struct hg_feed__due *due) {
    struct rig *rig = arg;
    struct item *it = HG_CONTAINER(due, struct item, due);
    it->fired_ms = hg_loop_now_ms(rig->loop);
    it->n_fired++;
    rig->n_fired++;
    if (it->victim) {
        hg_feed__wheel_remove(&rig->wheel, &it->victim->due);
    }
    if (it->again > 0) {
        it->again--;
        hg_feed__wheel_add(&rig->wheel, due, 100);
    }
}

static int set_up(void **state) {
    struct rig *rig = hg_try_alloc(sizeof(*rig));
    assert_int_equal(hg_loop_new(0, &rig->loop), 0);
    hg_loop_adopt(rig->loop);
    assert_int_equal(hg_feed__wheel_init(&rig->wheel, rig->loop, on_due, rig), 0);
    *state = rig;
    return 0;
}

static int tear_down(void **state) {
    struct rig *rig = *state;
    hg_feed__wheel_fini(&rig->wheel);
    hg_loop_free(&rig->loop);
    hg_free(rig);
    return 0;
}

static void turn_until(struct rig *rig, int n_fired) {
    int64_t deadline = hg_clock_mono_ms() + DEADLINE_MS;
    while (rig->n_fired < n_fired) {
        assert_true(hg_clock_mono_ms() < deadline);
        hg_loop_turn(rig->loop, true);
    }
}

static void nothing_fires_early_or_much_too_late(void **state) {
    struct rig *rig = *state;
    int64_t begin = hg_loop_now_ms(rig->loop);
    for (int i = 0; i < ITEMS; i++) {
        hg_feed__wheel_add(&rig->wheel, &rig->items[i].due, i * 17);
    }
    turn_until(rig, ITEMS);
    for (int i = 0; i < ITEMS; i++) {
        assert_int_equal(rig->items[i].n_fired, 1);
        assert_true(rig->items[i].fired_ms >= begin + i * 17);
        assert_true(rig->items[i].fired_ms < begin + i * 17 + 3 * HG_FEED__TICK_MS + 200);
    }
    assert_int_equal(rig->wheel.n, 0);
}

static void what_is_due_a_turn_later_stays(void **state) {
    struct rig *rig = *state;
    int64_t a_turn = (int64_t)HG_FEED__WHEEL_SLOTS * HG_FEED__TICK_MS;
    hg_feed__wheel_add(&rig->wheel, &rig->items[0].due, 150 + a_turn); /* the same slot */
    hg_feed__wheel_add(&rig->wheel, &rig->items[1].due, 150);
    turn_until(rig, 1);
    assert_int_equal(rig->items[1].n_fired, 1);
    assert_int_equal(rig->items[0].n_fired, 0);
    assert_int_equal(rig->wheel.n, 1);
    hg_feed__wheel_remove(&rig->wheel, &rig->items[0].due);
    assert_int_equal(rig->wheel.n, 0);
}

static void due_may_add_itself_again(void **state) {
    struct rig *rig = *state;
    rig->items[0].again = 2;
    hg_feed__wheel_add(&rig->wheel, &rig->items[0].due, 10);
    turn_until(rig, 3);
    assert_int_equal(rig->items[0].n_fired, 3);
}

static void due_may_remove_another_of_its_tick(void **state) {
    struct rig *rig = *state;
    rig->items[0].victim = &rig->items[1];
    rig->items[1].victim = &rig->items[0];
    hg_feed__wheel_add(&rig->wheel, &rig->items[0].due, 50);
    hg_feed__wheel_add(&rig->wheel, &rig->items[1].due, 50);
    hg_feed__wheel_add(&rig->wheel, &rig->items[2].due, 300);
    turn_until(rig, 2);
    assert_int_equal(rig->items[0].n_fired + rig->items[1].n_fired, 1);
    assert_int_equal(rig->items[2].n_fired, 1);
}

static void second_add_moves_it(void **state) {
    struct rig *rig = *state;
    int64_t begin = hg_loop_now_ms(rig->loop);
    hg_feed__wheel_add(&rig->wheel, &rig->items[0].due, 10);
    hg_feed__wheel_add(&rig->wheel, &rig->items[0].due, 400);
    assert_int_equal(rig->wheel.n, 1);
    turn_until(rig, 1);
    assert_true(rig->items[0].fired_ms >= begin + 400);
}

static void removing_what_does_not_wait_is_harmless(void **state) {
    struct rig *rig = *state;
    hg_feed__wheel_remove(&rig->wheel, &rig->items[0].due);
    hg_feed__wheel_add(&rig->wheel, &rig->items[0].due, 10);
    hg_feed__wheel_remove(&rig->wheel, &rig->items[0].due);
    hg_feed__wheel_remove(&rig->wheel, &rig->items[0].due);
    assert_int_equal(rig->wheel.n, 0);
}

static void loop_that_stood_still_misses_nobody(void **state) {
    struct rig *rig = *state;
    for (int i = 0; i < ITEMS; i++) {
        hg_feed__wheel_add(&rig->wheel, &rig->items[i].due, 200 + i);
    }
    rig->wheel.tick -= 3 * HG_FEED__WHEEL_SLOTS; /* as if no tick had come for long */
    turn_until(rig, ITEMS);
    assert_int_equal(rig->wheel.n, 0);
}

static void wheel_needs_memory_for_its_timer(void **state) {
    struct rig *rig = *state;
    struct hg_feed__wheel w;
    hg_alloc_fail_after(0);
    assert_int_equal(hg_feed__wheel_init(&w, rig->loop, on_due, rig), HG_ENOMEM);
    hg_alloc_fail_after(-1);
}

int test_wheel(void) {
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_RIG(nothing_fires_early_or_much_too_late),
        WITH_RIG(what_is_due_a_turn_later_stays),
        WITH_RIG(due_may_add_itself_again),
        WITH_RIG(due_may_remove_another_of_its_tick),
        WITH_RIG(second_add_moves_it),
        WITH_RIG(removing_what_does_not_wait_is_harmless),
        WITH_RIG(loop_that_stood_still_misses_nobody),
        WITH_RIG(wheel_needs_memory_for_its_timer),
    };
#undef WITH_RIG
    return cmocka_run_group_tests_name("feed/wheel", tests, NULL, NULL);
}
