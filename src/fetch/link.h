/* SPDX-License-Identifier: Apache-2.0 */
/* link.h - the targets of a Link field (RFC 8288). */
#ifndef HG_FETCH_LINK_H
#define HG_FETCH_LINK_H

#include "headgate/base.h"

/* The target of the first link whose rel holds the relation, in any case, or
 * false. Whether it may be followed, and from where, is the caller's matter. */
bool hg_link_find(struct hg_slice value, struct hg_slice relation, struct hg_slice *ret_target);

#endif
