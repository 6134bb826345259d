/* SPDX-License-Identifier: Apache-2.0 */
#include "server/command.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "unit/server/rig.h"

struct sending {
    struct hg_slice pid_path;
    const char *word;
    int64_t timeout_ms;
};

static int send_word(void *arg) {
    const struct sending *s = arg;
    return hg_command_send(s->pid_path, s->word, s->timeout_ms);
}

/* The shell's side in a process of its own. */
static pid_t begin(struct sending *s) {
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(STDERR_FILENO);
        _exit(send_word(s));
    }
    return pid;
}

static int end(pid_t pid) {
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int accept_word(int listen_fd, char word[16]) {
    struct pollfd fd = {.fd = listen_fd, .events = POLLIN};
    assert_int_equal(poll(&fd, 1, 10000), 1);
    return hg_command_accept(listen_fd, word);
}

static struct hg_slice pid_path(const struct rig *rig) {
    return hg_slice_of(rig_path(rig, "pid"));
}

static void a_word_gets_an_answer(void **state) {
    struct rig rig;
    struct hg_why why = {""};
    struct stat st;
    char word[16];
    (void)state;
    rig_open(&rig);
    int fd = hg_command_listen(pid_path(&rig), &why);
    assert_true(fd >= 0);
    assert_int_equal(stat(rig_path(&rig, "pid.sock"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700); /* nobody else may connect */
    static const struct {
        const char *answer;
        int status;
    } cases[] = {{"", 0}, {"it is wrong\n", 1}};
    for (size_t i = 0; i < HG_COUNT(cases); i++) {
        struct sending s = {pid_path(&rig), "reload", 10000};
        pid_t pid = begin(&s);
        int caller = accept_word(fd, word);
        assert_true(caller >= 0);
        assert_string_equal(word, "reload");
        hg_command_answer(caller, hg_slice_of(cases[i].answer));
        assert_int_equal(end(pid), cases[i].status);
    }
    close(fd);
    hg_command_unlink(pid_path(&rig));
    assert_int_equal(access(rig_path(&rig, "pid.sock"), F_OK), -1);
    rig_close(&rig);
}

static void a_word_that_is_too_long_is_cut(void **state) {
    struct rig rig;
    struct hg_why why = {""};
    char word[16];
    (void)state;
    rig_open(&rig);
    int fd = hg_command_listen(pid_path(&rig), &why);
    struct sending s = {pid_path(&rig), "a word of more than fifteen bytes", 10000};
    pid_t pid = begin(&s);
    int caller = accept_word(fd, word);
    assert_string_equal(word, "a word of more ");
    hg_command_answer(caller, HG_SLICE("no"));
    assert_int_equal(end(pid), 1);
    close(fd);
    rig_close(&rig);
}

static void nobody_and_no_answer_are_failures_that_are_told(void **state) {
    struct rig rig;
    struct hg_why why = {""};
    char *said;
    (void)state;
    rig_open(&rig);
    struct sending s = {pid_path(&rig), "stop", 50};
    assert_int_equal(rig_capture(send_word, &s, &said), 1);
    assert_non_null(strstr(said, "no master answers at "));
    free(said);
    int fd = hg_command_listen(pid_path(&rig), &why);
    assert_int_equal(rig_capture(send_word, &s, &said), 1);
    assert_non_null(strstr(said, "does not answer"));
    free(said);
    close(fd);
    rig_close(&rig);
}

static void those_who_wait_for_one_answer_all_get_it(void **state) {
    struct hg_callers asked = {.n = 0}, next = {.n = 0};
    int pairs[HG_CALLERS_MAX + 1][2];
    char text[128];
    (void)state;
    for (size_t i = 0; i < HG_COUNT(pairs); i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pairs[i]), 0);
        hg_callers_add(&next, pairs[i][1]);
    }
    ssize_t n = recv(pairs[HG_CALLERS_MAX][0], text, sizeof(text), 0);
    assert_true(n > 0); /* one too many: told at once */
    hg_callers_move(&asked, &next);
    assert_int_equal(next.n, 0);
    assert_int_equal(asked.n, HG_CALLERS_MAX);
    hg_callers_answer(&asked, HG_SLICE("done"));
    assert_int_equal(asked.n, 0);
    for (size_t i = 0; i < HG_CALLERS_MAX; i++) {
        assert_int_equal(recv(pairs[i][0], text, sizeof(text), 0), 4);
        assert_int_equal(recv(pairs[i][0], text, sizeof(text), 0), 0);
    }
    for (size_t i = 0; i < HG_COUNT(pairs); i++) {
        close(pairs[i][0]);
    }
}

static void a_pid_file_belongs_to_who_answers_beside_it(void **state) {
    struct rig rig;
    struct hg_why why = {""};
    (void)state;
    rig_open(&rig);
    rig_put_file(&rig, "precious", "text");
    rig_put_file(&rig, "pid", "1\n"); /* a process that is there, and not ours */
    assert_int_equal(hg_command_write_pid(pid_path(&rig), &why), 0);
    int fd = hg_command_listen(pid_path(&rig), &why);
    assert_int_equal(hg_command_write_pid(pid_path(&rig), &why), HG_EEXIST);
    assert_non_null(strstr(why.text, "names a gateway that is running"));
    close(fd);
    assert_int_equal(hg_command_write_pid(pid_path(&rig), &why), 0);
    char *text = rig_read_file(rig_path(&rig, "pid"));
    assert_int_equal(strtol(text, NULL, 10), getpid());
    free(text);
    unlink(rig_path(&rig, "pid"));
    char target[256];
    snprintf(target, sizeof(target), "%s", rig_path(&rig, "precious"));
    assert_int_equal(symlink(target, rig_path(&rig, "pid")), 0);
    assert_int_equal(hg_command_write_pid(pid_path(&rig), &why), 0);
    text = rig_read_file(target);
    assert_string_equal(text, "text");
    free(text);
    assert_int_equal(hg_command_write_pid(HG_SLICE("/nowhere/pid"), &why), HG_EIO);
    assert_string_equal(why.text, "pid: /nowhere/pid: No such file or directory");
    rig_close(&rig);
}

static void a_path_too_long_for_a_socket_is_a_fault(void **state) {
    struct hg_why why = {""};
    char path[200];
    (void)state;
    memset(path, 'x', sizeof(path));
    struct hg_slice pid = {path, sizeof(path)};
    assert_int_equal(hg_command_listen(pid, &why), -1);
    assert_non_null(strstr(why.text, "too long for a socket beside it"));
    assert_int_equal(hg_command_listen(HG_SLICE("/nowhere/pid"), &why), -1);
    assert_string_equal(why.text, "/nowhere/pid.sock: No such file or directory");
}

int test_command(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_gets_an_answer),
        cmocka_unit_test(a_word_that_is_too_long_is_cut),
        cmocka_unit_test(nobody_and_no_answer_are_failures_that_are_told),
        cmocka_unit_test(those_who_wait_for_one_answer_all_get_it),
        cmocka_unit_test(a_pid_file_belongs_to_who_answers_beside_it),
        cmocka_unit_test(a_path_too_long_for_a_socket_is_a_fault),
    };
    return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
