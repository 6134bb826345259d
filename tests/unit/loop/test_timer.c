/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/loop/tests.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "loop/loop.h"
#include "unit/unit.h"

static struct hg_loop *loop;

struct shot {
    struct hg_timer *timer;
    int fired;
    int64_t at_ms;
    bool frees_itself;
};

static int open_loop(void **state) {
    (void)state;
    if (hg_loop_new(0, &loop) != 0) {
        return -1;
    }
    hg_loop_adopt(loop);
    return 0;
}

static int close_loop(void **state) {
    (void)state;
    hg_loop_free(&loop);
    return 0;
}

static void on_shot(void *arg) {
    struct shot *s = arg;
    s->fired++;
    s->at_ms = hg_loop_now_ms(loop);
    if (s->frees_itself) {
        hg_timer_free(&s->timer);
    }
}

static struct shot new_shot(struct shot *s) {
    *s = (struct shot){.timer = hg_timer_new(loop, on_shot, s)};
    assert_non_null(s->timer);
    return *s;
}

/* Turns the loop until *count is n; a minute is for a machine that crawls. */
static void turn_until(const int *count, int n) {
    int64_t deadline = hg_clock_mono_ms() + 60000;
    while (*count < n && hg_clock_mono_ms() < deadline) {
        hg_loop_turn(loop, true);
    }
    assert_int_equal(*count, n);
}

static void timer_fires_once_and_never_early(void **state) {
    (void)state;
    struct shot s;
    new_shot(&s);
    for (int ms = 0; ms < 12; ms++) {
        s.fired = 0;
        hg_loop_turn(loop, false);
        int64_t start = hg_loop_now_ms(loop);
        hg_timer_start(s.timer, ms);
        turn_until(&s.fired, 1);
        assert_true(s.at_ms - start >= ms);
        assert_true(s.at_ms <= hg_clock_mono_ms());
        for (int i = 0; i < 3; i++) {
            hg_loop_turn(loop, false);
        }
        assert_int_equal(s.fired, 1);
    }
    hg_timer_free(&s.timer);
    assert_null(s.timer);
    hg_timer_free(&s.timer);
}

static void timers_fire_in_the_order_of_their_times(void **state) {
    (void)state;
    struct shot late, soon;
    new_shot(&late);
    new_shot(&soon);
    hg_timer_start(late.timer, 40);
    hg_timer_start(soon.timer, 1);
    turn_until(&soon.fired, 1);
    assert_int_equal(late.fired, 0);
    turn_until(&late.fired, 1);
    assert_int_equal(soon.fired, 1);
    hg_timer_free(&late.timer);
    hg_timer_free(&soon.timer);
}

static void second_start_moves_the_timer(void **state) {
    (void)state;
    struct shot s, mark;
    new_shot(&s);
    new_shot(&mark);
    hg_timer_start(s.timer, 1);
    hg_timer_start(s.timer, 3600000);
    hg_timer_start(mark.timer, 15);
    turn_until(&mark.fired, 1);
    assert_int_equal(s.fired, 0);
    hg_timer_start(s.timer, 1);
    turn_until(&s.fired, 1);
    hg_timer_free(&s.timer);
    hg_timer_free(&mark.timer);
}

static void stopped_timer_does_not_fire(void **state) {
    (void)state;
    struct shot s, mark;
    new_shot(&s);
    new_shot(&mark);
    hg_timer_stop(s.timer);
    hg_timer_start(s.timer, 1);
    hg_timer_start(mark.timer, 15);
    hg_timer_stop(s.timer);
    hg_timer_stop(s.timer);
    turn_until(&mark.fired, 1);
    assert_int_equal(s.fired, 0);
    hg_timer_free(&s.timer);
    hg_timer_free(&mark.timer);
}

static void timer_may_free_itself(void **state) {
    (void)state;
    struct shot s;
    new_shot(&s);
    s.frees_itself = true;
    hg_timer_start(s.timer, 0);
    turn_until(&s.fired, 1);
    assert_null(s.timer);
}

static struct shot pair[2];

static void on_pair(void *arg) {
    struct shot *mine = arg, *other = mine == &pair[0] ? &pair[1] : &pair[0];
    mine->fired++;
    hg_timer_free(&other->timer);
}

static void timer_that_is_due_may_be_freed_by_another(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        pair[i] = (struct shot){.timer = hg_timer_new(loop, on_pair, &pair[i])};
        hg_timer_start(pair[i].timer, 0);
    }
    int64_t start = hg_clock_mono_ms();
    while (hg_clock_mono_ms() < start + 3) {
    }
    for (int i = 0; i < 3; i++) {
        hg_loop_turn(loop, false);
    }
    assert_int_equal(pair[0].fired + pair[1].fired, 1);
    hg_timer_free(&pair[0].timer);
    hg_timer_free(&pair[1].timer);
}

static void absurd_times_are_taken_as_never_and_now(void **state) {
    (void)state;
    struct shot never, now;
    new_shot(&never);
    new_shot(&now);
    hg_timer_start(never.timer, INT64_MAX);
    hg_timer_start(now.timer, INT64_MIN);
    turn_until(&now.fired, 1);
    hg_loop_turn(loop, false);
    assert_int_equal(never.fired, 0);
    hg_timer_free(&never.timer);
    hg_timer_free(&now.timer);
}

static void timer_fires_in_spite_of_missing_memory(void **state) {
    (void)state;
    hg_alloc_fail_after(0);
    assert_null(hg_timer_new(loop, on_shot, NULL));
    struct shot s, mark;
    new_shot(&s);
    new_shot(&mark);
    hg_alloc_fail_after(0); /* the first timer of a loop needs memory */
    hg_loop_turn(loop, false);
    int64_t start = hg_loop_now_ms(loop);
    hg_timer_start(s.timer, 10);
    assert_false(hg_alloc_fail_is_pending());
    turn_until(&s.fired, 1);
    assert_true(s.at_ms - start >= 10);
    hg_timer_free(&s.timer);
    hg_timer_free(&mark.timer);
}

int test_timer(void) {
#define WITH_LOOP(test) cmocka_unit_test_setup_teardown(test, open_loop, close_loop)
    const struct CMUnitTest tests[] = {
        WITH_LOOP(timer_fires_once_and_never_early),
        WITH_LOOP(timers_fire_in_the_order_of_their_times),
        WITH_LOOP(second_start_moves_the_timer),
        WITH_LOOP(stopped_timer_does_not_fire),
        WITH_LOOP(timer_may_free_itself),
        WITH_LOOP(timer_that_is_due_may_be_freed_by_another),
        WITH_LOOP(absurd_times_are_taken_as_never_and_now),
        WITH_LOOP(timer_fires_in_spite_of_missing_memory),
    };
    return cmocka_run_group_tests_name("loop/timer", tests, NULL, NULL);
}
