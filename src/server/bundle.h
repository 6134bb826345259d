/* SPDX-License-Identifier: Apache-2.0 */
/* bundle.h - all that a worker builds a generation from: the configuration's
 * files as bytes and the listening sockets with their addresses. */
#ifndef HG_SERVER_BUNDLE_H
#define HG_SERVER_BUNDLE_H

#include "conf/conf.h"
#include "net/addr.h"
#include "server/wire.h"

struct hg_bundle_socket {
    struct hg_addr addr;
    unsigned loop; /* the loop that accepts on it */
    bool is_admin;
    int fd;
};

/* An access log, opened by the master. */
struct hg_bundle_log {
    struct hg_slice path;
    int fd;
};

struct hg_bundle {
    struct hg_slice conf_path;
    struct hg_conf_files *files;
    struct hg_bundle_socket *sockets;
    size_t n_sockets;
    struct hg_bundle_log *logs;
    size_t n_logs;
};

/* Into a message; the descriptors stay the caller's. HG_ENOMEM, HG_E2BIG. */
int hg_bundle_pack(const struct hg_bundle *b, struct hg_wire_message *m);
/* conf_path and the logs' paths point into the message. HG_EINVAL, HG_ENOMEM. */
int hg_bundle_unpack(const struct hg_wire_message *m, struct hg_bundle *ret);
void hg_bundle_fini(struct hg_bundle *b);

#endif
