/* SPDX-License-Identifier: Apache-2.0 */
/* events.h - the list a source fills. Owner loop only. */
#ifndef HG_EVENT_EVENTS_H
#define HG_EVENT_EVENTS_H

#include "headgate/source.h"

struct hg_events {
    struct hg_event **items; /* one reference each */
    size_t n, cap;
    size_t max; /* more is HG_E2BIG */
};

/* Drop all but the first n. */
void hg_events_cut(struct hg_events *list, size_t n);
void hg_events_fini(struct hg_events *list);

#endif
