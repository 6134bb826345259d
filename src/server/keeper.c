/* SPDX-License-Identifier: Apache-2.0 */
/* keeper.c - starts, reloads, verdicts, deaths and the end of the worker. */
#include "server/keeper.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "headgate/logline.h"
#include "server/death.h"
#include "server/detach.h"
#include "server/logs.h"
#include "server/offer.h"
#include "server/wire.h"

enum { STOP_MS = 1000, ERRORS_MAX = 1 << 20 };
/* A worker that starts may have a large log to look through before it can say
 * whether it takes its configuration. */
enum { START_VERDICT_MS = 600000 };

/* --- a worker's start --- */

static void try_reload(struct hg_keeper *k);

static void refuse_start(struct hg_keeper *k, const struct hg_buf *errors) {
    k->is_starting = false;
    k->is_refused = true;
    k->verdict_at_ms = 0;
    hg_child_drop(&k->child);
    if (k->has_served) {
        HG_LOG(HG_CRIT, "worker_refused", "why=%.*s", HG_FMT(hg_buf_slice(errors)));
        try_reload(k); /* who asked meanwhile is told that there is no worker */
        return;
    }
    fprintf(stderr, "%.*s", HG_FMT(hg_buf_slice(errors)));
    k->status = 1;
    hg_keeper_leave(k, STOP_MS);
}

static void take_start(struct hg_keeper *k) {
    k->is_starting = false;
    k->verdict_at_ms = 0;
    hg_child_serves(&k->child);
    HG_LOG(HG_NOTICE, "worker_started", "pid=%d", (int)k->child.pid);
    if (!k->has_served && k->plan.server->is_daemon) {
        hg_detach_done(k->detach_fd);
    }
    k->has_served = true;
    try_reload(k);
}

static int offer_all(const struct hg_keeper *k, struct hg_buf *ret_errors) {
    struct hg_offer o = {
        .control_fd = k->child.control_fd,
        .conf_path = k->args->conf_path,
        .plan = &k->plan,
        .sockets = k->sockets.items,
        .n_sockets = k->sockets.n,
    };
    return hg_offer_send(&o, ret_errors);
}

void hg_keeper_start(struct hg_keeper *k) {
    struct hg_buf errors = {.max = ERRORS_MAX};
    k->is_refused = false;
    int err = hg_child_start(&k->child, k->plan.server, k->registry, k->log_fd);
    if (err != 0) {
        hg_buf_printf(&errors, "a worker could not be made: %s\n", strerror(errno));
    } else {
        err = offer_all(k, &errors);
    }
    if (err != 0) {
        refuse_start(k, &errors);
    } else {
        k->is_starting = true;
        k->verdict_at_ms = hg_clock_mono_ms() + START_VERDICT_MS;
    }
    hg_buf_fini(&errors);
}

/* One that hung up without a word is dying: what of, its end will say. */
static void hear_start(struct hg_keeper *k) {
    struct hg_buf errors = {.max = ERRORS_MAX};
    int err = hg_offer_hear(k->child.control_fd, &errors);
    if (err == 0) {
        take_start(k);
    } else if (err == HG_ECLOSED) {
        hg_child_drop(&k->child);
    } else {
        refuse_start(k, &errors);
    }
    hg_buf_fini(&errors);
}

static void refuse_dead(struct hg_keeper *k, int status) {
    struct hg_buf errors = {.max = ERRORS_MAX};
    HG_BUF_LIT(&errors, "the worker died before it served: ");
    hg_death_print(status, &errors);
    HG_BUF_LIT(&errors, "\n");
    refuse_start(k, &errors);
    hg_buf_fini(&errors);
}

/* --- a reload --- */

/* Lines go to the new log from now on, in both processes. */
static void take_plan(struct hg_keeper *k) {
    hg_logs_use(k->reload.log_fd, k->child.control_fd);
    k->log_fd = k->reload.log_fd;
    hg_plan_fini(&k->plan);
    k->plan = k->reload.plan;
    hg_log_level = (enum hg_level)hg_server_log_level(k->plan.server);
}

