/* SPDX-License-Identifier: Apache-2.0 */
/* master.c - the master's life: read, bind, start a worker, then wait for
 * signals, commands and the worker's death.
 *
 *   TERM, INT  stop: the worker drains for a second, then is killed
 *   QUIT       drain: to the end, or to worker_shutdown_timeout
 *   HUP        a new generation;   USR1  reopen logs
 */
#include "server/master.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/logfile.h"
#include "headgate/logline.h"
#include "server/child.h"
#include "server/command.h"
#include "server/detach.h"
#include "server/logs.h"
#include "server/offer.h"
#include "server/plan.h"
#include "server/reload.h"
#include "server/sockets.h"
#include "server/spawn.h"
#include "server/wire.h"

enum { STOP_MS = 1000 };
/* A worker that starts may have a large log to look through before it can say
 * whether it takes its configuration. */
enum { START_VERDICT_MS = 600000 };

struct master {
    const struct hg_server_args *args;
    struct hg_registry *registry;
    struct hg_plan plan;        /* what the worker runs, or is to run */
    struct hg_sockets sockets;
    int signal_fd;
    int command_fd;
    int log_fd;                 /* owned by base/logfile */
    int detach_fd;              /* of a daemon, until it serves */
    struct hg_child child;
    int64_t kill_at_ms;         /* 0: not stopping */
    bool is_leaving;
};

static int open_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    static const int wanted[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGCHLD};
    for (size_t i = 0; i < HG_COUNT(wanted); i++) {
        sigaddset(&set, wanted[i]);
    }
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int offer_all(struct master *m, struct hg_buf *ret_errors) {
    struct hg_offer o = {
        .control_fd = m->child.control_fd,
        .conf_path = m->args->conf_path,
        .plan = &m->plan,
        .sockets = m->sockets.items,
        .n_sockets = m->sockets.n,
        .timeout_ms = START_VERDICT_MS,
    };
    return hg_offer(&o, ret_errors);
}

static int start_worker(struct master *m, struct hg_buf *ret_errors) {
    int err = hg_child_start(&m->child, m->plan.server, m->registry, m->log_fd);
    if (err != 0) {
        hg_buf_printf(ret_errors, "a worker could not be made: %s\n", strerror(errno));
        return err;
    }
    err = offer_all(m, ret_errors);
    if (err != 0) {
        hg_child_drop(&m->child); /* reap plans the next */
        return err;
    }
    hg_child_serves(&m->child);
    HG_LOG(HG_NOTICE, "worker_started", "pid=%d", (int)m->child.pid);
    return 0;
}

