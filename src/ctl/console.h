/* SPDX-License-Identifier: Apache-2.0 */
/* console.h - what a command has of its process: where it reads, writes and
 * tells, and the word to stop. */
#ifndef HG_CTL_CONSOLE_H
#define HG_CTL_CONSOLE_H

#include <stdio.h>

#include "headgate/buf.h"

enum { HG_CTL_WELL = 0, HG_CTL_NOT_DONE = 1, HG_CTL_MISUSED = 2 };

struct hg_conf;
struct hg_conf_files;
struct hg_registry;

/* How a configuration is read: what the process gives to commands that look at
 * one, for the rows are those of rooms above. As hg_generation_read. */
struct hg_ctl_confs {
    int (*read)(struct hg_conf_files *files, struct hg_slice path, struct hg_registry *registry,
                struct hg_conf **ret, struct hg_buf *ret_errors);
    const char *module_dir;
};

struct hg_ctl {
    const struct hg_ctl_confs *confs;
    int in_fd;
    FILE *out;     /* what was asked for */
    FILE *err;     /* what happened meanwhile */
    int stop_fd;   /* readable: end now; -1: nobody will say so */
    int out_errno; /* why out takes nothing any more */
};

/* One line on err, with the program's name before it. Control characters in
 * it are escaped: what a server says must not steer a terminal. */
void hg_ctl_tell(struct hg_ctl *ctl, const char *fmt, ...) HG_PRINTF(2, 3);

/* False: out takes nothing any more, out_errno says why. */
bool hg_ctl_flush(struct hg_ctl *ctl);

#endif
