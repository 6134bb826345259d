/* SPDX-License-Identifier: Apache-2.0 */
/* child.c - a worker's life, from its master's side. */
#include "server/child.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "headgate/logline.h"
#include "server/spawn.h"

enum { BACKOFF_FIRST_MS = 50, BACKOFF_MAX_MS = 10000 };
/* A worker is steady that served for so long, or for so many times its back-off. */
enum { STEADY_MS = 10000, STEADY_TIMES = 10 };

int hg_child_start(struct hg_child *c, const struct hg_server_conf *conf,
                   struct hg_registry *registry, int log_fd) {
    c->served_since_ms = 0;
    c->restart_at_ms = 0;
    int err = hg_spawn_worker(conf, registry, log_fd, &c->pid, &c->control_fd);
    if (err != 0) {
        hg_child_rest(c, hg_clock_mono_ms());
    }
    return err;
}

void hg_child_serves(struct hg_child *c) {
    c->served_since_ms = hg_clock_mono_ms();
}

void hg_child_hang_up(struct hg_child *c) {
    if (c->control_fd >= 0) {
        close(c->control_fd);
        c->control_fd = -1;
    }
}

void hg_child_drop(struct hg_child *c) {
    if (c->pid > 0) {
        kill(c->pid, SIGKILL);
    }
    hg_child_hang_up(c);
}

bool hg_child_reap(struct hg_child *c, int *ret_status) {
    int status;
    bool is_ours = false;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == c->pid) {
            c->pid = 0;
            *ret_status = status;
            is_ours = true;
        }
    }
    return is_ours;
}

/* One that served meanwhile is needed at once: it was away for less than a
 * tenth of the time. */
void hg_child_rest(struct hg_child *c, int64_t now_ms) {
    int64_t served_ms = c->served_since_ms > 0 ? now_ms - c->served_since_ms : 0;
    if (c->backoff_ms == 0 || served_ms > STEADY_MS || served_ms > STEADY_TIMES * c->backoff_ms) {
        c->backoff_ms = BACKOFF_FIRST_MS;
    } else {
        c->backoff_ms = c->backoff_ms * 2 < BACKOFF_MAX_MS ? c->backoff_ms * 2 : BACKOFF_MAX_MS;
    }
    c->restart_at_ms = now_ms + c->backoff_ms;
    HG_LOG(HG_ERROR, "worker_restarts", "after_ms=%lld", (long long)c->backoff_ms);
}
