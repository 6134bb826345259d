/* SPDX-License-Identifier: Apache-2.0 */
/* master.h - the process that holds the listeners and keeps a worker alive.
 * Reads files, binds, opens logs; starts no module and serves no traffic. */
#ifndef HG_SERVER_MASTER_H
#define HG_SERVER_MASTER_H

#include "server/args.h"

/* Runs until stopped; the exit status. */
int hg_master_run(const struct hg_server_args *args);

#endif
