/* SPDX-License-Identifier: Apache-2.0 */
/* unit.h - cmocka with what it needs before it, and a way to expect the end of
 * the process. For unit tests of every room. */
#ifndef HG_TESTS_UNIT_H
#define HG_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "headgate/base.h"

/* True when fn(arg) ends its process by abort(): a failed HG_ASSERT. */
static inline bool unit_aborts(void (*fn)(void *arg), void *arg) {
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO);
        fn(arg);
        _exit(0);
    }
    int status = 0;
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
           WTERMSIG(status) == SIGABRT;
}

static inline void unit_assert_slice(struct hg_slice got, const char *want) {
    if (got.len != strlen(want) || (got.len > 0 && memcmp(got.ptr, want, got.len) != 0)) {
        print_error("got  \"%.*s\"\nwant \"%s\"\n", HG_FMT(got), want);
        fail();
    }
}

#endif
