/* SPDX-License-Identifier: Apache-2.0 */
/* spawn.h - making a worker process, and the event log's directory for its
 * user while the master still has rights. */
#ifndef HG_SERVER_SPAWN_H
#define HG_SERVER_SPAWN_H

#include <sys/types.h>

#include "module/registry.h"
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

#endif
