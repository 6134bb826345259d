/* SPDX-License-Identifier: Apache-2.0 */
/* oneshot.h - command lines that read a configuration, do one thing and end:
 * they start nothing. Each gives the exit status. */
#ifndef HG_SERVER_ONESHOT_H
#define HG_SERVER_ONESHOT_H

#include "headgate/base.h"
#include "server/args.h"

/* -t and -T: read and build. */
int hg_oneshot_test(const struct hg_server_args *args, bool is_dump);

/* -s stop|quit|reload|reopen: tells the running master. */
int hg_oneshot_signal(const struct hg_server_args *args, const char *word);

#endif