static void end_reload(struct hg_keeper *k, int err, struct hg_buf *errors) {
    k->verdict_at_ms = 0;
    if (err == HG_ECLOSED) {
        hg_child_drop(&k->child);
    }
    if (err == 0) {
        take_plan(k);
        HG_LOG(HG_NOTICE, "reloaded", "conf=%s", k->args->conf_path);
    } else {
        HG_LOG(HG_ERROR, "reload_refused", "why=%.*s", HG_FMT(hg_buf_slice(errors)));
    }
    hg_callers_answer(&k->asked, hg_buf_slice(errors));
    if (k->is_reopen_due) { /* its log was opened before it was moved away */
        hg_keeper_reopen(k);
    }
    try_reload(k);
}

static void begin_reload(struct hg_keeper *k) {
    struct hg_buf errors = {.max = ERRORS_MAX};
    int err = HG_EAGAIN;
    k->reload.args = k->args;
    k->reload.registry = k->registry;
    k->reload.sockets = &k->sockets;
    if (k->child.control_fd < 0) {
        HG_BUF_LIT(&errors, "there is no worker just now; it is being started again\n");
    } else {
        err = hg_reload_begin(&k->reload, k->child.control_fd, hg_server_threads(k->plan.server),
                              &errors);
    }
    if (err != 0) {
        end_reload(k, err, &errors);
    } else {
        k->verdict_at_ms = hg_clock_mono_ms() + k->plan.server->reload_timeout_ms;
    }
    hg_buf_fini(&errors);
}

static void try_reload(struct hg_keeper *k) {
    if (k->is_reload_due && !k->is_starting && !k->reload.is_under_way && !k->is_leaving) {
        k->is_reload_due = false;
        hg_callers_move(&k->asked, &k->next);
        begin_reload(k);
    }
}

void hg_keeper_reload(struct hg_keeper *k, int fd) {
    bool is_late = k->reload.is_under_way && k->verdict_at_ms == 0;
    if (is_late && fd >= 0) {
        hg_command_answer(fd, HG_SLICE("the worker has not said yet whether it takes the "
                                       "configuration before this one\n"));
        return;
    }
    if (fd >= 0) {
        hg_callers_add(&k->next, fd);
    }
    k->is_reload_due = true;
    try_reload(k);
}

/* The worker may be building, or hang: it serves all the same, so it is left
 * to do so, and only those who wait are let go. */
static void give_up_waiting(struct hg_keeper *k) {
    struct hg_buf text = {.max = ERRORS_MAX};
    k->verdict_at_ms = 0;
    hg_buf_printf(&text,
                  "the worker has not said within %lld ms whether it takes the configuration; it "
                  "goes on as it is, and the error log will have what it says\n",
                  (long long)k->plan.server->reload_timeout_ms);
    HG_LOG(HG_CRIT, "reload_waits", "why=%.*s", HG_FMT(hg_buf_slice(&text)));
    hg_callers_answer(&k->asked, hg_buf_slice(&text));
    hg_callers_answer(&k->next, hg_buf_slice(&text));
    hg_buf_fini(&text);
}

/* --- logs --- */

void hg_keeper_reopen(struct hg_keeper *k) {
    struct hg_why why = {""};
    k->is_reopen_due = k->reload.is_under_way;
    int fd = hg_logs_reopen(k->plan.server, k->plan.site, k->child.control_fd, &why);
    k->log_fd = fd >= 0 ? fd : k->log_fd;
    if (why.text[0] != 0) {
        HG_LOG(HG_ERROR, "reopen_failed", "why=%s", why.text);
    }
}

/* --- the end --- */

void hg_keeper_leave(struct hg_keeper *k, int64_t within_ms) {
    struct hg_wire_message message = {.type = HG_WIRE_DRAIN};
    int64_t kill_at = hg_clock_mono_ms() + within_ms;
    if (k->kill_at_ms == 0 || kill_at < k->kill_at_ms) {
        k->kill_at_ms = kill_at;
    }
    if (k->is_leaving) {
        return;
    }
    k->is_leaving = true;
    if (k->reload.is_under_way) {
        hg_reload_abandon(&k->reload);
    }
    hg_callers_answer(&k->asked, HG_SLICE("the gateway is stopping\n"));
    hg_callers_answer(&k->next, HG_SLICE("the gateway is stopping\n"));
    k->verdict_at_ms = 0;
    if (k->is_starting) { /* it has nothing yet that could be drained */
        hg_child_drop(&k->child);
    } else if (k->child.control_fd >= 0) {
        hg_wire_send(k->child.control_fd, &message);
    }
    /* Nobody accepts on them any more: who comes now is better refused. */
    hg_sockets_prune(&k->sockets, NULL);
}

