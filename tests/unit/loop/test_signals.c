/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/loop/tests.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "loop/loop.h"
#include "unit/unit.h"

static int seen[2];

static void on_signal(void *arg, int signo) {
    int *count = arg;
    assert_int_equal(signo, count == &seen[0] ? SIGUSR1 : SIGUSR2);
    ++*count;
}

static void signals_run_on_the_loop(void **state) {
    (void)state;
    struct hg_loop *loop;
    assert_int_equal(hg_loop_new(0, &loop), 0);
    hg_loop_adopt(loop);
    assert_int_equal(hg_loop_on_signal(loop, SIGUSR1, on_signal, &seen[0]), 0);
    assert_int_equal(hg_loop_on_signal(loop, SIGUSR2, on_signal, &seen[1]), 0);
    for (int i = 1; i <= 3; i++) {
        raise(SIGUSR1);
        raise(SIGUSR2);
        int64_t deadline = hg_clock_mono_ms() + 60000;
        while ((seen[0] < i || seen[1] < i) && hg_clock_mono_ms() < deadline) {
            hg_loop_turn(loop, true);
        }
        assert_int_equal(seen[0], i);
        assert_int_equal(seen[1], i);
    }
    hg_loop_free(&loop);
}

static void child_that_frees_the_loop_leaves_the_parent_its_signals(void **state) {
    (void)state;
    struct hg_loop *loop;
    seen[0] = 0;
    assert_int_equal(hg_loop_new(0, &loop), 0);
    hg_loop_adopt(loop);
    assert_int_equal(hg_loop_on_signal(loop, SIGUSR1, on_signal, &seen[0]), 0);
    hg_loop_turn(loop, false);
    pid_t pid = fork();
    if (pid == 0) {
        hg_loop_free(&loop);
        struct sigaction now;
        sigaction(SIGUSR1, NULL, &now);
        _exit(now.sa_handler == SIG_DFL ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    raise(SIGUSR1);
    int64_t deadline = hg_clock_mono_ms() + 60000;
    while (seen[0] == 0 && hg_clock_mono_ms() < deadline) {
        hg_loop_turn(loop, false);
    }
    assert_int_equal(seen[0], 1);
    hg_loop_free(&loop);
}

static void wrong_signal_and_missing_memory_are_errors(void **state) {
    (void)state;
    struct hg_loop *loop;
    assert_int_equal(hg_loop_new(0, &loop), 0);
    hg_alloc_fail_after(0);
    assert_int_equal(hg_loop_on_signal(loop, SIGUSR1, on_signal, NULL), HG_ENOMEM);
    assert_int_equal(hg_loop_on_signal(loop, 10000, on_signal, NULL), HG_EIO);
    hg_loop_free(&loop);
}

int test_signals(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_run_on_the_loop),
        cmocka_unit_test(child_that_frees_the_loop_leaves_the_parent_its_signals),
        cmocka_unit_test(wrong_signal_and_missing_memory_are_errors),
    };
    return cmocka_run_group_tests_name("loop/signals", tests, NULL, NULL);
}
