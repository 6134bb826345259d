/* SPDX-License-Identifier: Apache-2.0 */
#include "server/keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/logfile.h"
#include "unit/server/rig.h"

/* A keeper with a real worker, whose poll is the test. */
struct fixture {
    struct rig rig;
    struct hg_keeper keeper;
};

static void open_with(struct fixture *f, const char *main_text) {
    struct hg_why why = {""};
    struct hg_keeper *k = &f->keeper;
    *f = (struct fixture){.keeper = {.child = {.control_fd = -1},
                                     .reload = {.log_fd = -1},
                                     .sockets = {.is_owner = true}}};
    rig_open(&f->rig);
    rig_write(&f->rig, main_text, "");
    k->args = &f->rig.args;
    k->registry = f->rig.registry;
    rig_plan(&f->rig, &k->plan);
    assert_int_equal(mkdir(rig_path(&f->rig, "events"), 0700), 0);
    assert_int_equal(hg_sockets_open(&k->sockets, k->plan.site, k->plan.server->admin, 2, &why), 0);
    int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    k->log_fd = fcntl(null_fd, F_DUPFD_CLOEXEC, 3);
    close(null_fd);
    hg_logfile_set(k->log_fd); /* whose it is from now on */
    fflush(NULL);
}

/* What a master does between two events. */
static void turn(struct hg_keeper *k) {
    struct pollfd fd = {.fd = k->child.control_fd, .events = POLLIN};
    int wait = hg_keeper_wait_ms(k);
    poll(&fd, 1, wait < 0 || wait > 10 ? 10 : wait);
    if (fd.revents != 0) {
        hg_keeper_on_control(k);
    }
    hg_keeper_on_child(k);
    hg_keeper_on_time(k);
}

static bool is_serving(void *arg) {
    struct fixture *f = arg;
    turn(&f->keeper);
    return f->keeper.child.pid > 0 && f->keeper.child.served_since_ms > 0;
}

static bool is_over(void *arg) {
    struct fixture *f = arg;
    turn(&f->keeper);
    return hg_keeper_is_over(&f->keeper);
}

static bool is_idle(void *arg) {
    struct fixture *f = arg;
    turn(&f->keeper);
    return !f->keeper.reload.is_under_way;
}

static void shut(struct fixture *f) {
    hg_keeper_leave(&f->keeper, 1000);
    rig_until(is_over, f);
    hg_sockets_fini(&f->keeper.sockets);
    hg_plan_fini(&f->keeper.plan);
    rig_close(&f->rig);
}

static void start(struct fixture *f, const char *main_text) {
    open_with(f, main_text);
    hg_keeper_start(&f->keeper);
    rig_until(is_serving, f);
}

/* A caller; what it is told is read from the other end. */
static int ask(struct fixture *f) {
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    hg_keeper_reload(&f->keeper, pair[1]);
    return pair[0];
}

static void assert_told(int fd, const char *part) {
    char text[4096];
    ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_WAITALL);
    assert_true(n >= 0);
    text[n] = 0;
    if (part[0] == 0 || strstr(text, part) == NULL) {
        assert_string_equal(text, part);
    }
    close(fd);
}

static void a_worker_is_started_and_started_again_when_it_dies(void **state) {
    struct fixture f;
    (void)state;
    start(&f, "");
    pid_t first = f.keeper.child.pid;
    assert_int_equal(rig_get(f.rig.port, "/hello", NULL), 200);
    assert_int_equal(kill(first, SIGKILL), 0);
    while (f.keeper.child.pid == first) {
        turn(&f.keeper);
    }
    assert_true(rig_connects(f.rig.port)); /* and meanwhile nobody is refused */
    rig_until(is_serving, &f);
    assert_int_not_equal(f.keeper.child.pid, first);
    assert_int_equal(rig_get(f.rig.port, "/hello", NULL), 200);
    shut(&f);
    assert_int_equal(f.keeper.status, 0);
}

