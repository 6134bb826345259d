/* SPDX-License-Identifier: Apache-2.0 */
/* worker.c - the worker's control thread: what the master says, and verdicts.
 *
 *   receive ─ bundle ─► hg_service_take ─► verdict
 *           ─ reopen ─► new descriptors of the logs
 *           ─ drain, or the master gone ─► hg_service_end ─► exit
 */
#include "server/worker.h"

#include <unistd.h>

#include "base/logfile.h"
#include "edge/access.h"
#include "headgate/logline.h"
#include "server/service.h"
#include "server/wire.h"

static void send_verdict(int fd, struct hg_buf *errors, int err) {
    struct hg_wire_message m = {.type = HG_WIRE_VERDICT};
    if (err != 0 && errors->len == 0) {
        hg_buf_printf(errors, "%s\n", hg_err_text(err));
    }
    if (err != 0) {
        hg_buf_put(&m.body, errors->ptr, errors->len);
    }
    hg_wire_send(fd, &m);
    hg_wire_fini(&m);
}

static int on_bundle(struct hg_service *s, int fd, struct hg_wire_message *m) {
    struct hg_bundle bundle;
    struct hg_buf errors = {.max = 1 << 20};
    int err = hg_bundle_unpack(m, &bundle);
    if (err == 0) {
        err = hg_service_take(s, &bundle, &errors);
        hg_bundle_fini(&bundle);
    } else {
        hg_wire_close_fds(m);
    }
    send_verdict(fd, &errors, err);
    hg_buf_fini(&errors);
    if (!s->is_started) {
        return HG_EINVAL;
    }
    hg_service_told(s);
    return 0;
}

/* The error log's new descriptor, then the access logs'. */
static void reopen(struct hg_wire_message *m) {
    struct hg_slice rest = hg_buf_slice(&m->body), path;
    size_t i = 1;
    hg_logfile_set(m->fds[0]);
    for (; i < m->n_fds && hg_wire_take_text(&rest, &path); i++) {
        hg_access_file_set(path, m->fds[i]);
    }
    for (; i < m->n_fds; i++) {
        close(m->fds[i]);
    }
    hg_access_file_sweep();
}

int hg_worker_run(int control_fd, struct hg_registry *registry) {
    struct hg_service s = {.registry = registry};
    struct hg_wire_message m;
    bool is_over = false;
    int status = 0;
    while (!is_over) {
        int err = hg_wire_receive(control_fd, &m);
        if (err != 0) {
            HG_LOG(HG_ERROR, "master_gone", "err=%s", hg_err_text(err));
            is_over = true;
        } else if (m.type == HG_WIRE_BUNDLE) {
            status = on_bundle(&s, control_fd, &m) != 0;
            is_over = status != 0;
        } else if (m.type == HG_WIRE_REOPEN && m.n_fds > 0) {
            reopen(&m);
        } else if (m.type == HG_WIRE_DRAIN) {
            is_over = true;
        }
        hg_wire_fini(&m);
    }
    if (s.is_started) {
        hg_service_end(&s);
    }
    return status;
}
