/* SPDX-License-Identifier: Apache-2.0 */
/* up.h - the gateway's side of an open driver: what a driver's calls of
 * hg_append_complete, hg_log_tail, hg_log_lost and hg_log_assigned reach. Filled
 * by the log; a test of a driver fills its own. */
#ifndef HG_LOG_UP_H
#define HG_LOG_UP_H

#include "headgate/log.h"

struct hg_log_up {
    /* Any thread. */
    void (*on_complete)(struct hg_log_up *up, struct hg_append *append, int err);
    void (*on_tail)(struct hg_log_up *up, uint32_t topic, uint32_t partition,
                    const struct hg_record *records, size_t n);
    /* NULL: the driver is none with HG_LOG_FOLLOW. */
    void (*on_lost)(struct hg_log_up *up, uint32_t topic, uint32_t partition, uint64_t next);
    /* NULL: nobody joins groups. */
    void (*on_assigned)(struct hg_log_up *up, struct hg_slice group, uint32_t topic,
                        uint32_t partition, bool is_ours);
};

#endif
