/* SPDX-License-Identifier: Apache-2.0 */
/* console.h - what a command has of its process: where it reads, writes and
 * tells, and the word to stop. */
#ifndef HG_CTL_CONSOLE_H
#define HG_CTL_CONSOLE_H

#include <stdio.h>

#include "headgate/base.h"

enum { HG_CTL_WELL = 0, HG_CTL_NOT_DONE = 1, HG_CTL_MISUSED = 2 };

struct hg_ctl {
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
