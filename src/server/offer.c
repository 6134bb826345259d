/* SPDX-License-Identifier: Apache-2.0 */
/* offer.c - a bundle there, a verdict back. */
#include "server/offer.h"

#include "server/logs.h"

static int pack(const struct hg_bundle *b, struct hg_wire_message *m, struct hg_buf *ret_errors) {
    int err = hg_bundle_pack(b, m);
    if (err != 0) {
        hg_buf_printf(ret_errors, "the configuration and its sockets cannot be sent: %s\n",
                      hg_err_text(err));
        return HG_EINVAL;
    }
    return 0;
}

static int send_packed(int fd, const struct hg_wire_message *m, struct hg_buf *ret_errors) {
    int err = hg_wire_send(fd, m);
    if (err != 0) {
        hg_buf_printf(ret_errors, "%s: %s\n",
                      err == HG_ECLOSED ? "the worker died before it had the configuration"
                                        : "the configuration cannot be sent to the worker",
                      hg_err_text(err));
        return HG_ECLOSED;
    }
    return 0;
}

int hg_offer_send(const struct hg_offer *o, struct hg_buf *ret_errors) {
    struct hg_wire_message message = {0};
    struct hg_why why = {""};
    struct hg_bundle bundle = {
        .conf_path = hg_slice_of(o->conf_path),
        .files = o->plan->files,
        .sockets = (struct hg_bundle_socket *)o->sockets,
        .n_sockets = o->n_sockets,
    };
    if (hg_logs_open_access(o->plan->site, &bundle.logs, &bundle.n_logs, &why) != 0) {
        hg_buf_printf(ret_errors, "%s\n", why.text);
        return HG_EINVAL;
    }
    int err = pack(&bundle, &message, ret_errors);
    err = err != 0 ? err : send_packed(o->control_fd, &message, ret_errors);
    hg_logs_close_access(&bundle.logs, bundle.n_logs);
    hg_wire_fini(&message);
    return err;
}

int hg_offer_hear(int control_fd, struct hg_buf *ret_errors) {
    struct hg_wire_message verdict;
    int err = hg_wire_receive(control_fd, &verdict);
    if (err != 0 || verdict.type != HG_WIRE_VERDICT) {
        HG_BUF_LIT(ret_errors, "the worker died while it read the configuration\n");
        err = HG_ECLOSED;
    } else if (verdict.body.len > 0) {
        hg_buf_put(ret_errors, verdict.body.ptr, verdict.body.len);
        err = HG_EINVAL;
    }
    hg_wire_close_fds(&verdict);
    hg_wire_fini(&verdict);
    return err;
}
