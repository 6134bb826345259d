/* SPDX-License-Identifier: Apache-2.0 */
/* reload.c - the steps of a reload in the master. */
#include "server/reload.h"

#include <unistd.h>

#include "server/logs.h"
#include "server/offer.h"
#include "server/places.h"

static int fail(struct hg_buf *ret_errors, const struct hg_why *why) {
    hg_buf_printf(ret_errors, "%s\n", why->text);
    return HG_EINVAL;
}

static int read_plan(struct hg_reload *r, struct hg_buf *ret_errors) {
    return hg_plan_read(r->args, r->registry, &r->plan, ret_errors) != 0 ? HG_EINVAL : 0;
}

static int open_log(struct hg_reload *r, struct hg_buf *ret_errors) {
    struct hg_why why = {""};
    if (hg_places_check_logs(&r->plan, ret_errors) != 0) {
        return HG_EINVAL;
    }
    return hg_logs_open_error(r->plan.server, &r->log_fd, &why) != 0 ? fail(ret_errors, &why) : 0;
}

/* The number of loops is the worker's, whatever the new configuration says:
 * the worker refuses another. */
static int bind_sockets(struct hg_reload *r, unsigned n_loops, struct hg_buf *ret_errors) {
    struct hg_why why = {""};
    int err = hg_sockets_open(r->sockets, r->plan.site, r->plan.server->admin, n_loops, &why);
    return err != 0 ? fail(ret_errors, &why) : 0;
}

static int offer(const struct hg_reload *r, int control_fd, struct hg_buf *ret_errors) {
    struct hg_offer o = {
        .control_fd = control_fd,
        .conf_path = r->args->conf_path,
        .plan = &r->plan,
        .sockets = r->sockets->items + r->first,
        .n_sockets = r->sockets->n - r->first,
    };
    return hg_offer_send(&o, ret_errors);
}

void hg_reload_abandon(struct hg_reload *r) {
    hg_sockets_close_from(r->sockets, r->first);
    if (r->log_fd >= 0) {
        close(r->log_fd);
        r->log_fd = -1;
    }
    hg_plan_fini(&r->plan);
    r->is_under_way = false;
}

int hg_reload_begin(struct hg_reload *r, int control_fd, unsigned n_loops,
                    struct hg_buf *ret_errors) {
    r->first = r->sockets->n;
    r->plan = (struct hg_plan){0};
    r->log_fd = -1;
    int err = read_plan(r, ret_errors);
    err = err != 0 ? err : open_log(r, ret_errors);
    err = err != 0 ? err : bind_sockets(r, n_loops, ret_errors);
    err = err != 0 ? err : offer(r, control_fd, ret_errors);
    if (err != 0) {
        hg_reload_abandon(r);
        return err;
    }
    r->is_under_way = true;
    return 0;
}

int hg_reload_end(struct hg_reload *r, int control_fd, struct hg_buf *ret_errors) {
    int err = hg_offer_hear(control_fd, ret_errors);
    if (err != 0) {
        hg_reload_abandon(r);
        return err;
    }
    hg_sockets_prune(r->sockets, r->plan.site);
    r->is_under_way = false;
    return 0;
}
