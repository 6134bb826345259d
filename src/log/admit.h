/* SPDX-License-Identifier: Apache-2.0 */
/* admit.h - how much may be on its way into the log: of all topics together,
 * and of each by itself, so that one whose partitions do not answer fills its
 * own share and leaves the others untouched. No lock: a publish adds to one
 * number for all and to one of each of its topics. */
#ifndef HG_LOG_ADMIT_H
#define HG_LOG_ADMIT_H

#include <stdatomic.h>

#include "log/plan.h"

struct hg_admit {
    const struct hg_topics *topics;
    size_t bytes_max;
    size_t topic_bytes_max; /* 0: no bound of its own */
    _Atomic size_t bytes;
};

/* Any thread; p has its plan. False: it has to come later. */
bool hg_admit_enter(struct hg_admit *a, const struct hg_publish *p);
/* Log thread: p is settled, or answered without. */
void hg_admit_leave(struct hg_admit *a, const struct hg_publish *p);
/* Log thread, about once a second: how long whoever a topic refuses should
 * wait, by how fast the topic was stored of late. */
void hg_admit_guess(struct hg_admit *a, int64_t elapsed_ms);

#endif
