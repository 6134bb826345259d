/* SPDX-License-Identifier: Apache-2.0 */
/* reload.h - the master's part of a new configuration, step by step:
 *
 *   read ─► open the error log ─► bind ─► offer ─(the worker builds)─► verdict
 *
 * A refusal at any step undoes those before it; only then, or after the last,
 * is anything of the old configuration given up. */
#ifndef HG_SERVER_RELOAD_H
#define HG_SERVER_RELOAD_H

#include "server/plan.h"
#include "server/sockets.h"

struct hg_reload {
    const struct hg_server_args *args;
    struct hg_registry *registry;
    const struct hg_plan *now;
    struct hg_sockets *sockets; /* grows by what is bound */
    int control_fd;
    /* What it leaves to the caller when it was taken. */
    struct hg_plan plan;
    int log_fd;
};

/* 0: the worker runs under r->plan. HG_EINVAL: nothing has changed. Anything
 * else: what the worker runs under is not known. ret_errors says why. */
int hg_reload_run(struct hg_reload *r, struct hg_buf *ret_errors);

#endif
