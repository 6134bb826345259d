/* SPDX-License-Identifier: Apache-2.0 */
/* hide.h - which records of a partition are copies. A record is one when an
 * equal (owner, source, id) stands before it: at most `ms` of log time, and at
 * most `max` offsets. Whoever begins that stretch before a record comes to the
 * same verdict on it, on every node.
 *
 * A walk looks at the records of one partition in the order of their offsets.
 * Memory: 40 to 48 bytes for each id of the stretch. One thread. */
#ifndef HG_LOG_HIDE_H
#define HG_LOG_HIDE_H

#include "headgate/log.h"

struct hg_hide;

struct hg_hide_stretch {
    int64_t ms;
    size_t max;
};

/* HG_ENOMEM. */
int hg_hide_new(const struct hg_hide_stretch *stretch, struct hg_hide **ret);
void hg_hide_free(struct hg_hide **ph);
/* The next record; what was stored without dedup, or by who is no gateway, is
 * nobody's copy. HG_ENOMEM: it was not looked at. */
int hg_hide_next(struct hg_hide *h, const struct hg_record *record, bool *ret_is_copy);
/* Begin anew, anywhere. */
void hg_hide_clear(struct hg_hide *h);
size_t hg_hide_count(const struct hg_hide *h);

#endif
