/* SPDX-License-Identifier: Apache-2.0 */
/* offer.c - a bundle there, a verdict back. A worker that hangs must not take
 * the master with it: the wait has an end, and a signal to stop ends it too. */
#include "server/offer.h"

#include <poll.h>
#include <signal.h>

#include "base/clock.h"
#include "server/logs.h"

enum { LOOK_EVERY_MS = 100 };

static int send_plan(const struct hg_offer *o, struct hg_buf *ret_errors) {
    struct hg_wire_message message = {0};
    struct hg_why why = {""};
    struct hg_bundle bundle = {
        .conf_path = hg_slice_of(o->conf_path),
        .files = o->plan->files,
        .sockets = (struct hg_bundle_socket *)o->sockets,
        .n_sockets = o->n_sockets,
    };
    int err = hg_logs_open_access(o->plan->site, &bundle.logs, &bundle.n_logs, &why);
    if (err != 0) {
        hg_buf_printf(ret_errors, "%s\n", why.text);
        return HG_EINVAL; /* nothing was sent: the worker is as it was */
    }
    err = hg_bundle_pack(&bundle, &message);
    if (err != 0) {
        hg_buf_printf(ret_errors, "the configuration and its sockets cannot be sent: %s\n",
                      hg_err_text(err));
        err = HG_EINVAL;
    } else if (hg_wire_send(o->control_fd, &message) != 0) {
        err = HG_ECLOSED;
    }
    hg_logs_close_access(&bundle.logs, bundle.n_logs);
    hg_wire_fini(&message);
    return err;
}

static bool is_stop_pending(void) {
    sigset_t set;
    return sigpending(&set) == 0 && (sigismember(&set, SIGTERM) || sigismember(&set, SIGINT) ||
                                     sigismember(&set, SIGQUIT));
}

static int wait_verdict(const struct hg_offer *o, struct hg_wire_message *ret) {
    struct pollfd fd = {.fd = o->control_fd, .events = POLLIN};
    int64_t deadline = hg_clock_mono_ms() + o->timeout_ms;
    while (poll(&fd, 1, LOOK_EVERY_MS) != 1) {
        if (hg_clock_mono_ms() >= deadline || is_stop_pending()) {
            return HG_EAGAIN;
        }
    }
    return hg_wire_receive(o->control_fd, ret);
}

int hg_offer(const struct hg_offer *o, struct hg_buf *ret_errors) {
    struct hg_wire_message verdict = {0};
    size_t said = ret_errors->len;
    int err = send_plan(o, ret_errors);
    if (err == 0) {
        err = wait_verdict(o, &verdict);
    }
    if (err == 0 && verdict.body.len > 0) {
        hg_buf_put(ret_errors, verdict.body.ptr, verdict.body.len);
        err = HG_EINVAL;
    } else if (err == HG_EAGAIN) {
        HG_BUF_LIT(ret_errors, "the worker has not said whether it takes the configuration\n");
    } else if (err != 0 && ret_errors->len == said) {
        HG_BUF_LIT(ret_errors, "the worker died while it read the configuration\n");
    }
    hg_wire_fini(&verdict);
    return err;
}
