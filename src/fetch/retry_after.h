/* SPDX-License-Identifier: Apache-2.0 */
/* retry_after.h - how long a peer asks to be left alone (RFC 9110 10.2.3). */
#ifndef HG_FETCH_RETRY_AFTER_H
#define HG_FETCH_RETRY_AFTER_H

#include "headgate/base.h"

/* Seconds, or an HTTP date that is compared with now; a date gone by is 0, and
 * more than a day is a day. HG_EINVAL. */
int hg_retry_after_parse(struct hg_slice value, int64_t now_wall_ms, int64_t *ret_ms);

#endif
