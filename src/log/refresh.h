/* SPDX-License-Identifier: Apache-2.0 */
/* refresh.h - retention moves the first offset of a topic, others may move its
 * next: what is known of topics is looked up anew, a few topics at a time. */
#ifndef HG_LOG_REFRESH_H
#define HG_LOG_REFRESH_H

#include "log/inbox.h"
#include "log/topics.h"

struct hg_log;

/* Log thread only, but while is_away: then it is in the errand thread's hands. */
struct hg_refresh {
    struct hg_task task;
    struct hg_log *log;
    struct hg_topic *topic;
    struct hg_log_range *ranges; /* one for each partition, or NULL: it said nothing */
    uint32_t next_described;
    uint32_t left; /* topics of this round */
    uint32_t cuts; /* of the topic, when it was asked */
    bool is_away;
};

/* Log thread, once a second. */
void hg_log_refresh__run(struct hg_log *log);
/* The thread that asks the driver: all ranges of a topic, for hg_free. HG_ENOMEM;
 * what describe said. */
int hg_log_refresh__ranges(struct hg_log *log, uint32_t topic, struct hg_log_range **ret_ranges);

#endif
