/* SPDX-License-Identifier: Apache-2.0 */
/* ctl.h - headgatectl: what a shell does with a gateway. */
#ifndef HG_CTL_CTL_H
#define HG_CTL_CTL_H

#include "ctl/console.h"

/* The process called headgatectl, from its first argument to its exit status:
 * 0 well, 1 not done, 2 called wrongly. Ends by the signal that ended it. */
int hg_ctl_main(const struct hg_ctl_confs *confs, int argc, char **argv);

/* The same without signals, for a console that is there already. */
int hg_ctl_run(struct hg_ctl *ctl, int argc, char **argv);

#endif
