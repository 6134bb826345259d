/* SPDX-License-Identifier: Apache-2.0 */
/* master.h - the process that holds the listeners and keeps a worker alive.
 * Reads files, binds, opens logs; starts no module and serves no traffic. */
#ifndef HG_SERVER_MASTER_H
#define HG_SERVER_MASTER_H

#include "headgate/buf.h"

struct hg_master_args {
    const char *conf_path;
    const char *module_dir;
};

/* Runs until stopped; the exit status. */
int hg_master_run(const struct hg_master_args *args);

/* -t and -T: read and build, start nothing. Prints to out; the exit status. */
int hg_master_test(const struct hg_master_args *args, bool is_dump);

/* -s stop|quit|reload|reopen: tells the running master; the exit status. */
int hg_master_signal(const struct hg_master_args *args, const char *what);

#endif
