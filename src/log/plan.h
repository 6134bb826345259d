/* SPDX-License-Identifier: Apache-2.0 */
/* plan.h - how a publish becomes an append: made on the loop, so that the one
 * log thread hashes nothing. One block of memory a publish. */
#ifndef HG_LOG_PLAN_H
#define HG_LOG_PLAN_H

#include "base/list.h"
#include "log/log.h"
#include "log/pending.h"
#include "log/topics.h"

enum hg_plan_state {
    HG_PLAN_NEW,     /* to be appended */
    HG_PLAN_ALIAS,   /* the same as an item before it in this publish */
    HG_PLAN_BEFORE,  /* stored already */
    HG_PLAN_PENDING, /* on its way in another publish */
};

/* Where a publish is; log/line.h. */
enum hg_place {
    HG_PLACE_NEW,   /* not judged yet */
    HG_PLACE_FREE,  /* judged, and not aside */
    HG_PLACE_ASIDE, /* behind others of its topics */
    HG_PLACE_DUE,   /* aside too, and in the line or on its way there */
};

struct hg_plan_item {
    struct hg_reservation reservation;
    struct hg_plan_item *behind; /* of those aside in this topic */
    enum hg_plan_state state;
    bool is_reserved;
    bool is_overdue; /* answered in doubt, and not settled yet */
    size_t index;    /* NEW: in the append's items; ALIAS: in this plan */
    size_t bytes;    /* what it costs while it is on its way */
    uint64_t after;  /* NEW: it is stored here or later, unless the log is cut back */
};

/* An append in the driver's hands, and its way back to the log thread. */
struct hg_sending {
    struct hg_append append;
    struct hg_task task;
    int err; /* the driver's */
};

struct hg_plan {
    struct hg_publish *owner;
    struct hg_sending sending;
    /* Of log/late.h: */
    struct hg_list late;
    int64_t due_ms; /* monotonic: when whoever publishes is answered at the latest */
    bool is_overdue;
    struct hg_append_item *appends; /* one for each item, in the same block */
    uint64_t serial;                /* in the order the log thread got them */
    enum hg_place place;
    struct hg_plan_item items[];
};

/* Fills p->plan and p->bytes. HG_ENOMEM, HG_ENOENT (a topic). */
int hg_plan_make(const struct hg_topics *topics, struct hg_publish *p);
void hg_plan_free(struct hg_plan **pplan);

#endif
