/* SPDX-License-Identifier: Apache-2.0 */
/* batch.h - making the batches that the log hands to loops. */
#ifndef HG_LOG_BATCH_H
#define HG_LOG_BATCH_H

#include "log/entry.h"
#include "log/log.h"

/* One reference, n empty entries, and extra_bytes of zeroed memory that live
 * as long as the batch: *ret_extra. NULL: no memory. */
struct hg_batch *hg_batch_new(size_t n, size_t extra_bytes, void **ret_extra);
/* Fill entry i from a record; takes the reference of its event. */
void hg_batch_fill(struct hg_batch *b, size_t i, const struct hg_record *record);

#endif
