/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/loop/tests.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "loop/loop.h"
#include "unit/unit.h"

static struct hg_loop *loop;

/* One end of a socket pair, watched; the other is the peer's. */
struct side {
    struct hg_watch watch;
    int fds[2];
    int calls;
    unsigned ready;
    bool reads, ends_itself;
    struct side *ends;
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

static void close_side(struct side *s) {
    hg_watch_fini(&s->watch);
    close(s->fds[0]);
    close(s->fds[1]);
}

static void on_ready(void *arg, unsigned ready) {
    struct side *s = arg;
    s->calls++;
    s->ready |= ready;
    if (s->reads) {
        char bytes[64];
        ssize_t n = read(s->fds[0], bytes, sizeof(bytes));
        (void)n;
    }
    if (s->ends != NULL) {
        hg_watch_fini(&s->ends->watch);
    }
    if (s->ends_itself) {
        hg_watch_fini(&s->watch);
    }
}

static void open_side(struct side *s) {
    *s = (struct side){.reads = true};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, s->fds), 0);
    assert_int_equal(hg_watch_init(&s->watch, loop, s->fds[0], on_ready, s), 0);
}

static void send_byte(struct side *s) {
    assert_int_equal(write(s->fds[1], "x", 1), 1);
}

static void turn(void) {
    for (int i = 0; i < 2; i++) {
        hg_loop_turn(loop, false);
    }
}

static void nothing_is_told_before_it_is_wanted(void **state) {
    (void)state;
    struct side s;
    open_side(&s);
    send_byte(&s);
    turn();
    assert_int_equal(s.calls, 0);
    hg_watch_set(&s.watch, HG_WATCH_READ);
    hg_loop_turn(loop, true);
    assert_int_equal(s.calls, 1);
    assert_int_equal(s.ready, HG_WATCH_READ);
    turn();
    assert_int_equal(s.calls, 1);
    close_side(&s);
    hg_watch_fini(&s.watch);
}

static void readiness_is_told_as_long_as_it_lasts(void **state) {
    (void)state;
    struct side s;
    open_side(&s);
    s.reads = false;
    send_byte(&s);
    hg_watch_set(&s.watch, HG_WATCH_READ);
    hg_loop_turn(loop, true);
    hg_loop_turn(loop, true);
    hg_loop_turn(loop, true);
    assert_int_equal(s.calls, 3);
    close_side(&s);
}

static void wish_may_change_at_any_time(void **state) {
    (void)state;
    struct side s;
    open_side(&s);
    for (int i = 0; i < 3; i++) {
        s.ready = 0;
        hg_watch_set(&s.watch, HG_WATCH_READ);
        hg_watch_set(&s.watch, HG_WATCH_READ | HG_WATCH_WRITE);
        turn();
        assert_int_equal(s.ready, HG_WATCH_WRITE);
        s.ready = 0;
        hg_watch_set(&s.watch, HG_WATCH_READ);
        turn();
        assert_int_equal(s.ready, 0);
        hg_watch_set(&s.watch, HG_WATCH_WRITE);
        send_byte(&s);
        turn();
        assert_int_equal(s.ready, HG_WATCH_WRITE);
        s.ready = 0;
        hg_watch_set(&s.watch, 0);
        send_byte(&s);
        turn();
        assert_int_equal(s.ready, 0);
        hg_watch_set(&s.watch, HG_WATCH_READ);
        hg_watch_set(&s.watch, 0);
        turn();
        assert_int_equal(s.ready, 0);
        hg_watch_set(&s.watch, HG_WATCH_READ);
        turn();
        assert_int_equal(s.ready, HG_WATCH_READ);
    }
    close_side(&s);
}

static void both_are_told_in_one_call(void **state) {
    (void)state;
    struct side s;
    open_side(&s);
    send_byte(&s);
    hg_watch_set(&s.watch, HG_WATCH_READ | HG_WATCH_WRITE);
    hg_loop_turn(loop, true);
    assert_int_equal(s.calls, 1);
    assert_int_equal(s.ready, HG_WATCH_READ | HG_WATCH_WRITE);
    close_side(&s);
}

static void end_of_the_peer_is_readable(void **state) {
    (void)state;
    struct side s;
    open_side(&s);
    hg_watch_set(&s.watch, HG_WATCH_READ);
    close(s.fds[1]);
    hg_loop_turn(loop, true);
    assert_int_equal(s.ready, HG_WATCH_READ);
    hg_watch_fini(&s.watch);
    close(s.fds[0]);
}

