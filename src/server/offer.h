/* SPDX-License-Identifier: Apache-2.0 */
/* offer.h - the master hands a plan to the worker and waits for its verdict. */
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
    int64_t timeout_ms;
};

/* 0: it runs under the plan. HG_EINVAL: it refused, and runs as before if it
 * ran; anything else: of no use any more (HG_ECLOSED: it died; HG_EAGAIN: no
 * verdict in time, or a signal to stop came meanwhile and is still pending).
 * ret_errors says why. */
int hg_offer(const struct hg_offer *o, struct hg_buf *ret_errors);

#endif
