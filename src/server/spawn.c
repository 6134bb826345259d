/* SPDX-License-Identifier: Apache-2.0 */
/* spawn.c - fork, drop privileges, become the worker. */
#include "server/spawn.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "headgate/logline.h"
#include "log/settings.h"
#include "server/descriptors.h"
#include "server/detach.h"
#include "server/directory.h"
#include "server/worker.h"

enum { TALK_TIMEOUT_S = 10, OTHER_DESCRIPTORS = 1024 };

static const struct passwd *worker_user(const struct hg_server_conf *c) {
    return geteuid() == 0 && c->user.len > 0 ? getpwnam(c->user.ptr) : NULL;
}

static bool drop_privileges(const struct hg_server_conf *c) {
    if (geteuid() != 0 || c->user.len == 0) {
        return true;
    }
    const struct passwd *pw = worker_user(c);
    return pw != NULL && initgroups(pw->pw_name, pw->pw_gid) == 0 && setgid(pw->pw_gid) == 0 &&
           setuid(pw->pw_uid) == 0;
}

/* The master decides about signals; a terminal's ^C reaches us both. */
static void set_signals(void) {
    sigset_t all;
    sigemptyset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
}

/* Listeners come over the control socket; what the fork copied would keep
 * ports alive that nobody accepts on. */
static void keep_only(int control_fd, int log_fd) {
    int low = control_fd < log_fd ? control_fd : log_fd;
    int high = control_fd < log_fd ? log_fd : control_fd;
    close_range(STDERR_FILENO + 1, (unsigned)low - 1, 0);
    if (high > low + 1) {
        close_range((unsigned)low + 1, (unsigned)high - 1, 0);
    }
    close_range((unsigned)high + 1, ~0U, 0);
}

/* As many descriptors as connections are allowed, and some for the rest. */
static void raise_limit(const struct hg_server_conf *c) {
    size_t need = (size_t)c->connections_max + OTHER_DESCRIPTORS;
    size_t limit = hg_descriptors_raise(need);
    if (limit < need) {
        HG_LOG(HG_WARN, "few_descriptors", "limit=%zu worker_connections=%lld", limit,
               (long long)c->connections_max);
    }
}

static void become_worker(const struct hg_server_conf *c, struct hg_registry *registry, int fd,
                          int log_fd) {
    keep_only(fd, log_fd);
    set_signals();
    prctl(PR_SET_NAME, "headgate-worker", 0, 0, 0);
    if (c->is_daemon) { /* who started it is not to wait for its descriptors */
        hg_detach_silence();
    }
    raise_limit(c);
    if (!drop_privileges(c)) {
        HG_LOG(HG_CRIT, "privileges_kept", "user=%.*s errno=%d", HG_FMT(c->user), errno);
        _exit(1);
    }
    int status = hg_worker_run(fd, registry);
    if (status != 0) {
        _exit(status); /* what had begun to run is still running */
    }
    exit(0);
}

int hg_spawn_worker(const struct hg_server_conf *c, struct hg_registry *registry, int log_fd,
                    pid_t *ret_pid, int *ret_fd) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return HG_EIO;
    }
    /* A worker that hangs in the middle of a message must not take the master
     * with it. */
    struct timeval patience = {.tv_sec = TALK_TIMEOUT_S};
    setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    pid_t pid = fork();
    if (pid < 0) {
        close(pair[0]);
        close(pair[1]);
        return HG_EIO;
    }
    if (pid == 0) {
        become_worker(c, registry, pair[1], log_fd);
    }
    close(pair[1]);
    *ret_pid = pid;
    *ret_fd = pair[0];
    return 0;
}

int hg_spawn_prepare_log(const struct hg_conf *conf, const struct hg_registry *registry,
                         struct hg_why *why) {
    const struct hg_log_settings *s = hg_log_settings(conf);
    const struct hg_log_ops *driver = hg_registry_log(registry, s->event_log.items[0], NULL);
    struct hg_why inner = {""};
    if (driver == NULL || !driver->has_directory || s->event_log.n < 2) {
        return 0;
    }
    int err = hg_directory_make(s->event_log.items[1], worker_user(hg_server_conf(conf)), &inner);
    if (err != 0) {
        hg_why_set(why, "event_log: %s", inner.text);
    }
    return err;
}
