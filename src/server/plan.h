/* SPDX-License-Identifier: Apache-2.0 */
/* plan.h - a configuration as the master sees it: read, checked and compiled
 * without a log; what a worker will be offered. */
#ifndef HG_SERVER_PLAN_H
#define HG_SERVER_PLAN_H

#include "server/args.h"
#include "server/generation.h"

struct hg_plan {
    struct hg_conf_files *files;
    struct hg_conf *conf;
    struct hg_site *site;
    const struct hg_server_conf *server;
};

/* HG_EINVAL: every fault is in ret_errors. Warnings are printed there too
 * when all is well. */
int hg_plan_read(const struct hg_server_args *args, struct hg_registry *registry,
                 struct hg_plan *ret, struct hg_buf *ret_errors);
void hg_plan_fini(struct hg_plan *p);

#endif
