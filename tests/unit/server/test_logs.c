/* SPDX-License-Identifier: Apache-2.0 */
#include "server/logs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/logfile.h"
#include "unit/server/rig.h"

struct fixture {
    struct rig rig;
    struct hg_plan plan;
};

static void open_with(struct fixture *f, const char *main_text, const char *server_text) {
    rig_open(&f->rig);
    rig_write(&f->rig, main_text, server_text);
    rig_plan(&f->rig, &f->plan);
}

static void shut(struct fixture *f) {
    hg_plan_fini(&f->plan);
    rig_close(&f->rig);
}

static void the_error_log_is_appended_to(void **state) {
    struct fixture f;
    struct hg_why why = {""};
    int fd;
    (void)state;
    open_with(&f, "", "");
    rig_put_file(&f.rig, "errors", "before\n");
    assert_int_equal(hg_logs_open_error(f.plan.server, &fd, &why), 0);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(write(fd, "after\n", 6), 6);
    close(fd);
    char *text = rig_read_file(rig_path(&f.rig, "errors"));
    assert_string_equal(text, "before\nafter\n");
    free(text);
    unlink(rig_path(&f.rig, "errors"));
    assert_int_equal(mkdir(rig_path(&f.rig, "errors"), 0700), 0);
    assert_int_equal(hg_logs_open_error(f.plan.server, &fd, &why), HG_EIO);
    assert_non_null(strstr(why.text, "/errors: Is a directory"));
    assert_memory_equal(why.text, "error_log: ", 11);
    shut(&f);
}

static void each_access_log_is_opened_once(void **state) {
    struct fixture f;
    struct hg_why why = {""};
    struct hg_bundle_log *logs;
    char text[512];
    size_t n;
    (void)state;
    open_with(&f, "", "");
    snprintf(text, sizeof(text),
             "access_log %s/a.log; location = /1 { hello x; access_log %s/b.log; } "
             "location = /2 { hello x; access_log %s/b.log; } "
             "location = /3 { hello x; access_log off; }",
             f.rig.dir, f.rig.dir, f.rig.dir);
    hg_plan_fini(&f.plan);
    rig_write(&f.rig, "", text);
    rig_plan(&f.rig, &f.plan);
    size_t before = rig_descriptors();
    assert_int_equal(hg_logs_open_access(f.plan.site, &logs, &n, &why), 0);
    assert_int_equal(n, 2);
    assert_int_equal(access(rig_path(&f.rig, "a.log"), F_OK), 0);
    assert_int_equal(access(rig_path(&f.rig, "b.log"), F_OK), 0);
    hg_logs_close_access(&logs, n);
    assert_int_equal(rig_descriptors(), before);
    unlink(rig_path(&f.rig, "b.log"));
    assert_int_equal(mkfifo(rig_path(&f.rig, "b.log"), 0600), 0); /* that nobody reads */
    assert_int_equal(hg_logs_open_access(f.plan.site, &logs, &n, &why), HG_EIO);
    assert_non_null(strstr(why.text, "/b.log: No such device or address"));
    assert_int_equal(rig_descriptors(), before);
    shut(&f);
}

static void both_processes_get_the_new_files(void **state) {
    struct fixture f;
    struct hg_why why = {""};
    struct hg_wire_message got;
    struct hg_slice rest, path;
    char text[256];
    int pair[2];
    (void)state;
    open_with(&f, "", "");
    snprintf(text, sizeof(text), "access_log %s/a.log;", f.rig.dir);
    hg_plan_fini(&f.plan);
    rig_write(&f.rig, "", text);
    rig_plan(&f.rig, &f.plan);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    int fd = hg_logs_reopen(f.plan.server, f.plan.site, pair[0], &why);
    assert_true(fd >= 0);
    HG_LOG(HG_CRIT, "a_line", "x=%d", 1); /* of this process, in the new file */
    assert_int_equal(hg_wire_receive(pair[1], &got), 0);
    assert_int_equal(got.type, HG_WIRE_REOPEN);
    assert_int_equal(got.n_fds, 2);
    rest = hg_buf_slice(&got.body);
    assert_true(hg_wire_take_text(&rest, &path));
    unit_assert_slice(path, rig_path(&f.rig, "a.log"));
    assert_int_equal(rest.len, 0);
    assert_int_equal(write(got.fds[0], "of the worker\n", 14), 14);
    char *said = rig_read_file(rig_path(&f.rig, "errors"));
    assert_non_null(strstr(said, " crit a_line x=1\nof the worker\n"));
    free(said);
    hg_wire_close_fds(&got);
    hg_wire_fini(&got);
    hg_logs_use(open("/dev/null", O_WRONLY | O_CLOEXEC), pair[0]);
    assert_int_equal(hg_wire_receive(pair[1], &got), 0);
    assert_int_equal(got.n_fds, 1);
    hg_wire_close_fds(&got);
    hg_wire_fini(&got);
    close(pair[0]);
    close(pair[1]);
    shut(&f);
}

int test_logs(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_error_log_is_appended_to),
        cmocka_unit_test(each_access_log_is_opened_once),
        cmocka_unit_test(both_processes_get_the_new_files),
    };
    return cmocka_run_group_tests_name("logs", tests, NULL, NULL);
}
