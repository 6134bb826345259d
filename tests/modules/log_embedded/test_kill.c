/* SPDX-License-Identifier: Apache-2.0 */
/* test_kill.c - a process that appends is killed at any moment: what it was
 * told is stored is there, once and in order, and nothing else is. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "modules/log_embedded/rig.h"

enum { ROUNDS = 10, GROUP = 5, LONGEST_MS = 120 };

/* In the child: appends events named by their offsets, in groups, and tells
 * each group's end through the pipe when it is acknowledged. Now and then it
 * trims, as retention would. */
static void append_for_ever(const char *dir, int out) {
    static struct contract_append a[GROUP];
    struct embedded_rig e;
    embedded_start(&e, dir, "1g");
    for (uint64_t next = contract_range(&e.rig, TOPIC_A).next;; next += GROUP) {
        for (uint64_t i = 0; i < GROUP; i++) {
            char id[24];
            (void)snprintf(id, sizeof id, "%llu", (unsigned long long)(next + i));
            contract_begin(&e.rig, &a[i]);
            contract_add(&a[i], TOPIC_A, id);
            contract_add(&a[i], TOPIC_B, id);
            contract_send(&a[i]);
        }
        contract_flush(&e.rig);
        for (size_t i = 0; i < GROUP; i++) {
            if (contract_wait(&a[i]) != 0) {
                _exit(1);
            }
        }
        uint64_t told = next + GROUP;
        if (write(out, &told, sizeof told) != (ssize_t)sizeof told) {
            _exit(1);
        }
        if (next % 200 == 0) {
            (void)e.contract.ops->trim(e.rig.state, TOPIC_B, 0, next);
        }
    }
}

static uint64_t run_and_kill(const char *dir, unsigned ms) {
    int pipe_fds[2];
    uint64_t told = 0, next;
    assert_int_equal(pipe(pipe_fds), 0);
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(pipe_fds[0]);
        append_for_ever(dir, pipe_fds[1]);
    }
    (void)close(pipe_fds[1]);
    if (read(pipe_fds[0], &next, sizeof next) == (ssize_t)sizeof next) {
        told = next; /* it is at work: now it may die at any moment */
    }
    struct timespec nap = {.tv_nsec = (long)ms * 1000000 + rand() % 1000000};
    (void)nanosleep(&nap, NULL);
    assert_int_equal(kill(child, SIGKILL), 0);
    while (read(pipe_fds[0], &next, sizeof next) == (ssize_t)sizeof next) {
        told = next;
    }
    (void)close(pipe_fds[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    return told;
}

static void what_was_told_before_a_kill_is_there(void **state) {
    (void)state;
    char dir[DIR_BYTES];
    make_dir(dir);
    uint64_t told = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct embedded_rig e;
        uint64_t now = run_and_kill(dir, (unsigned)(rand() % LONGEST_MS));
        assert_true(now > told);
        told = now;
        embedded_start(&e, dir, "1g");
        uint64_t next = contract_range(&e.rig, TOPIC_A).next;
        /* Of what nobody was told a group may be there: all of it, or none. */
        assert_true(next == told || next == told + GROUP);
        embedded_expect(&e, TOPIC_A, 0, next);
        embedded_expect(&e, TOPIC_B, contract_range(&e.rig, TOPIC_B).first, next);
        told = next;
        embedded_stop(&e);
    }
    remove_dir(dir);
}

int test_kill(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_told_before_a_kill_is_there),
    };
    srand((unsigned)time(NULL));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
