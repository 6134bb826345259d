/* SPDX-License-Identifier: Apache-2.0 */
/* source.h - a source turns one request into events. `accept NAME ...;` in a
 * location chooses it. */
#ifndef HEADGATE_SOURCE_H
#define HEADGATE_SOURCE_H

#include "headgate/event.h"
#include "headgate/request.h"

/* Events that a source found, in order. The gate owns the list. */
struct hg_events;

/* Takes *pe (nulled). HG_E2BIG: more than the location's limit. HG_ENOMEM. */
HG_API int hg_events_add(struct hg_events *list, struct hg_event **pe);

struct hg_source_ops {
    size_t size; /* sizeof(struct hg_source_ops) */
    const char *name;
    /* What OPTIONS says in Accept-Post; NULL-terminated. */
    const char *const *media_types;
    /* Before a body byte is read: may this Content-Type come here? 0, or
     * HG_EINVAL with a problem (415). */
    int (*admit)(const void *conf, const struct hg_request *r, struct hg_problem *problem);
    /* The whole body is there. Adds the events in order, all or none: on
     * HG_EINVAL the problem says which is wrong and nothing is kept.
     * conf is the module's struct of the location. Owner loop. */
    int (*decode)(const void *conf, const struct hg_request *r, struct hg_slice body,
                  struct hg_events *list, struct hg_problem *problem);
    /* The media types that a location takes which says less than all; NULL:
     * media_types wherever it stands. conf as in decode. */
    const char *const *(*media_types_of)(const void *conf);
};

#endif
