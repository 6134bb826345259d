/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/base/tests.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#include "base/clock.h"
#include "headgate/thread.h"
#include "unit/unit.h"

static void *look_at_mask(void *arg) {
    (void)pthread_sigmask(SIG_SETMASK, NULL, arg);
    return NULL;
}

static void a_thread_has_its_signals_blocked_and_its_maker_has_not(void **state) {
    (void)state;
    pthread_t thread;
    sigset_t of_thread, mine;
    (void)sigemptyset(&of_thread);
    assert_int_equal(hg_thread_start(&thread, look_at_mask, &of_thread), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &mine), 0);
    assert_int_equal(sigismember(&of_thread, SIGTERM), 1);
    assert_int_equal(sigismember(&of_thread, SIGHUP), 1);
    assert_int_equal(sigismember(&mine, SIGTERM), 0);
}

static void a_condition_is_waited_for_by_the_monotonic_clock(void **state) {
    (void)state;
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t cond;
    hg_cond_init(&cond);
    int64_t end_ms = hg_clock_mono_ms() + 20;
    struct timespec end = {end_ms / 1000, end_ms % 1000 * 1000000};
    assert_int_equal(pthread_mutex_lock(&lock), 0);
    int rc = 0;
    while (rc == 0) {
        rc = pthread_cond_timedwait(&cond, &lock, &end);
    }
    assert_int_equal(rc, ETIMEDOUT);
    assert_true(hg_clock_mono_ms() >= end_ms);
    (void)pthread_mutex_unlock(&lock);
    (void)pthread_cond_destroy(&cond);
}

int test_thread(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_has_its_signals_blocked_and_its_maker_has_not),
        cmocka_unit_test(a_condition_is_waited_for_by_the_monotonic_clock),
    };
    return cmocka_run_group_tests_name("base/thread", tests, NULL, NULL);
}
