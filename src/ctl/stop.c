/* SPDX-License-Identifier: Apache-2.0 */
/* stop.c - a signalfd, and how to die of what it said. */
#include "ctl/stop.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

/* A blocked signal reaches the descriptor even if it is to be ignored; nohup
 * and a shell's background jobs rely on that it does not. */
static bool is_ignored(int signo) {
    struct sigaction now;
    return sigaction(signo, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

int hg_ctl_stop_open(void) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < HG_COUNT(signals); i++) {
        if (!is_ignored(signals[i])) {
            sigaddset(&set, signals[i]);
        }
    }
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return -1;
    }
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

bool hg_ctl_stop_wait(int stop_fd, int64_t wait_ms) {
    struct pollfd pfd = {.fd = stop_fd, .events = POLLIN};
    int64_t end_ms = hg_clock_mono_ms() + wait_ms;
    do {
        int64_t left_ms = end_ms - hg_clock_mono_ms();
        left_ms = left_ms < 0 ? 0 : left_ms > 60000 ? 60000 : left_ms;
        if (poll(&pfd, 1, (int)left_ms) > 0) {
            return true;
        }
    } while (hg_clock_mono_ms() < end_ms);
    return false;
}

int hg_ctl_stop_take(int stop_fd) {
    struct signalfd_siginfo info;
    ssize_t n = read(stop_fd, &info, sizeof(info));
    return n == (ssize_t)sizeof(info) ? (int)info.ssi_signo : 0;
}

void hg_ctl_stop_die(int signo) {
    sigset_t set;
    signal(signo, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, signo);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(signo);
    _exit(128 + signo); /* a parent that ignored it for us */
}
