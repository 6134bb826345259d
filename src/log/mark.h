/* SPDX-License-Identifier: Apache-2.0 */
/* mark.h - what dedup remembers of a record that is read back. Any thread. */
#ifndef HG_LOG_MARK_H
#define HG_LOG_MARK_H

#include "headgate/log.h"
#include "log/dedup.h"

/* Log time is wall clock, the index has a clock of its own: how they stood to
 * each other when the reading began. */
struct hg_mark_clock {
    int64_t wall_ms;
    int64_t window_ms;
    int32_t now_s;
};
void hg_mark_clock_set(struct hg_mark_clock *clock, int64_t window_ms);

struct hg_mark_place {
    uint32_t topic, partition;
};

/* False: the record has no id to be remembered; it was stored without dedup,
 * or by somebody who is no gateway. */
bool hg_mark_entry(const struct hg_mark_clock *clock, struct hg_mark_place place,
                   const struct hg_log_mark *mark, struct hg_dedup_entry *ret);
/* The mark of a record that was read whole. It has an event. */
struct hg_log_mark hg_mark_of(const struct hg_record *record);

#endif
