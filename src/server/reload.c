/* SPDX-License-Identifier: Apache-2.0 */
/* reload.c - the steps of a reload in the master. */
#include "server/reload.h"

#include <unistd.h>

#include "server/logs.h"
#include "server/offer.h"

/* How long a worker that serves may take to say whether it takes a configuration. */
enum { VERDICT_MS = 50000 };

static int fail(struct hg_buf *ret_errors, const struct hg_why *why) {
    hg_buf_printf(ret_errors, "%s\n", why->text);
    return HG_EINVAL;
}

static int read_plan(struct hg_reload *r, struct hg_buf *ret_errors) {
    return hg_plan_read(r->args, r->registry, &r->plan, ret_errors) != 0 ? HG_EINVAL : 0;
}

static int open_log(struct hg_reload *r, struct hg_buf *ret_errors) {
    struct hg_why why = {""};
    return hg_logs_open_error(r->plan.server, &r->log_fd, &why) != 0 ? fail(ret_errors, &why) : 0;
}

/* The number of loops is the worker's, whatever the new configuration says:
 * the worker refuses another. */
static int bind_sockets(struct hg_reload *r, struct hg_buf *ret_errors) {
    struct hg_why why = {""};
    int err = hg_sockets_open(r->sockets, r->plan.site, r->plan.server->admin,
                              hg_server_threads(r->now->server), &why);
    return err != 0 ? fail(ret_errors, &why) : 0;
}

static int offer(struct hg_reload *r, size_t first, struct hg_buf *ret_errors) {
    struct hg_offer o = {
        .control_fd = r->control_fd,
        .conf_path = r->args->conf_path,
        .plan = &r->plan,
        .sockets = r->sockets->items + first,
        .n_sockets = r->sockets->n - first,
        .timeout_ms = VERDICT_MS,
    };
    return hg_offer(&o, ret_errors);
}

static void undo(struct hg_reload *r, size_t first) {
    hg_sockets_close_from(r->sockets, first);
    if (r->log_fd >= 0) {
        close(r->log_fd);
        r->log_fd = -1;
    }
    hg_plan_fini(&r->plan);
}

int hg_reload_run(struct hg_reload *r, struct hg_buf *ret_errors) {
    size_t first = r->sockets->n;
    r->plan = (struct hg_plan){0};
    r->log_fd = -1;
    int err = read_plan(r, ret_errors);
    err = err != 0 ? err : open_log(r, ret_errors);
    err = err != 0 ? err : bind_sockets(r, ret_errors);
    err = err != 0 ? err : offer(r, first, ret_errors);
    if (err != 0) {
        undo(r, first);
        return err;
    }
    hg_sockets_prune(r->sockets, r->plan.site);
    return 0;
}
