/* SPDX-License-Identifier: Apache-2.0 */
#include "server/places.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#include "unit/server/rig.h"

/* The places of a configuration, below the rig's directory. */
struct places {
    const char *pid, *error_log, *event_log, *access_log, *other_access_log;
};

static void write_conf(const struct rig *rig, const struct places *p) {
    char text[4096];
    const char *dir = rig->dir;
    int n = snprintf(text, sizeof(text),
                     "load_module log_embedded; load_module hello;\n"
                     "pid %s/%s;\n"
                     "error_log %s/%s;\n"
                     "event_log embedded %s/%s;\n"
                     "server {\n"
                     "    listen 127.0.0.1:%u;\n"
                     "    access_log %s/%s;\n"
                     "    location /a { hello a; authenticate none; }\n"
                     "    location /b { hello b; authenticate none;\n"
                     "        access_log %s/%s; }\n"
                     "}\n",
                     dir, p->pid, dir, p->error_log, dir, p->event_log, rig->port, dir,
                     p->access_log, dir, p->other_access_log);
    assert_true(n > 0 && (size_t)n < sizeof(text));
    rig_write_raw(rig, text);
}

static size_t count_files(const struct rig *rig) {
    size_t n = 0;
    DIR *dir = opendir(rig->dir);
    assert_non_null(dir);
    while (readdir(dir) != NULL) {
        n++;
    }
    closedir(dir);
    return n;
}

/* What the check says, each fault without the directory before the file. */
static void assert_check(const struct rig *rig, const struct places *p, bool is_only_logs,
                         const char *wanted) {
    struct hg_plan plan;
    struct hg_buf errors = {0};
    char text[4096];
    size_t len = 0, dir_len = strlen(rig->dir);
    write_conf(rig, p);
    rig_plan(rig, &plan);
    size_t before = count_files(rig);
    int err = is_only_logs ? hg_places_check_logs(&plan, &errors)
                           : hg_places_check(&plan, rig->registry, &errors);
    assert_int_equal(count_files(rig), before);
    for (size_t i = 0; i < errors.len && len < sizeof(text) - 1;) {
        bool is_dir = errors.len - i > dir_len && memcmp(errors.ptr + i, rig->dir, dir_len) == 0;
        i += is_dir ? dir_len + 1 : 0;
        text[len++] = errors.ptr[i++];
    }
    text[len] = 0;
    assert_string_equal(text, wanted);
    assert_int_equal(err, wanted[0] == 0 ? 0 : HG_EIO);
    hg_buf_fini(&errors);
    hg_plan_fini(&plan);
}

static const struct places good = {"pid", "errors", "data/events", "a.log", "b.log"};

static void what_can_be_made_or_written_is_no_fault(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig);
    assert_check(&rig, &good, false, "");
    rig_put_file(&rig, "pid", "1\n");
    rig_put_file(&rig, "errors", "");
    rig_put_file(&rig, "a.log", "");
    assert_int_equal(mkfifo(rig_path(&rig, "b.log"), 0600), 0);
    assert_int_equal(mkdir(rig_path(&rig, "data"), 0700), 0);
    assert_check(&rig, &good, false, "");
    rig_close(&rig);
}

#define MISSING ": No such file or directory; expected its directory to be there\n"

static void every_missing_directory_has_its_line(void **state) {
    const struct places bad = {"run/pid", "log/errors", "file/events", "log/a", "log/b"};
    struct rig rig;
    (void)state;
    rig_open(&rig);
    rig_put_file(&rig, "file", "");
    assert_check(&rig, &bad, false,
                 "test.conf:2: pid: run/pid" MISSING "test.conf:3: error_log: log/errors" MISSING
                 "test.conf:7: access_log: log/a" MISSING "test.conf:10: access_log: log/b" MISSING
                 "test.conf:4: event_log: file/events: Not a directory\n");
    assert_check(&rig, &bad, true,
                 "test.conf:3: error_log: log/errors" MISSING
                 "test.conf:7: access_log: log/a" MISSING
                 "test.conf:10: access_log: log/b" MISSING);
    rig_close(&rig);
}

static void a_directory_is_no_file_and_a_file_no_directory(void **state) {
    const struct places bad = {"d", "d", "d", "file/a", "file/a"};
    struct rig rig;
    (void)state;
    rig_open(&rig);
    rig_put_file(&rig, "file", "");
    assert_int_equal(mkdir(rig_path(&rig, "d"), 0700), 0);
    assert_check(&rig, &bad, false,
                 "test.conf:2: pid: d: Is a directory\n"
                 "test.conf:3: error_log: d: Is a directory\n"
                 "test.conf:7: access_log: file/a: Not a directory\n");
    rig_close(&rig);
}

static void a_pid_file_leaves_room_for_its_socket(void **state) {
    char name[120];
    struct places bad = good;
    struct rig rig;
    char wanted[300];
    (void)state;
    rig_open(&rig);
    memset(name, 'p', sizeof(name));
    name[sizeof(name) - 1] = 0;
    bad.pid = name;
    snprintf(wanted, sizeof(wanted),
             "test.conf:2: pid: \"%s\" is too long for a socket beside it\n", name);
    assert_check(&rig, &bad, false, wanted);
    rig_close(&rig);
}

/* Like the rest of its life: of another user, whose directories these are not. */
static int check_as_nobody(void *arg) {
    struct rig *rig = arg;
    struct hg_plan plan;
    struct hg_buf errors = {0};
    rig_plan(rig, &plan);
    if (geteuid() == 0 && setuid(65534) != 0) {
        return 9;
    }
    hg_places_check(&plan, rig->registry, &errors);
    hg_buf_put(&errors, "", 1);
    size_t n = 0;
    for (const char *at = errors.ptr; (at = strstr(at, ": Permission denied\n")) != NULL; at++) {
        n++;
    }
    return n == 5 ? 0 : 1;
}

static void a_closed_directory_is_a_fault(void **state) {
    struct rig rig;
    (void)state;
    rig_open(&rig);
    write_conf(&rig, &good);
    assert_int_equal(chmod(rig.dir, 0500), 0);
    assert_int_equal(rig_in_child(check_as_nobody, &rig), 0);
    assert_int_equal(chmod(rig.dir, 0700), 0);
    rig_close(&rig);
}

int test_places(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_can_be_made_or_written_is_no_fault),
        cmocka_unit_test(every_missing_directory_has_its_line),
        cmocka_unit_test(a_directory_is_no_file_and_a_file_no_directory),
        cmocka_unit_test(a_pid_file_leaves_room_for_its_socket),
        cmocka_unit_test(a_closed_directory_is_a_fault),
    };
    return cmocka_run_group_tests_name("places", tests, NULL, NULL);
}
