/* SPDX-License-Identifier: Apache-2.0 */
/* spawn.h - making a worker process and the one thing the master does on its
 * behalf while it still has rights: directories, log files, the user. */
#ifndef HG_SERVER_SPAWN_H
#define HG_SERVER_SPAWN_H

#include <sys/types.h>

#include "edge/edge.h"
#include "module/registry.h"
#include "server/bundle.h"
#include "server/settings.h"

/* Fork; the child keeps the log's descriptor (above 2), runs the worker and
 * never returns. The parent gets its pid and its end of the control socket.
 * HG_EIO. */
int hg_spawn_worker(const struct hg_server_conf *c, struct hg_registry *registry, int log_fd,
                    pid_t *ret_pid, int *ret_fd);
/* Make the event log's directory, if its driver has one, for the worker's
 * user. HG_EIO and why. */
int hg_spawn_prepare_log(const struct hg_conf *conf, const struct hg_registry *registry,
                         struct hg_why *why);
/* Open each access log of the site, once. The caller closes the descriptors
 * and frees the list. HG_EIO and why. */
int hg_spawn_open_access_logs(const struct hg_site *site, struct hg_bundle_log **ret_logs,
                              size_t *ret_n, struct hg_why *why);
void hg_spawn_close_access_logs(struct hg_bundle_log **plogs, size_t n);
/* Open the file named by error_log; standard error's copy when there is none.
 * HG_EIO and why. */
int hg_spawn_open_log(const struct hg_server_conf *c, int *ret_fd, struct hg_why *why);

#endif
