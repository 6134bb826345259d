/* SPDX-License-Identifier: Apache-2.0 */
/* entry.h - one record in memory, shared by all loops. The slots hold
 * encodings that are made at most once; what a slot means is the business of
 * the feed. */
#ifndef HG_LOG_ENTRY_H
#define HG_LOG_ENTRY_H

#include <stdatomic.h>

#include "base/blob.h"
#include "headgate/event.h"

enum { HG_ENTRY_SLOTS = 6 };

struct hg_entry {
    struct hg_event *event; /* NULL: a tombstone */
    uint64_t offset;
    int64_t log_time_ms;
    uint32_t fingerprint;
    bool is_copy;                                    /* of a record before it: no sink shows it */
    _Atomic(struct hg_blob *) slots[HG_ENTRY_SLOTS]; /* NULL until made */
};

#endif