bool hg_keeper_is_over(const struct hg_keeper *k) {
    return k->is_leaving && k->child.pid == 0;
}

/* --- what happens --- */

void hg_keeper_on_control(struct hg_keeper *k) {
    if (k->is_starting && !k->is_leaving) {
        hear_start(k);
    } else if (k->reload.is_under_way) {
        struct hg_buf errors = {.max = ERRORS_MAX};
        int err = hg_reload_end(&k->reload, k->child.control_fd, &errors);
        end_reload(k, err, &errors);
        hg_buf_fini(&errors);
    } else { /* it hung up, or talks out of turn: once it leaves it may do both */
        hg_child_hang_up(&k->child);
        if (!k->is_leaving) {
            hg_child_drop(&k->child);
        }
    }
}

static void log_end(const struct hg_keeper *k, pid_t pid, int status) {
    struct hg_buf why = {.max = ERRORS_MAX};
    hg_death_print(status, &why);
    HG_LOG(k->is_leaving ? HG_NOTICE : HG_CRIT, "worker_ended",
           "pid=%d status=%d signal=%d why=%.*s", (int)pid,
           WIFEXITED(status) ? WEXITSTATUS(status) : -1, WIFSIGNALED(status) ? WTERMSIG(status) : 0,
           HG_FMT(hg_buf_slice(&why)));
    hg_buf_fini(&why);
}

static void hear_last_word(struct hg_keeper *k) {
    if (!k->is_leaving && k->child.control_fd >= 0) {
        hg_keeper_on_control(k);
    }
}

void hg_keeper_on_child(struct hg_keeper *k) {
    int status;
    pid_t pid = k->child.pid;
    if (!hg_child_reap(&k->child, &status)) {
        return;
    }
    if (k->is_starting) { /* it may have said what is wrong */
        hear_last_word(k);
    }
    if (!k->is_refused) {
        log_end(k, pid, status);
    }
    hear_last_word(k);
    if (k->is_starting && !k->is_leaving) {
        refuse_dead(k, status);
    }
    hg_child_hang_up(&k->child);
    if (!k->is_leaving) {
        hg_child_rest(&k->child, hg_clock_mono_ms());
    }
}

static void on_late_verdict(struct hg_keeper *k) {
    struct hg_buf errors = {.max = ERRORS_MAX};
    if (k->is_starting) {
        HG_BUF_LIT(&errors, "the worker has not said whether it takes the configuration\n");
        refuse_start(k, &errors);
    } else {
        give_up_waiting(k);
    }
    hg_buf_fini(&errors);
}

void hg_keeper_on_time(struct hg_keeper *k) {
    int64_t now = hg_clock_mono_ms();
    if (k->kill_at_ms > 0 && now >= k->kill_at_ms && k->child.pid > 0) {
        kill(k->child.pid, SIGKILL);
        k->kill_at_ms = now + STOP_MS;
    }
    if (k->verdict_at_ms > 0 && now >= k->verdict_at_ms) {
        on_late_verdict(k);
    }
    if (!k->is_leaving && k->child.restart_at_ms > 0 && now >= k->child.restart_at_ms) {
        hg_keeper_start(k);
    }
}

static int64_t sooner(int64_t a, int64_t b) {
    return a == 0 || (b > 0 && b < a) ? b : a;
}

int hg_keeper_wait_ms(const struct hg_keeper *k) {
    int64_t now = hg_clock_mono_ms();
    int64_t at = sooner(k->kill_at_ms, k->verdict_at_ms);
    at = sooner(at, k->is_leaving ? 0 : k->child.restart_at_ms);
    return at == 0 ? -1 : at <= now ? 0 : (int)(at - now);
}
