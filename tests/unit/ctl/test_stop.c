/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/stop.h"

#include <stdlib.h>

#include "unit/ctl/tests.h"

/* Signals belong to a process: each case is one of its own. */
static int status_of(void (*fn)(void)) {
    pid_t pid = fork();
    if (pid == 0) {
        fn();
        _exit(0);
    }
    int status = -1;
    assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
    return status;
}

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            _exit(__LINE__ % 200 + 1);                                                             \
        }                                                                                          \
    } while (0)

static void catch_and_die(void) {
    int fd = hg_ctl_stop_open();
    CHECK(fd >= 0);
    CHECK(!hg_ctl_stop_wait(fd, 0));
    CHECK(hg_ctl_stop_take(fd) == 0);
    kill(getpid(), SIGINT);
    CHECK(hg_ctl_stop_wait(fd, 10000));
    CHECK(hg_ctl_stop_wait(fd, 0));
    CHECK(hg_ctl_stop_take(fd) == SIGINT);
    CHECK(!hg_ctl_stop_wait(fd, 1));
    hg_ctl_stop_die(SIGINT);
}

static void a_signal_is_read_and_then_died_of(void **state) {
    (void)state;
    int status = status_of(catch_and_die);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGINT);
}

static void ignore_and_live(void) {
    signal(SIGINT, SIG_IGN);
    int fd = hg_ctl_stop_open();
    kill(getpid(), SIGINT);
    CHECK(!hg_ctl_stop_wait(fd, 0));
    kill(getpid(), SIGTERM);
    CHECK(hg_ctl_stop_take(fd) == SIGTERM);
}

static void what_was_ignored_at_the_start_stays_ignored(void **state) {
    (void)state;
    assert_int_equal(status_of(ignore_and_live), 0);
}

static void write_to_nobody(void) {
    int fds[2];
    CHECK(hg_ctl_stop_open() >= 0 && pipe(fds) == 0);
    close(fds[0]);
    CHECK(write(fds[1], "x", 1) == -1);
    hg_ctl_stop_die(SIGPIPE);
}

static void a_closed_pipe_kills_only_when_we_say_so(void **state) {
    (void)state;
    int status = status_of(write_to_nobody);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGPIPE);
}

int test_stop(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signal_is_read_and_then_died_of),
        cmocka_unit_test(what_was_ignored_at_the_start_stays_ignored),
        cmocka_unit_test(a_closed_pipe_kills_only_when_we_say_so),
    };
    return cmocka_run_group_tests_name("stop", tests, NULL, NULL);
}
