/* SPDX-License-Identifier: Apache-2.0 */
/* service.h - what the worker runs, and how it comes to run something else:
 * a start and a reload are two lists of steps in service.c. Control thread. */
#ifndef HG_SERVER_SERVICE_H
#define HG_SERVER_SERVICE_H

#include "server/admin.h"
#include "server/bundle.h"
#include "server/crew.h"

struct hg_service {
    struct hg_registry *registry;
    struct hg_conf *conf; /* of the current generation */
    struct hg_site *site; /* its routing */
    struct hg_sockets sockets;
    struct hg_log *log;
    struct hg_crew crew;
    struct hg_admin admin;
    int64_t shutdown_timeout_ms;
    bool is_started;
};

/* Start with the bundle, or go over to it. The descriptors are the service's.
 * On failure ret_errors says why: what was started runs as before; what was
 * not may have threads already, and is for the process to end. */
int hg_service_take(struct hg_service *s, const struct hg_bundle *b, struct hg_buf *ret_errors);

/* The master has been sent the verdict of a start: from now on it is ready. */
void hg_service_told(struct hg_service *s);

/* Of a service that was started. Streams are told to go, requests under way
 * are answered, what is queued is stored; what has not ended by the deadline
 * is cut, and all of it freed. */
void hg_service_end(struct hg_service *s);

#endif
