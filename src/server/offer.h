/* SPDX-License-Identifier: Apache-2.0 */
/* offer.h - the master hands a plan to the worker, and hears what it says. */
#ifndef HG_SERVER_OFFER_H
#define HG_SERVER_OFFER_H

#include "server/bundle.h"
#include "server/plan.h"

struct hg_offer {
    int control_fd;
    const char *conf_path;
    const struct hg_plan *plan;
    const struct hg_bundle_socket *sockets; /* those that the worker has not got yet */
    size_t n_sockets;
};

/* 0: a verdict will come. HG_EINVAL: nothing was sent. HG_ECLOSED: the worker
 * is of no use any more. ret_errors says why. */
int hg_offer_send(const struct hg_offer *o, struct hg_buf *ret_errors);

/* When there is something to read. 0: it runs under the plan. HG_EINVAL: it
 * refused, and runs as before if it ran. HG_ECLOSED: it died, or is of no use
 * any more. ret_errors says why. */
int hg_offer_hear(int control_fd, struct hg_buf *ret_errors);

#endif
