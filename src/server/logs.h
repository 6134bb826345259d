/* SPDX-License-Identifier: Apache-2.0 */
/* logs.h - the log files that a configuration names, opened by the master,
 * which has the rights, for both processes. */
#ifndef HG_SERVER_LOGS_H
#define HG_SERVER_LOGS_H

#include "edge/edge.h"
#include "server/bundle.h"
#include "server/settings.h"

/* Open the file named by error_log; standard error's copy when there is none.
 * HG_EIO and why. */
int hg_logs_open_error(const struct hg_server_conf *c, int *ret_fd, struct hg_why *why);

/* Open each access log of the site, once. The caller closes the descriptors
 * and frees the list. HG_EIO, HG_ENOMEM and why. */
int hg_logs_open_access(const struct hg_site *site, struct hg_bundle_log **ret_logs, size_t *ret_n,
                        struct hg_why *why);
void hg_logs_close_access(struct hg_bundle_log **plogs, size_t n);

/* Lines of the error log go to fd from now on, here and in the worker at
 * control_fd (-1: there is none). Takes fd. */
void hg_logs_use(int fd, int control_fd);
/* Open all of them anew, for both processes. The error log's descriptor, which
 * is used already; -1: it could not be opened, and nothing has changed. why
 * names any that could not. */
int hg_logs_reopen(const struct hg_server_conf *c, const struct hg_site *site, int control_fd,
                   struct hg_why *why);

#endif
