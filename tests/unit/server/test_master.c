/* SPDX-License-Identifier: Apache-2.0 */
#include "server/master.h"

#include <stdio.h>
#include <stdlib.h>

#include "server/command.h"
#include "unit/server/rig.h"

static int run(void *arg) {
    const struct rig *rig = arg;
    return hg_master_run(&rig->args);
}

static pid_t start(struct rig *rig) {
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(run(rig));
    }
    return pid;
}

static int end(pid_t pid) {
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool is_ready(void *arg) {
    const struct rig *rig = arg;
    return rig_get(rig->admin, "/readyz", NULL) == 200;
}

static int say(struct rig *rig, const char *word) {
    return hg_command_send(hg_slice_of(rig_path(rig, "pid")), word, 10000);
}

static bool is_reopened(void *arg) {
    return access(rig_path(arg, "errors"), F_OK) == 0;
}

static void each_word_is_obeyed(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig);
    rig_write(&rig, "", "");
    pid_t pid = start(&rig);
    rig_until(is_ready, &rig);
    rig_write(&rig, "", "location = /new { hello x; }");
    assert_int_equal(say(&rig, "reload"), 0);
    assert_int_equal(rig_get(rig.port, "/new", NULL), 200);
    unlink(rig_path(&rig, "errors"));
    assert_int_equal(say(&rig, "reopen"), 0);
    rig_until(is_reopened, &rig);
    assert_int_equal(say(&rig, "nonsense"), 1);
    assert_int_equal(say(&rig, "quit"), 0);
    assert_int_equal(end(pid), 0);
    assert_int_equal(access(rig_path(&rig, "pid"), F_OK), -1);
    assert_int_equal(access(rig_path(&rig, "pid.sock"), F_OK), -1);
    rig_close(&rig);
}

static bool has_new(void *arg) {
    const struct rig *rig = arg;
    return rig_get(rig->port, "/new", NULL) == 200;
}

static void each_signal_is_obeyed(void **state) {
    static const int ends[] = {SIGTERM, SIGINT, SIGQUIT};
    (void)state;
    for (size_t i = 0; i < HG_COUNT(ends); i++) {
        struct rig rig;
        rig_open(&rig);
        rig_write(&rig, "", "");
        pid_t pid = start(&rig);
        rig_until(is_ready, &rig);
        rig_write(&rig, "", "location = /new { hello x; }");
        kill(pid, SIGHUP);
        rig_until(has_new, &rig);
        unlink(rig_path(&rig, "errors"));
        kill(pid, SIGUSR1);
        rig_until(is_reopened, &rig);
        kill(pid, ends[i]);
        assert_int_equal(end(pid), 0);
        rig_close(&rig);
    }
}

static void assert_start_fails(struct rig *rig, const char *part) {
    char *said;
    assert_int_equal(rig_capture(run, rig, &said), 1);
    if (strstr(said, part) == NULL) {
        assert_string_equal(said, part);
    }
    free(said);
}

static void a_start_that_fails_says_why_and_leaves_nothing(void **state) {
    struct rig rig;
    char text[128];
    (void)state;
    rig_open(&rig);
    rig_write(&rig, "oops;", "");
    assert_start_fails(&rig, "test.conf:11: oops: unknown directive");
    rig_write(&rig, "", "listen 192.0.2.1:1;");
    assert_start_fails(&rig, "listen 192.0.2.1:1: Cannot assign requested address");
    assert_int_equal(access(rig_path(&rig, "pid"), F_OK), -1);
    snprintf(text, sizeof(text), "access_log %s/none/a.log;", rig.dir);
    rig_write(&rig, "", text);
    assert_start_fails(&rig, "none/a.log: No such file or directory");
    assert_int_equal(access(rig_path(&rig, "pid"), F_OK), -1);
    assert_int_equal(access(rig_path(&rig, "pid.sock"), F_OK), -1);
    rig_close(&rig);
}

int test_master(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_word_is_obeyed),
        cmocka_unit_test(each_signal_is_obeyed),
        cmocka_unit_test(a_start_that_fails_says_why_and_leaves_nothing),
    };
    return cmocka_run_group_tests_name("master", tests, NULL, NULL);
}
