/* SPDX-License-Identifier: Apache-2.0 */
/* admin.h - what the admin listener serves: /healthz, /readyz, /metrics,
 * /status, /dlq (dlq.h). Handlers on one loop of the worker. */
#ifndef HG_SERVER_ADMIN_H
#define HG_SERVER_ADMIN_H

#include "edge/edge.h"

/* Serving from when the master has been sent the verdict: whoever saw the
 * worker ready may kill it, and the master knows that it had started. */
enum hg_phase { HG_PHASE_STARTING, HG_PHASE_SERVING, HG_PHASE_DRAINING };

/* What the handlers look at; outlives the site. */
struct hg_admin {
    struct hg_log *log;
    _Atomic enum hg_phase phase;
    _Atomic unsigned generation; /* the number of the current one */
    int64_t started_wall_ms;
    /* The handlers' loop alone: */
    struct hg_buf certificates; /* their part of /metrics */
    struct hg_site *site;       /* the current generation's; one reference */
    unsigned n_dlq;             /* requests about dead letters that are open */
};

/* HG_EINVAL: why. */
int hg_admin_site(struct hg_admin *admin, struct hg_conf *conf, struct hg_slice address,
                  struct hg_site **ret, struct hg_why *why);

#endif
