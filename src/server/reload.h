/* SPDX-License-Identifier: Apache-2.0 */
/* reload.h - the master's part of a new configuration, step by step:
 *
 *   hg_reload_begin: read ─► open the error log ─► bind ─► offer
 *                    ... the worker builds, the master does its other work ...
 *   hg_reload_end:   verdict ─► keep, or undo
 *
 * A refusal at any step undoes those before it; only after the last is
 * anything of the old configuration given up. */
#ifndef HG_SERVER_RELOAD_H
#define HG_SERVER_RELOAD_H

#include "server/plan.h"
#include "server/sockets.h"

struct hg_reload {
    const struct hg_server_args *args;
    struct hg_registry *registry;
    struct hg_sockets *sockets; /* grows by what is bound */
    size_t first;               /* the first of those */
    struct hg_plan plan;
    int log_fd;
    bool is_under_way;
};

/* 0: the worker at control_fd, which has n_loops, will say whether it takes
 * it. HG_EINVAL: nothing has changed. HG_ECLOSED: neither has it, but the
 * worker is of no use any more. ret_errors says why. */
int hg_reload_begin(struct hg_reload *r, int control_fd, unsigned n_loops,
                    struct hg_buf *ret_errors);
/* When control_fd has something to read. 0: the worker runs under r->plan,
 * which is the caller's now, and so is r->log_fd. Else as hg_reload_begin. */
int hg_reload_end(struct hg_reload *r, int control_fd, struct hg_buf *ret_errors);
/* Nobody waits for the verdict any more: as if nothing had begun. */
void hg_reload_abandon(struct hg_reload *r);

#endif
