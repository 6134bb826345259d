/* SPDX-License-Identifier: Apache-2.0 */
/* death.h - how a worker ended, in words for whoever has to do something. */
#ifndef HG_SERVER_DEATH_H
#define HG_SERVER_DEATH_H

#include "headgate/buf.h"

/* status as waitpid gives it: "killed by SIGBUS: what that means; what to do",
 * or "exit status 1". No line end. */
void hg_death_print(int status, struct hg_buf *out);

#endif
