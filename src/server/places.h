/* SPDX-License-Identifier: Apache-2.0 */
/* places.h - whether what a configuration names in the file system can be
 * written: looked at before anything is. Nothing is made or opened, so that
 * -t leaves no trace and takes nothing from a gateway that runs. */
#ifndef HG_SERVER_PLACES_H
#define HG_SERVER_PLACES_H

#include "module/registry.h"
#include "server/plan.h"

/* The error log and the access logs: what a reload opens. HG_EIO: each that
 * cannot be is in ret_errors, with its line. */
int hg_places_check_logs(const struct hg_plan *p, struct hg_buf *ret_errors);
/* These, and what only a start writes: the pid file and its socket, and the
 * event log's directory. */
int hg_places_check(const struct hg_plan *p, const struct hg_registry *registry,
                    struct hg_buf *ret_errors);

#endif
