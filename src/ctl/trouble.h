/* SPDX-License-Identifier: Apache-2.0 */
/* trouble.h - an answer that was not hoped for, in one line for people: from
 * its problem document (RFC 9457) if it has one. */
#ifndef HG_CTL_TROUBLE_H
#define HG_CTL_TROUBLE_H

#include "fetch/fetch.h"

/* "409 Same id, other content: detail (/pointer)". index: the event of a
 * batch that is at fault, or -1. */
struct hg_ctl_trouble {
    char text[768];
    long long index;
};

void hg_ctl_trouble_read(const struct hg_fetch_answer *answer, struct hg_ctl_trouble *ret);

#endif
