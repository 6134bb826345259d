/* SPDX-License-Identifier: Apache-2.0 */
/* crew.h - all lanes of the worker, spoken to as one by the control thread:
 * each call has run on every loop when it returns. */
#ifndef HG_SERVER_CREW_H
#define HG_SERVER_CREW_H

#include "server/lane.h"
#include "server/sockets.h"

struct hg_crew {
    struct hg_lane *lanes;
    unsigned n;
    struct hg_registry *registry;
};

/* Make n loops; their threads start with hg_crew_start. HG_ENOMEM, HG_EIO. */
int hg_crew_init(struct hg_crew *c, unsigned n, struct hg_registry *registry);
/* Feed, edge and thread of each. HG_EIO. */
int hg_crew_start(struct hg_crew *c, struct hg_log *log, size_t window_bytes);
/* Modules that are loaded and have not been started: the process first, then
 * each loop that runs. Their error; why names the module. */
int hg_crew_start_modules(struct hg_crew *c, struct hg_why *why);

/* All loops go over to the site, with those of the sockets that are its own,
 * or none does. HG_ENOMEM. */
int hg_crew_take(struct hg_crew *c, struct hg_site *site, const struct hg_sockets *sockets);
/* The admin listener's site, which stays as it is, on the first loop. */
int hg_crew_open_admin(struct hg_crew *c, struct hg_site *site, const struct hg_sockets *sockets);

/* Accept no more, tell connections and streams to go. */
void hg_crew_drain(struct hg_crew *c);
/* Requests and streams that are still under way. */
size_t hg_crew_visits(struct hg_crew *c);
/* Cut every connection; they are gone when it returns. */
void hg_crew_shut(struct hg_crew *c);
/* Stop the threads and free all, after the log has stopped. */
void hg_crew_fini(struct hg_crew *c);

#endif
