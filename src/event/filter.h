/* SPDX-License-Identifier: Apache-2.0 */
/* filter.h - one compiled form of a wish about an event's attributes. Query
 * parameters, where conditions and expressions are ways to write it. */
#ifndef HG_EVENT_FILTER_H
#define HG_EVENT_FILTER_H

#include "headgate/event.h"

enum hg_match { HG_MATCH_EXACT, HG_MATCH_PREFIX };

struct hg_filter; /* reference-counted, immutable after sealing */

struct hg_filter *hg_filter_new(void); /* passes everything; NULL: no memory */
/* Every term must hold; terms on one attribute are alternatives. value is
 * copied. HG_EINVAL: not an attribute name. HG_E2BIG: over 32 terms. */
int hg_filter_add(struct hg_filter *f, struct hg_slice attr, enum hg_match match,
                  struct hg_slice value);
/* "x*" is a prefix, "x" exact, "*" presence. */
int hg_filter_add_pattern(struct hg_filter *f, struct hg_slice attr, struct hg_slice pattern);
struct hg_filter *hg_filter_ref(struct hg_filter *f);
void hg_filter_unref(struct hg_filter **pf);

bool hg_filter_passes(const struct hg_filter *f, const struct hg_event *e);
bool hg_filter_is_empty(const struct hg_filter *f);
/* For the interest index: the one exact value demanded of an attribute, or
 * false when there is none or several. */
bool hg_filter_exact(const struct hg_filter *f, struct hg_slice attr, struct hg_slice *ret_value);

#endif
