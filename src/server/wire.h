/* SPDX-License-Identifier: Apache-2.0 */
/* wire.h - messages with descriptors over the socket pair between master and
 * worker. Blocking; one thread on each side. */
#ifndef HG_SERVER_WIRE_H
#define HG_SERVER_WIRE_H

#include "headgate/buf.h"

enum hg_wire_type {
    HG_WIRE_BUNDLE = 1, /* to the worker: a configuration and its listeners */
    HG_WIRE_VERDICT,    /* to the master: empty is ok, else the errors */
    HG_WIRE_DRAIN,      /* to the worker: finish and exit */
    HG_WIRE_REOPEN,     /* to the worker: the error log's new descriptor, then each access
                           log's; their paths, each with a 0, are the body */
};

/* Of one message: listening sockets and access logs. */
enum { HG_WIRE_FDS_MAX = 8192 };

struct hg_wire_message {
    enum hg_wire_type type;
    struct hg_buf body;
    int *fds;
    size_t n_fds;
};

/* The descriptor stays the caller's. HG_E2BIG, HG_ENOMEM. */
int hg_wire_add_fd(struct hg_wire_message *m, int fd);

/* HG_ECLOSED: the other side is gone. HG_EIO: it does not take it, or a part
 * of it may be there: of no use any more. */
int hg_wire_send(int fd, const struct hg_wire_message *m);
/* Fills m; its descriptors are the caller's, body and list go with
 * hg_wire_fini, after a failure too. On failure there are no descriptors. */
int hg_wire_receive(int fd, struct hg_wire_message *m);
/* Closes no descriptor. */
void hg_wire_fini(struct hg_wire_message *m);
/* For a receiver that cannot use the message. */
void hg_wire_close_fds(struct hg_wire_message *m);

/* Cut a text that ends with a 0 off rest; false when there is none. */
bool hg_wire_take_text(struct hg_slice *rest, struct hg_slice *ret_text);

#endif
