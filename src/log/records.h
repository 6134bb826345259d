/* SPDX-License-Identifier: Apache-2.0 */
/* records.h - what one read of a driver gave. One thread. */
#ifndef HG_LOG_RECORDS_H
#define HG_LOG_RECORDS_H

#include "headgate/log.h"

struct hg_records {
    bool has_details;        /* set by the reader: keep keys and headers, too */
    struct hg_record *items; /* one reference of each event */
    size_t n, cap;
};

/* Forget the records, keep the memory. */
void hg_records_clear(struct hg_records *r);
/* Forget all but the first n. */
void hg_records_cut(struct hg_records *r, size_t n);
void hg_records_fini(struct hg_records *r);

#endif