static int refuse_first(void *arg) {
    struct fixture *f = arg;
    hg_keeper_start(&f->keeper);
    while (!hg_keeper_is_over(&f->keeper)) {
        turn(&f->keeper);
    }
    return f->keeper.status;
}

static int log_and_refuse_first(void *arg) {
    struct fixture *f = arg;
    hg_logfile_set(open(rig_path(&f->rig, "log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    return refuse_first(f);
}

static void the_first_that_is_refused_ends_all_and_says_why(void **state) {
    struct fixture f;
    char *said;
    (void)state;
    open_with(&f, "");
    assert_int_equal(rmdir(rig_path(&f.rig, "events")), 0);
    assert_int_equal(rig_capture(log_and_refuse_first, &f, &said), 1);
    assert_non_null(strstr(said, "test.conf:8: event_log: "));
    free(said);
    said = rig_read_file(rig_path(&f.rig, "log"));
    assert_null(strstr(said, "worker_ended")); /* that is no news */
    free(said);
    shut(&f);
}

/* Dies while its generation waits for the file. */
static int die_first(void *arg) {
    struct fixture *f = arg;
    hg_logfile_set(open(rig_path(&f->rig, "log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    signal(SIGBUS, SIG_DFL); /* the test's own would live on in the worker */
    hg_keeper_start(&f->keeper);
    kill(f->keeper.child.pid, SIGBUS);
    while (!hg_keeper_is_over(&f->keeper)) {
        turn(&f->keeper);
    }
    return f->keeper.status;
}

static void the_first_that_dies_is_told_with_its_signal(void **state) {
    struct fixture f;
    char text[256], *said;
    (void)state;
    open_with(&f, "");
    snprintf(text, sizeof(text), "load_module " TEST_SUPPORT "/stall.so; stall %s/stall;",
             f.rig.dir);
    rig_put_file(&f.rig, "stall", "");
    rig_write(&f.rig, text, "");
    hg_plan_fini(&f.keeper.plan);
    rig_plan(&f.rig, &f.keeper.plan);
    assert_int_equal(rig_capture(die_first, &f, &said), 1);
    if (strstr(said, "the worker died before it served: killed by SIGBUS: a page") == NULL) {
        fail_msg("%s", said);
    }
    free(said);
    said = rig_read_file(rig_path(&f.rig, "log"));
    assert_non_null(strstr(said, "worker_ended"));
    assert_non_null(strstr(said, "signal=7 why=killed by SIGBUS: "));
    free(said);
    shut(&f);
}

static void callers_hear_what_became_of_their_reload(void **state) {
    struct fixture f;
    (void)state;
    start(&f, "");
    rig_write(&f.rig, "", "location = /new { hello x; }");
    int fd = ask(&f);
    rig_until(is_idle, &f);
    assert_told(fd, "");
    assert_int_equal(rig_get(f.rig.port, "/new", NULL), 200);
    rig_write(&f.rig, "oops;", "");
    assert_told(ask(&f), "oops: unknown directive");
    rig_write(&f.rig, "window 1m;", ""); /* which the worker alone refuses */
    fd = ask(&f);
    rig_until(is_idle, &f);
    assert_told(fd, "window: ");
    assert_int_equal(rig_get(f.rig.port, "/new", NULL), 200);
    shut(&f);
}

/* A generation that is not ready while the file "stall" is there. */
static void write_stalled(const struct fixture *f) {
    char text[512];
    snprintf(text, sizeof(text),
             "reload_timeout 100ms; load_module " TEST_SUPPORT "/stall.so; "
             "stall %s/stall;",
             f->rig.dir);
    rig_put_file(&f->rig, "stall", "");
    rig_write(&f->rig, text, "location = /new { hello x; }");
}

static bool is_late(void *arg) {
    struct fixture *f = arg;
    turn(&f->keeper);
    return f->keeper.verdict_at_ms == 0;
}

static void without_a_verdict_the_worker_serves_on_and_may_still_give_it(void **state) {
    struct fixture f;
    (void)state;
    start(&f, "reload_timeout 100ms;");
    write_stalled(&f);
    int first = ask(&f), second = ask(&f);
    rig_until(is_late, &f);
    assert_told(first, "the worker has not said within 100 ms");
    assert_told(second, "the worker has not said within 100 ms");
    assert_told(ask(&f), "has not said yet");
    assert_int_equal(rig_get(f.rig.port, "/hello", NULL), 200);
    assert_true(f.keeper.reload.is_under_way);
    unlink(rig_path(&f.rig, "stall"));
    rig_until(is_idle, &f); /* the one that was late, and the one that was asked for behind it */
    assert_int_equal(rig_get(f.rig.port, "/new", NULL), 200);
    shut(&f);
}

static void who_asks_meanwhile_is_served_next(void **state) {
    struct fixture f;
    (void)state;
    start(&f, "reload_timeout 1m;");
    write_stalled(&f);
    int first = ask(&f);
    assert_true(f.keeper.reload.is_under_way);
    rig_write(&f.rig, "oops;", "");
    int second = ask(&f);
    unlink(rig_path(&f.rig, "stall"));
    rig_until(is_idle, &f);
    assert_told(first, "");
    assert_told(second, "oops: unknown directive");
    shut(&f);
}

static void a_stop_waits_for_no_verdict(void **state) {
    struct fixture f;
    (void)state;
    start(&f, "reload_timeout 1m;");
    write_stalled(&f);
    int first = ask(&f), second = ask(&f);
    size_t sockets = f.keeper.reload.first;
    hg_keeper_leave(&f.keeper, 1);
    assert_told(first, "the gateway is stopping");
    assert_told(second, "the gateway is stopping");
    assert_true(f.keeper.sockets.n <= sockets);
    rig_until(is_over, &f);
    shut(&f);
}

static void while_it_is_away_a_reload_is_refused(void **state) {
    struct fixture f;
    (void)state;
    start(&f, "");
    kill(f.keeper.child.pid, SIGKILL);
    while (f.keeper.child.pid > 0) {
        turn(&f.keeper);
    }
    assert_told(ask(&f), "there is no worker just now");
    rig_until(is_serving, &f);
    shut(&f);
}

static void the_next_event_is_what_is_waited_for(void **state) {
    struct hg_keeper k = {.child = {.control_fd = -1}};
    int64_t now = hg_clock_mono_ms();
    (void)state;
    assert_int_equal(hg_keeper_wait_ms(&k), -1);
    k.child.restart_at_ms = now + 60000;
    k.verdict_at_ms = now + 30000;
    int wait = hg_keeper_wait_ms(&k);
    assert_true(wait > 20000 && wait <= 30000);
    k.kill_at_ms = now - 1;
    assert_int_equal(hg_keeper_wait_ms(&k), 0);
    k.kill_at_ms = k.verdict_at_ms = 0;
    k.is_leaving = true; /* nobody is made any more */
    assert_int_equal(hg_keeper_wait_ms(&k), -1);
    assert_true(hg_keeper_is_over(&k));
}

int test_keeper(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_is_started_and_started_again_when_it_dies),
        cmocka_unit_test(the_first_that_is_refused_ends_all_and_says_why),
        cmocka_unit_test(the_first_that_dies_is_told_with_its_signal),
        cmocka_unit_test(callers_hear_what_became_of_their_reload),
        cmocka_unit_test(without_a_verdict_the_worker_serves_on_and_may_still_give_it),
        cmocka_unit_test(who_asks_meanwhile_is_served_next),
        cmocka_unit_test(a_stop_waits_for_no_verdict),
        cmocka_unit_test(while_it_is_away_a_reload_is_refused),
        cmocka_unit_test(the_next_event_is_what_is_waited_for),
    };
    return cmocka_run_group_tests_name("keeper", tests, NULL, NULL);
}
