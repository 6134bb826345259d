/* SPDX-License-Identifier: Apache-2.0 */
#include "server/child.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>

#include "unit/server/rig.h"

static void one_that_keeps_dying_is_made_ever_later(void **state) {
    struct hg_child c = {.control_fd = -1};
    int64_t want = 50;
    (void)state;
    for (int i = 0; i < 12; i++) {
        hg_child_rest(&c, 1000);
        assert_int_equal(c.backoff_ms, want);
        assert_int_equal(c.restart_at_ms, 1000 + want);
        want = want * 2 < 10000 ? want * 2 : 10000;
    }
    assert_int_equal(c.backoff_ms, 10000);
}

static void one_that_served_is_needed_at_once(void **state) {
    static const struct {
        int64_t backoff_ms, served_ms, want;
    } cases[] = {
        {800, 8000, 1600}, /* as long as ten back-offs is not longer */
        {800, 8001, 50},   {10000, 10000, 10000}, {10000, 10001, 50}, {0, 0, 50},
    };
    (void)state;
    for (size_t i = 0; i < HG_COUNT(cases); i++) {
        struct hg_child c = {.backoff_ms = cases[i].backoff_ms, .served_since_ms = 5};
        hg_child_rest(&c, 5 + cases[i].served_ms);
        assert_int_equal(c.backoff_ms, cases[i].want);
    }
}

struct fixture {
    struct rig rig;
    struct hg_plan plan;
    struct hg_child child;
    int log_fd, status;
};

static void open_fixture(struct fixture *f) {
    *f = (struct fixture){.child = {.control_fd = -1, .restart_at_ms = 7}};
    rig_open(&f->rig);
    rig_write(&f->rig, "", "");
    rig_plan(&f->rig, &f->plan);
    int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    f->log_fd = fcntl(null_fd, F_DUPFD_CLOEXEC, 3);
    close(null_fd);
    fflush(NULL);
    assert_int_equal(hg_child_start(&f->child, f->plan.server, f->rig.registry, f->log_fd), 0);
}

static void shut(struct fixture *f) {
    close(f->log_fd);
    hg_plan_fini(&f->plan);
    rig_close(&f->rig);
}

static bool is_reaped(void *arg) {
    struct fixture *f = arg;
    return hg_child_reap(&f->child, &f->status);
}

static void a_child_is_made_seen_to_serve_and_dropped(void **state) {
    struct fixture f;
    (void)state;
    open_fixture(&f);
    assert_true(f.child.pid > 0 && f.child.control_fd >= 0);
    assert_int_equal(f.child.restart_at_ms, 0);
    assert_int_equal(f.child.served_since_ms, 0);
    hg_child_serves(&f.child);
    assert_true(f.child.served_since_ms > 0);
    hg_child_drop(&f.child);
    assert_int_equal(f.child.control_fd, -1);
    rig_until(is_reaped, &f);
    assert_int_equal(f.child.pid, 0);
    assert_true(WIFSIGNALED(f.status) && WTERMSIG(f.status) == SIGKILL);
    hg_child_drop(&f.child); /* nobody: nothing, and above all no signal to all */
    shut(&f);
}

static void its_last_word_may_be_read_when_it_is_gone(void **state) {
    struct fixture f;
    (void)state;
    open_fixture(&f);
    pid_t other = fork(); /* not ours: reaped, and not told */
    if (other == 0) {
        _exit(3);
    }
    assert_int_equal(kill(f.child.pid, SIGKILL), 0);
    rig_until(is_reaped, &f);
    struct pollfd fd = {.fd = f.child.control_fd, .events = POLLIN};
    assert_int_equal(poll(&fd, 1, 0), 1);
    hg_child_hang_up(&f.child);
    hg_child_hang_up(&f.child);
    while (waitpid(other, NULL, 0) > 0) {
    }
    shut(&f);
}

int test_child(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_keeps_dying_is_made_ever_later),
        cmocka_unit_test(one_that_served_is_needed_at_once),
        cmocka_unit_test(a_child_is_made_seen_to_serve_and_dropped),
        cmocka_unit_test(its_last_word_may_be_read_when_it_is_gone),
    };
    return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
