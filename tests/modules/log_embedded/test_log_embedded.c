/* SPDX-License-Identifier: Apache-2.0 */
/* test_log_embedded.c - what may stand in event_log, and what is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "modules/log_embedded/rig.h"

static int try_open(const char *const *args, size_t n, struct hg_why *why) {
    struct hg_log_up up = {0};
    struct hg_log_open open = {.n_args = n, .up = &up};
    void *state = NULL;
    for (size_t i = 0; i < n; i++) {
        open.args[i] = hg_slice_of(args[i]);
    }
    *why = (struct hg_why){{0}};
    int err = hg_module_log_embedded.log->open(&open, &state, why);
    if (err == 0) {
        hg_module_log_embedded.log->close(state);
    }
    return err;
}

static void expect_refusal(const char *const *args, size_t n, const char *part) {
    struct hg_why why;
    assert_int_equal(try_open(args, n, &why), HG_EINVAL);
    if (strstr(why.text, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", why.text, part);
    }
}

static void arguments_are_checked(void **state) {
    (void)state;
    char dir[DIR_BYTES];
    struct hg_why why;
    make_dir(dir);
    expect_refusal(NULL, 0, "needs the path");
    expect_refusal((const char *[]){""}, 1, "needs the path");
    expect_refusal((const char *[]){dir, "size=1g"}, 2, "size=1g");
    static const char *const wrong[] = {
        "max_size=",   "max_size=g",    "max_size=1x",
        "max_size=-1", "max_size=1gg",  "max_size=1k",
        "max_size=10", "max_size=1.5g", "max_size=99999999999999999999t"};
    for (size_t i = 0; i < HG_COUNT(wrong); i++) {
        expect_refusal((const char *[]){dir, wrong[i]}, 2, "is not a size");
    }
    static const char *const right[] = {"max_size=1m", "max_size=2G", "max_size=10485760",
                                        "max_size=1t"};
    for (size_t i = 0; i < HG_COUNT(right); i++) {
        if (try_open((const char *[]){dir, right[i]}, 2, &why) != 0) {
            fail_msg("%s: %s", right[i], why.text);
        }
    }
    assert_int_equal(try_open((const char *[]){dir}, 1, &why), 0);
    remove_dir(dir);
}

static void the_directory_must_exist(void **state) {
    (void)state;
    char dir[DIR_BYTES], file[DIR_BYTES + 8];
    make_dir(dir);
    (void)snprintf(file, sizeof file, "%s/x", dir);
    expect_refusal((const char *[]){file}, 1, "must exist");
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    (void)fclose(f);
    expect_refusal((const char *[]){file}, 1, "must exist");
    remove_dir(dir);
}

static void a_second_process_is_refused(void **state) {
    (void)state;
    struct embedded_rig e;
    embedded_start(&e, NULL, "1g");
    /* A lock of the same process would do, but the real thing is cheap. */
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct hg_why why;
        int err = try_open((const char *[]){e.dir}, 1, &why);
        _exit(err == HG_EINVAL && strstr(why.text, "in use by another process") != NULL ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(embedded_put(&e, TOPIC_A, "0", 10), 0);
    embedded_expect(&e, TOPIC_A, 0, 1);
    embedded_end(&e);
}

static void a_file_that_is_no_log_is_refused(void **state) {
    (void)state;
    char dir[DIR_BYTES], file[DIR_BYTES + 16], text[9000];
    make_dir(dir);
    (void)snprintf(file, sizeof file, "%s/data.mdb", dir);
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    memset(text, 'x', sizeof text);
    assert_int_equal(fwrite(text, 1, sizeof text, f), sizeof text);
    (void)fclose(f);
    expect_refusal((const char *[]){dir}, 1, "damaged or is no event log");
    remove_dir(dir);
}

static void the_module_says_what_it_can(void **state) {
    (void)state;
    const struct hg_module *m = &hg_module_log_embedded;
    assert_int_equal(m->abi, HG_MODULE_ABI);
    assert_string_equal(m->name, "log_embedded");
    assert_string_equal(m->log->name, "embedded");
    assert_int_equal(m->log->caps, HG_LOG_ATOMIC | HG_LOG_EXPECT | HG_LOG_GROUPS | HG_LOG_COMPACT |
                                       HG_LOG_TRIM | HG_LOG_DELETE | HG_LOG_LIST | HG_LOG_SCAN);
}

int test_log_embedded(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_are_checked),
        cmocka_unit_test(the_directory_must_exist),
        cmocka_unit_test(a_second_process_is_refused),
        cmocka_unit_test(a_file_that_is_no_log_is_refused),
        cmocka_unit_test(the_module_says_what_it_can),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