static void reap(struct master *m) {
    int status;
    pid_t pid = m->child.pid;
    if (!hg_child_reap(&m->child, &status)) {
        return;
    }
    HG_LOG(m->is_leaving ? HG_NOTICE : HG_CRIT, "worker_ended", "pid=%d status=%d signal=%d",
           (int)pid, WIFEXITED(status) ? WEXITSTATUS(status) : -1,
           WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    if (!m->is_leaving) {
        hg_child_rest(&m->child, hg_clock_mono_ms());
    }
}

static void leave(struct master *m, int64_t within_ms) {
    struct hg_wire_message message = {.type = HG_WIRE_DRAIN};
    int64_t kill_at = hg_clock_mono_ms() + within_ms;
    if (m->kill_at_ms == 0 || kill_at < m->kill_at_ms) {
        m->kill_at_ms = kill_at;
    }
    if (!m->is_leaving && m->child.control_fd >= 0) {
        hg_wire_send(m->child.control_fd, &message);
    }
    /* Nobody accepts on them any more: who comes now is better refused. */
    hg_sockets_prune(&m->sockets, NULL);
    m->is_leaving = true;
}

/* Lines go to fd, the first of the message's, from now on, in both processes.
 * Takes it. */
static void set_log(struct master *m, int fd, struct hg_wire_message *message) {
    message->type = HG_WIRE_REOPEN;
    if (m->child.control_fd >= 0) {
        hg_wire_send(m->child.control_fd, message);
    }
    hg_logfile_set(fd);
    m->log_fd = fd;
}

static int reload(struct master *m, struct hg_buf *ret_errors) {
    struct hg_wire_message message = {0};
    struct hg_reload r = {m->args, m->registry, &m->plan, &m->sockets, m->child.control_fd,
                          .log_fd = -1};
    if (m->child.control_fd < 0) {
        HG_BUF_LIT(ret_errors, "there is no worker just now; it is being started again\n");
        return HG_EAGAIN;
    }
    int err = hg_reload_run(&r, ret_errors);
    if (err != 0) {
        if (err != HG_EINVAL) {
            hg_child_drop(&m->child);
        }
        return err;
    }
    hg_wire_add_fd(&message, r.log_fd);
    set_log(m, r.log_fd, &message);
    hg_wire_fini(&message);
    hg_log_level = (enum hg_level)hg_server_log_level(r.plan.server);
    hg_plan_fini(&m->plan);
    m->plan = r.plan;
    return 0;
}

static void reload_and_log(struct master *m, struct hg_buf *ret_errors) {
    int err = reload(m, ret_errors);
    if (err == 0) {
        HG_LOG(HG_NOTICE, "reloaded", "conf=%s", m->args->conf_path);
        return;
    }
    if (ret_errors->len == 0) {
        hg_buf_printf(ret_errors, "%s\n", hg_err_text(err));
    }
    HG_LOG(HG_ERROR, "reload_refused", "why=%.*s", HG_FMT(hg_buf_slice(ret_errors)));
}

static void reopen(struct master *m) {
    struct hg_wire_message message = {0};
    struct hg_why why = {""};
    struct hg_bundle_log *logs = NULL;
    size_t n = 0;
    int fd;
    if (hg_logs_open_error(m->plan.server, &fd, &why) != 0) {
        HG_LOG(HG_ERROR, "reopen_failed", "why=%s", why.text);
        return;
    }
    if (hg_logs_open_access(m->plan.site, &logs, &n, &why) != 0) {
        HG_LOG(HG_ERROR, "reopen_failed", "why=%s", why.text);
        n = 0;
    }
    hg_wire_add_fd(&message, fd);
    for (size_t i = 0; i < n; i++) {
        hg_buf_put_slice(&message.body, logs[i].path);
        hg_buf_put(&message.body, "", 1);
        hg_wire_add_fd(&message, logs[i].fd);
    }
    set_log(m, fd, &message);
    hg_logs_close_access(&logs, n);
    hg_wire_fini(&message);
}

static void on_signal(struct master *m, int signo) {
    struct hg_buf errors = {.max = 1 << 20};
    if (signo == SIGTERM || signo == SIGINT) {
        leave(m, STOP_MS);
    } else if (signo == SIGQUIT) {
        leave(m, m->plan.server->shutdown_timeout_ms + STOP_MS);
    } else if (signo == SIGHUP) {
        reload_and_log(m, &errors);
    } else if (signo == SIGUSR1) {
        reopen(m);
    } else if (signo == SIGCHLD) {
        reap(m);
    }
    hg_buf_fini(&errors);
}

static void on_command(struct master *m) {
    char word[16];
    struct hg_buf errors = {.max = 1 << 20};
    int fd = hg_command_accept(m->command_fd, word);
    if (fd < 0) {
        return;
    }
    if (strcmp(word, "stop") == 0) {
        leave(m, STOP_MS);
    } else if (strcmp(word, "quit") == 0) {
        leave(m, m->plan.server->shutdown_timeout_ms + STOP_MS);
    } else if (strcmp(word, "reopen") == 0) {
        reopen(m);
    } else if (strcmp(word, "reload") == 0) {
        reload_and_log(m, &errors);
    } else {
        hg_buf_printf(&errors, "headgate: not a command\n");
    }
    hg_command_answer(fd, hg_buf_slice(&errors));
    hg_buf_fini(&errors);
}

static int wait_ms(const struct master *m) {
    int64_t now = hg_clock_mono_ms(), at = m->child.restart_at_ms;
    if (m->kill_at_ms > 0) {
        at = m->kill_at_ms;
    }
    return at == 0 ? -1 : at <= now ? 0 : (int)(at - now);
}

static void on_time(struct master *m) {
    int64_t now = hg_clock_mono_ms();
    struct hg_buf errors = {.max = 1 << 20};
    if (m->kill_at_ms > 0 && now >= m->kill_at_ms && m->child.pid > 0) {
        kill(m->child.pid, SIGKILL);
        m->kill_at_ms = now + STOP_MS;
    }
    if (!m->is_leaving && m->child.restart_at_ms > 0 && now >= m->child.restart_at_ms &&
        start_worker(m, &errors) != 0) {
        HG_LOG(HG_CRIT, "worker_refused", "why=%.*s", HG_FMT(hg_buf_slice(&errors)));
    }
    hg_buf_fini(&errors);
}

static void serve(struct master *m) {
    struct pollfd fds[2] = {{.fd = m->signal_fd, .events = POLLIN},
                            {.fd = m->command_fd, .events = POLLIN}};
    while (!m->is_leaving || m->child.pid > 0) {
        struct signalfd_siginfo info;
        if (poll(fds, 2, wait_ms(m)) < 0 && errno != EINTR) {
            break;
        }
        while (read(m->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
            on_signal(m, (int)info.ssi_signo);
        }
        if (fds[1].revents != 0) {
            on_command(m);
        }
        on_time(m);
    }
}

/* What the file system and the network have to give before the first worker. */
static int prepare_world(struct master *m, struct hg_why *why) {
    const struct hg_server_conf *c = m->plan.server;
    m->command_fd = hg_command_listen(c->pid_path, why);
    if (m->command_fd < 0 || hg_spawn_prepare_log(m->plan.conf, m->registry, why) != 0 ||
        hg_sockets_open(&m->sockets, m->plan.site, c->admin, hg_server_threads(c), why) != 0 ||
        hg_logs_open_error(c, &m->log_fd, why) != 0) {
        hg_command_unlink(c->pid_path);
        return HG_EIO;
    }
    return 0;
}

/* Everything that can be found wrong before the first worker is. */
static int prepare(struct master *m, struct hg_buf *ret_errors) {
    struct hg_why why = {""};
    int err = hg_plan_read(m->args, m->registry, &m->plan, ret_errors);
    if (err != 0) {
        return err;
    }
    const struct hg_server_conf *c = m->plan.server;
    if (c->is_daemon && (m->detach_fd = hg_detach()) < 0) {
        hg_buf_printf(ret_errors, "daemon: %s\n", strerror(errno));
        return HG_EIO;
    }
    if (hg_command_write_pid(c->pid_path, &why) != 0 || prepare_world(m, &why) != 0) {
        hg_buf_printf(ret_errors, "%s\n", why.text);
        return HG_EIO;
    }
    hg_logfile_set(m->log_fd);
    hg_log_level = (enum hg_level)hg_server_log_level(c);
    return 0;
}

int hg_master_run(const struct hg_server_args *args) {
    struct master m = {
        .args = args, .child = {.control_fd = -1}, .command_fd = -1, .sockets = {.is_owner = true}};
    struct hg_buf errors = {.max = 1 << 20};
    hg_detach_fill_standard();
    m.registry = hg_registry_new(args->module_dir);
    m.signal_fd = open_signals();
    int err = prepare(&m, &errors);
    bool is_prepared = err == 0;
    if (is_prepared) {
        err = start_worker(&m, &errors);
    }
    if (err != 0) {
        fprintf(stderr, "%.*s", HG_FMT(hg_buf_slice(&errors)));
        leave(&m, STOP_MS);
    } else if (m.plan.server->is_daemon) {
        hg_detach_done(m.detach_fd);
    }
    if (is_prepared) {
        serve(&m);
        hg_command_unlink(m.plan.server->pid_path);
    }
    hg_sockets_fini(&m.sockets);
    hg_plan_fini(&m.plan);
    hg_registry_free(&m.registry);
    hg_buf_fini(&errors);
    return err != 0;
}
