/* SPDX-License-Identifier: Apache-2.0 */
/* admin.h - what the admin listener serves: /healthz, /readyz, /metrics,
 * /status. Handlers on one loop of the worker. */
#ifndef HG_SERVER_ADMIN_H
#define HG_SERVER_ADMIN_H

#include "edge/edge.h"

/* What the handlers look at; outlives the site. */
struct hg_admin {
    struct hg_log *log;
    _Atomic bool is_draining;
    _Atomic unsigned generation; /* the number of the current one */
    int64_t started_wall_ms;
    struct hg_buf certificates; /* their part of /metrics; the handlers' loop alone */
};

/* HG_EINVAL: why. */
int hg_admin_site(struct hg_admin *admin, struct hg_conf *conf, struct hg_slice address,
                  struct hg_site **ret, struct hg_why *why);

#endif
