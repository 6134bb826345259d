/* SPDX-License-Identifier: Apache-2.0 */
/* copy.h - one topic of an event log is copied into another, with record
 * headers, owners and digests, in its order.
 *
 * Each copy says in a record header, hg_copied, which position it had. So a copy
 * that was cut off goes on when it is asked again, and what is no copy is seen. */
#ifndef HG_CTL_COPY_H
#define HG_CTL_COPY_H

#include "ctl/store.h"
#include "log/settings.h"

struct hg_ctl_copy {
    struct hg_ctl_store *from, *to;
    struct hg_log_topic source; /* as from lists it; one partition */
    struct hg_log_topic target; /* as to is to have it: of the same name and id */
    enum hg_topic_key key;      /* of the target; else the record's own */
    int stop_fd;                /* readable: end between two pieces */
    /* Results, also after a failure: */
    uint64_t n_events; /* that the source has */
    uint64_t n_copied; /* by this call */
    uint64_t n_there;  /* were there before */
    bool is_hopeless;  /* the next topic would fare no better */
};

/* HG_EEXIST: the target has records that are not of this copy. HG_ECLOSED: told
 * to stop. Else what a driver said. why, which comes empty, names topic and place. */
int hg_ctl_copy_topic(struct hg_ctl_copy *c, struct hg_why *why);

#endif
