/* SPDX-License-Identifier: Apache-2.0 */
/* worker.h - the process that serves. Builds everything from the bundle that
 * comes over the control socket; reads no file. */
#ifndef HG_SERVER_WORKER_H
#define HG_SERVER_WORKER_H

#include "module/registry.h"

/* Runs until told to drain or the master is gone; returns the exit status.
 * The registry holds what the master loaded; the worker may add to it. */
int hg_worker_run(int control_fd, struct hg_registry *registry);

#endif