static void watch_may_end_itself(void **state) {
    (void)state;
    struct side s;
    open_side(&s);
    s.ends_itself = true;
    send_byte(&s);
    hg_watch_set(&s.watch, HG_WATCH_READ);
    hg_loop_turn(loop, true);
    assert_int_equal(s.calls, 1);
    send_byte(&s);
    turn();
    assert_int_equal(s.calls, 1);
    close_side(&s);
}

static void watch_that_is_ready_may_be_ended_by_another(void **state) {
    (void)state;
    struct side a, b;
    open_side(&a);
    open_side(&b);
    a.ends = &b;
    b.ends = &a;
    send_byte(&a);
    send_byte(&b);
    hg_watch_set(&a.watch, HG_WATCH_READ);
    hg_watch_set(&b.watch, HG_WATCH_READ);
    hg_loop_turn(loop, true);
    turn();
    assert_int_equal(a.calls + b.calls, 1);
    close_side(&a);
    close_side(&b);
}

/* The number of a closed descriptor comes back at once with the next one. */
static void number_of_a_descriptor_may_come_back(void **state) {
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct side old, new;
        open_side(&old);
        hg_watch_set(&old.watch, HG_WATCH_READ | (i % 2 ? HG_WATCH_WRITE : 0));
        if (i % 3 != 0) {
            hg_loop_turn(loop, false);
        }
        close_side(&old);
        open_side(&new);
        assert_int_equal(new.fds[0], old.fds[0]);
        hg_watch_set(&new.watch, HG_WATCH_READ);
        turn();
        assert_int_equal(new.calls, 0);
        send_byte(&new);
        turn();
        assert_int_equal(new.calls, 1);
        close_side(&new);
    }
}

static struct side drained[2];

static void on_drain(void *arg, unsigned ready) {
    struct side *mine = arg, *other = mine == &drained[0] ? &drained[1] : &drained[0];
    mine->calls++;
    (void)ready;
    hg_watch_set(&other->watch, 0);
}

static void wish_that_was_taken_back_is_not_told_any_more(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        open_side(&drained[i]);
        hg_watch_fini(&drained[i].watch);
        assert_int_equal(
            hg_watch_init(&drained[i].watch, loop, drained[i].fds[0], on_drain, &drained[i]), 0);
        send_byte(&drained[i]);
        hg_watch_set(&drained[i].watch, HG_WATCH_READ);
    }
    hg_loop_turn(loop, true);
    assert_int_equal(drained[0].calls + drained[1].calls, 1);
    close_side(&drained[0]);
    close_side(&drained[1]);
}

static void watch_works_in_spite_of_missing_memory(void **state) {
    (void)state;
    struct hg_watch none;
    hg_alloc_fail_after(0);
    assert_int_equal(hg_watch_init(&none, loop, 0, on_ready, NULL), HG_ENOMEM);
    int failures = 0;
    for (int n = 0; n < 6; n++) {
        /* High numbers make the loop's tables grow. */
        struct side s;
        open_side(&s);
        hg_watch_fini(&s.watch);
        int high = fcntl(s.fds[0], F_DUPFD_CLOEXEC, 40 << n);
        assert_true(high > 0);
        close(s.fds[0]);
        s.fds[0] = high;
        assert_int_equal(hg_watch_init(&s.watch, loop, high, on_ready, &s), 0);
        send_byte(&s);
        hg_alloc_fail_after(n % 2);
        hg_watch_set(&s.watch, HG_WATCH_READ);
        for (int i = 0; i < 4; i++) {
            hg_loop_turn(loop, false);
        }
        failures += !hg_alloc_fail_is_pending();
        hg_alloc_fail_after(-1);
        assert_int_equal(s.calls, 1);
        close_side(&s);
    }
    assert_true(failures > 0);
}

int test_watch(void) {
#define WITH_LOOP(test) cmocka_unit_test_setup_teardown(test, open_loop, close_loop)
    const struct CMUnitTest tests[] = {
        WITH_LOOP(nothing_is_told_before_it_is_wanted),
        WITH_LOOP(readiness_is_told_as_long_as_it_lasts),
        WITH_LOOP(wish_may_change_at_any_time),
        WITH_LOOP(both_are_told_in_one_call),
        WITH_LOOP(end_of_the_peer_is_readable),
        WITH_LOOP(watch_may_end_itself),
        WITH_LOOP(watch_that_is_ready_may_be_ended_by_another),
        WITH_LOOP(number_of_a_descriptor_may_come_back),
        WITH_LOOP(wish_that_was_taken_back_is_not_told_any_more),
        WITH_LOOP(watch_works_in_spite_of_missing_memory),
    };
    return cmocka_run_group_tests_name("loop/watch", tests, NULL, NULL);
}
