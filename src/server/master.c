/* SPDX-License-Identifier: Apache-2.0 */
/* master.c - the master's life: read, bind, then wait for signals, commands
 * and what the worker says.
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
#include <unistd.h>

#include "base/logfile.h"
#include "headgate/logline.h"
#include "server/detach.h"
#include "server/keeper.h"
#include "server/logs.h"
#include "server/places.h"
#include "server/spawn.h"

enum { STOP_MS = 1000 };

struct master {
    struct hg_keeper keeper;
    int signal_fd;
    int command_fd;
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

static void quit(struct hg_keeper *k) {
    hg_keeper_leave(k, k->plan.server->shutdown_timeout_ms + STOP_MS);
}

static void on_signal(struct hg_keeper *k, int signo) {
    switch (signo) {
    case SIGTERM:
    case SIGINT:
        hg_keeper_leave(k, STOP_MS);
        break;
    case SIGQUIT:
        quit(k);
        break;
    case SIGHUP:
        hg_keeper_reload(k, -1);
        break;
    case SIGUSR1:
        hg_keeper_reopen(k);
        break;
    default:
        hg_keeper_on_child(k);
    }
}

static void on_command(struct hg_keeper *k, int command_fd) {
    char word[16];
    struct hg_slice answer = {0};
    int fd = hg_command_accept(command_fd, word);
    if (fd < 0) {
        return;
    }
    if (strcmp(word, "reload") == 0) { /* answered when there is a verdict */
        hg_keeper_reload(k, fd);
        return;
    }
    if (strcmp(word, "stop") == 0) {
        hg_keeper_leave(k, STOP_MS);
    } else if (strcmp(word, "quit") == 0) {
        quit(k);
    } else if (strcmp(word, "reopen") == 0) {
        hg_keeper_reopen(k);
    } else {
        answer = HG_SLICE("headgate: not a command\n");
    }
    hg_command_answer(fd, answer);
}

static void on_signals(struct master *m) {
    struct signalfd_siginfo info;
    while (read(m->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        on_signal(&m->keeper, (int)info.ssi_signo);
    }
}

static void serve(struct master *m) {
    struct hg_keeper *k = &m->keeper;
    while (!hg_keeper_is_over(k)) {
        struct pollfd fds[3] = {{.fd = k->child.control_fd, .events = POLLIN},
                                {.fd = m->signal_fd, .events = POLLIN},
                                {.fd = m->command_fd, .events = POLLIN}};
        if (poll(fds, HG_COUNT(fds), hg_keeper_wait_ms(k)) < 0 && errno != EINTR) {
            break;
        }
        if (fds[0].revents != 0) {
            hg_keeper_on_control(k);
        }
        if (fds[1].revents != 0) {
            on_signals(m);
        }
        if (fds[2].revents != 0) {
            on_command(k, m->command_fd);
        }
        hg_keeper_on_time(k);
    }
}

/* What the file system and the network have to give before the first worker. */
static int prepare_world(struct master *m, struct hg_why *why) {
    struct hg_keeper *k = &m->keeper;
    const struct hg_server_conf *c = k->plan.server;
    m->command_fd = hg_command_listen(c->pid_path, why);
    if (m->command_fd < 0 || hg_spawn_prepare_log(k->plan.conf, k->registry, why) != 0 ||
        hg_sockets_open(&k->sockets, k->plan.site, c->admin, hg_server_threads(c), why) != 0 ||
        hg_logs_open_error(c, &k->log_fd, why) != 0) {
        hg_command_unlink(c->pid_path);
        return HG_EIO;
    }
    return 0;
}

/* Everything that can be found wrong before the first worker is. */
static int prepare(struct master *m, struct hg_buf *ret_errors) {
    struct hg_keeper *k = &m->keeper;
    struct hg_why why = {""};
    int err = hg_plan_read(k->args, k->registry, &k->plan, ret_errors);
    if (err != 0) {
        return err;
    }
    if ((err = hg_places_check(&k->plan, k->registry, ret_errors)) != 0) {
        return err;
    }
    const struct hg_server_conf *c = k->plan.server;
    if (c->is_daemon && (k->detach_fd = hg_detach()) < 0) {
        hg_buf_printf(ret_errors, "daemon: %s\n", strerror(errno));
        return HG_EIO;
    }
    if (hg_command_write_pid(c->pid_path, &why) != 0 || prepare_world(m, &why) != 0) {
        hg_buf_printf(ret_errors, "%s\n", why.text);
        return HG_EIO;
    }
    hg_logfile_set(k->log_fd);
    hg_log_level = (enum hg_level)hg_server_log_level(c);
    return 0;
}

int hg_master_run(const struct hg_server_args *args) {
    struct master m = {.keeper = {.args = args,
                                  .child = {.control_fd = -1},
                                  .reload = {.log_fd = -1},
                                  .sockets = {.is_owner = true}}};
    struct hg_keeper *k = &m.keeper;
    struct hg_buf errors = {.max = 1 << 20};
    hg_detach_fill_standard();
    k->registry = hg_registry_new(args->module_dir);
    m.signal_fd = open_signals();
    if (prepare(&m, &errors) == 0) {
        hg_keeper_start(k);
        serve(&m);
        hg_command_unlink(k->plan.server->pid_path);
    } else {
        fprintf(stderr, "%.*s", HG_FMT(hg_buf_slice(&errors)));
        k->status = 1;
    }
    hg_sockets_fini(&k->sockets);
    hg_plan_fini(&k->plan);
    hg_registry_free(&k->registry);
    hg_buf_fini(&errors);
    return k->status;
}
