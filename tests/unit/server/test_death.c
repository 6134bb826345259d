/* SPDX-License-Identifier: Apache-2.0 */
#include "server/death.h"

#include <signal.h>

#include "unit/server/rig.h"

static void assert_death(int signo, const char *wanted) {
    struct hg_buf text = {0};
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        signal(signo, SIG_DFL);
        raise(signo); /* 0: none */
        _exit(3);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    hg_death_print(status, &text);
    hg_buf_put(&text, "", 1);
    if (strncmp(text.ptr, wanted, strlen(wanted)) != 0) {
        assert_string_equal(text.ptr, wanted);
    }
    hg_buf_fini(&text);
}

static void a_signal_has_its_name_and_what_to_do(void **state) {
    (void)state;
    assert_death(SIGBUS, "killed by SIGBUS: a page of the event log could not be read");
    assert_death(SIGKILL, "killed by SIGKILL: somebody's kill, or the kernel's");
    assert_death(SIGTERM, "killed by signal 15");
    assert_death(0, "exit status 3");
}

int test_death(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signal_has_its_name_and_what_to_do),
    };
    return cmocka_run_group_tests_name("death", tests, NULL, NULL);
}
