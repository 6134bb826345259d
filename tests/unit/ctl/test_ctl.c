/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/ctl.h"

#include <stdlib.h>

#include "ctl/command.h"
#include "unit/ctl/rig.h"

static void help_lists_the_commands(void **state) {
    (void)state;
    struct rig r;
    rig_open(&r, "");
    assert_int_equal(rig_run(&r, "help", NULL), 0);
    assert_has(r.out, "\n  publish   ");
    assert_has(r.out, "\n  tail      ");
    assert_has(r.out, "\n  status    ");
    assert_int_equal(rig_run(&r, "--help", NULL), 0);
    assert_int_equal(rig_run(&r, "-h", NULL), 0);
    assert_string_equal(r.err, "");
    rig_close(&r);
}

static void each_command_explains_itself(void **state) {
    (void)state;
    static const struct hg_ctl_command *const commands[] = {&hg_ctl_publish, &hg_ctl_tail,
                                                            &hg_ctl_status};
    for (size_t i = 0; i < HG_COUNT(commands); i++) {
        struct rig a, b;
        rig_open(&a, "");
        rig_open(&b, "");
        assert_int_equal(rig_run(&a, "help", commands[i]->name, NULL), 0);
        assert_int_equal(rig_run(&b, commands[i]->name, "--help", NULL), 0);
        assert_string_equal(a.out, b.out);
        assert_has(a.out, "usage: headgatectl ");
        assert_has(a.out, "--cacert FILE");
        rig_close(&a);
        rig_close(&b);
    }
}

static void a_row_is_whole(void **state) {
    (void)state;
    static const struct hg_ctl_command *const commands[] = {&hg_ctl_publish, &hg_ctl_tail,
                                                            &hg_ctl_status};
    for (size_t i = 0; i < HG_COUNT(commands); i++) {
        const struct hg_ctl_option *rows = commands[i]->options;
        for (size_t j = 0; rows[j].name != NULL; j++) {
            bool is_flag = rows[j].kind == HG_CTL_FLAG || rows[j].kind == HG_CTL_NO_FLAG;
            assert_true(rows[j].help != NULL && (rows[j].value == NULL) == is_flag);
            assert_true(rows[j].at < commands[i]->args_size);
            assert_true((rows[j].kind == HG_CTL_CHOICE) == (rows[j].choices != NULL));
            for (size_t k = 0; k < j; k++) {
                assert_string_not_equal(rows[j].name, rows[k].name);
                assert_true(rows[j].letter == 0 || rows[j].letter != rows[k].letter);
            }
        }
    }
}

static void nothing_and_nonsense_are_misuse(void **state) {
    (void)state;
    struct rig r;
    rig_open(&r, "");
    assert_int_equal(rig_run(&r, NULL), 2);
    assert_has(r.err, "usage: headgatectl COMMAND");
    assert_int_equal(rig_run(&r, "pubish", NULL), 2);
    assert_has(r.err, "there is no command \"pubish\"");
    assert_int_equal(rig_run(&r, "help", "nothing", NULL), 2);
    assert_int_equal(rig_run(&r, "tail", "--nonsense", NULL), 2);
    assert_has(r.err, "tail: --nonsense is not known\nheadgatectl: see: headgatectl help tail\n");
    assert_string_equal(r.out, "");
    rig_close(&r);
}

static void the_version_is_told(void **state) {
    (void)state;
    struct rig r;
    rig_open(&r, "");
    assert_int_equal(rig_run(&r, "version", NULL), 0);
    assert_int_equal(rig_run(&r, "--version", NULL), 0);
    assert_string_equal(r.out, "headgatectl " HG_VERSION "\nheadgatectl " HG_VERSION "\n");
    rig_close(&r);
}

/* A whole process, whose standard output is the pipe that out_fd begins. */
static int process_status(int out_fd, char **argv) {
    int argc = 0, status = -1;
    while (argv[argc] != NULL) {
        argc++;
    }
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(out_fd, STDOUT_FILENO);
        signal(SIGPIPE, SIG_DFL);
        exit(hg_ctl_main(NULL, argc, argv));
    }
    assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
    return status;
}

static void a_process_whose_reader_left_dies_of_it(void **state) {
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    close(fds[0]);
    int status = process_status(fds[1], (char *[]){"headgatectl", "help", NULL});
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGPIPE);
    close(fds[1]);
}

static void a_process_ends_with_its_commands_status(void **state) {
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(process_status(fds[1], (char *[]){"headgatectl", "version", NULL}), 0);
    char text[64] = "";
    assert_true(read(fds[0], text, sizeof(text) - 1) > 0);
    assert_string_equal(text, "headgatectl " HG_VERSION "\n");
    close(fds[0]);
    close(fds[1]);
}

int test_ctl(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_lists_the_commands),
        cmocka_unit_test(each_command_explains_itself),
        cmocka_unit_test(a_row_is_whole),
        cmocka_unit_test(nothing_and_nonsense_are_misuse),
        cmocka_unit_test(the_version_is_told),
        cmocka_unit_test(a_process_whose_reader_left_dies_of_it),
        cmocka_unit_test(a_process_ends_with_its_commands_status),
    };
    return cmocka_run_group_tests_name("ctl", tests, NULL, NULL);
}
