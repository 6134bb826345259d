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

enum { HG_WIRE_FDS_MAX = 200 };

struct hg_wire_message {
    enum hg_wire_type type;
    struct hg_buf body;
    int fds[HG_WIRE_FDS_MAX];
    size_t n_fds;
};

/* HG_ECLOSED: the other side is gone. HG_EIO. */
int hg_wire_send(int fd, const struct hg_wire_message *m);
/* Fills m, whose body the caller frees; descriptors are the caller's. On
 * failure there are none. */
int hg_wire_receive(int fd, struct hg_wire_message *m);
void hg_wire_fini(struct hg_wire_message *m);
/* For a receiver that cannot use the message. */
void hg_wire_close_fds(struct hg_wire_message *m);

/* Cut a text that ends with a 0 off rest; false when there is none. */
bool hg_wire_take_text(struct hg_slice *rest, struct hg_slice *ret_text);

#endif
