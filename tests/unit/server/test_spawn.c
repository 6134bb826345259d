/* SPDX-License-Identifier: Apache-2.0 */
#include "server/spawn.h"

#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "server/wire.h"
#include "unit/server/rig.h"

struct fixture {
    struct rig rig;
    struct hg_plan plan;
    int log_fd;
    pid_t pid;
    int control_fd;
};

static void open_fixture(struct fixture *f, const char *main_text) {
    *f = (struct fixture){.log_fd = -1};
    rig_open(&f->rig);
    rig_write(&f->rig, main_text, "");
    rig_plan(&f->rig, &f->plan);
    int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    f->log_fd = fcntl(null_fd, F_DUPFD_CLOEXEC, 3);
    close(null_fd);
}

static void spawn(struct fixture *f) {
    fflush(NULL);
    assert_int_equal(
        hg_spawn_worker(f->plan.server, f->rig.registry, f->log_fd, &f->pid, &f->control_fd), 0);
}

static int end(struct fixture *f) {
    int status = 0;
    if (f->pid > 0) {
        close(f->control_fd); /* without its master it ends */
        assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
    }
    close(f->log_fd);
    hg_plan_fini(&f->plan);
    rig_close(&f->rig);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static size_t count_fds(pid_t pid) {
    char path[64];
    size_t n = 0;
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    DIR *dir = opendir(path);
    const struct dirent *e;
    while (dir != NULL && (e = readdir(dir)) != NULL) {
        n += e->d_name[0] != '.';
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return n;
}

static bool has_only_its_own(void *arg) {
    const struct fixture *f = arg;
    return count_fds(f->pid) == 5; /* the standard ones, the log, the control socket */
}

static void a_worker_keeps_no_descriptor_but_those_it_needs(void **state) {
    struct fixture f;
    int held[20];
    (void)state;
    open_fixture(&f, "");
    for (size_t i = 0; i < HG_COUNT(held); i++) {
        held[i] = open("/dev/null", O_RDONLY); /* not close-on-exec: it would keep them */
    }
    spawn(&f);
    rig_until(has_only_its_own, &f);
    for (size_t i = 0; i < HG_COUNT(held); i++) {
        close(held[i]);
    }
    assert_int_equal(end(&f), 0);
}

static bool is_named(void *arg) {
    const struct fixture *f = arg;
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/comm", (int)f->pid);
    char *name = rig_read_file(path);
    bool is_worker = strcmp(name, "headgate-worker\n") == 0;
    free(name);
    return is_worker;
}

static void signals_of_the_terminal_are_the_master_s_to_judge(void **state) {
    static const int signals[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGUSR1, SIGPIPE};
    struct fixture f;
    struct hg_wire_message m = {.type = HG_WIRE_DRAIN};
    (void)state;
    open_fixture(&f, "");
    spawn(&f);
    rig_until(is_named, &f);
    for (size_t i = 0; i < HG_COUNT(signals); i++) {
        assert_int_equal(kill(f.pid, signals[i]), 0);
    }
    assert_int_equal(hg_wire_send(f.control_fd, &m), 0);
    assert_int_equal(end(&f), 0); /* by what it was told, none of the signals */
}

static bool has_nobody_s_rights(void *arg) {
    const struct fixture *f = arg;
    unsigned uid = getpwnam("nobody")->pw_uid;
    char path[64], want[64];
    snprintf(path, sizeof(path), "/proc/%d/status", (int)f->pid);
    snprintf(want, sizeof(want), "\nUid:\t%u\t%u\t%u\t%u\n", uid, uid, uid, uid);
    char *text = rig_read_file(path);
    bool is_dropped = strstr(text, want) != NULL;
    free(text);
    return is_dropped;
}

static void a_user_takes_its_rights_away(void **state) {
    struct fixture f;
    (void)state;
    if (geteuid() != 0 || getpwnam("nobody") == NULL) {
        print_message("SKIP: only root can give its rights away\n");
        return;
    }
    open_fixture(&f, "user nobody;");
    spawn(&f);
    rig_until(has_nobody_s_rights, &f);
    assert_int_equal(end(&f), 0);
}

static void the_log_s_directory_is_made_where_its_driver_has_one(void **state) {
    struct fixture f;
    struct hg_why why = {""};
    struct stat st;
    (void)state;
    open_fixture(&f, "");
    assert_int_equal(hg_spawn_prepare_log(f.plan.conf, f.rig.registry, &why), 0);
    assert_int_equal(stat(rig_path(&f.rig, "events"), &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    assert_int_equal(rmdir(rig_path(&f.rig, "events")), 0);
    rig_put_file(&f.rig, "events", "a file");
    rig_write(&f.rig, "", "");
    int err = hg_spawn_prepare_log(f.plan.conf, f.rig.registry, &why);
    assert_int_equal(err, 0); /* what is there is there: its driver says that it is no directory */
    assert_int_equal(end(&f), 0);
}

int test_spawn(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_keeps_no_descriptor_but_those_it_needs),
        cmocka_unit_test(signals_of_the_terminal_are_the_master_s_to_judge),
        cmocka_unit_test(a_user_takes_its_rights_away),
        cmocka_unit_test(the_log_s_directory_is_made_where_its_driver_has_one),
    };
    return cmocka_run_group_tests_name("spawn", tests, NULL, NULL);
}
