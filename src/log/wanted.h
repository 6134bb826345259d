/* SPDX-License-Identifier: Apache-2.0 */
/* wanted.h - which topics that others made are of use here: those that fit a pattern
 * of the configuration, and the dead letters of such. A cluster may have thousands
 * of others; of these nothing is opened. Knows no driver. */
#ifndef HG_LOG_WANTED_H
#define HG_LOG_WANTED_H

#include "log/log.h"

/* Of the thread that asks (log/errands.h). Zeroed: none is wanted. */
struct hg_wanted {
    struct hg_log_patterns patterns; /* into text */
    struct hg_slice *items;
    char *text;
};

/* Keeps a copy in place of what was there. HG_ENOMEM: that stays. */
int hg_wanted_set(struct hg_wanted *w, const struct hg_log_patterns *patterns);
void hg_wanted_fini(struct hg_wanted *w);

bool hg_wanted_has(const struct hg_log_patterns *patterns, struct hg_slice name);

#endif
