/* SPDX-License-Identifier: Apache-2.0 */
/* lane.h - one loop of the worker with what belongs to it: its thread, feed
 * and edge. Commands come from the control thread and run on the loop. */
#ifndef HG_SERVER_LANE_H
#define HG_SERVER_LANE_H

#include <pthread.h>

#include "edge/edge.h"
#include "module/registry.h"

struct hg_lane {
    struct hg_loop *loop;
    struct hg_feed *feed;
    struct hg_edge *edge;
    struct hg_registry *registry;
    const struct hg_module *started; /* the last whose loop_start was well, or NULL */
    pthread_t thread;
    bool is_running;
};

/* Make the loop; its thread starts with hg_lane_start. HG_ENOMEM, HG_EIO. */
int hg_lane_init(struct hg_lane *lane, unsigned index, struct hg_registry *registry);
/* Make feed and edge over the log and start the thread. HG_EIO. */
int hg_lane_start(struct hg_lane *lane, struct hg_log *log, size_t window_bytes);
/* loop_start of each module that has not had it; what a reload has brought
 * too. On the lane's loop. Stops at the first that fails: its error, and why
 * names it. */
int hg_lane_start_modules(struct hg_lane *lane, struct hg_why *why);
/* Run fn(lane, arg) on the lane's loop and wait until it has. */
void hg_lane_call(struct hg_lane *lane, void (*fn)(struct hg_lane *lane, void *arg), void *arg);
/* Stop the loop and wait for the thread. */
void hg_lane_stop(struct hg_lane *lane);
/* Free edge and feed. After the log has stopped: it posts to the loop. */
void hg_lane_fini(struct hg_lane *lane);
/* For hg_log_setup.on_tail. */
void hg_lane_on_tail(struct hg_loop *loop, struct hg_batch *batch, void *arg);

#endif
