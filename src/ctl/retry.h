/* SPDX-License-Identifier: Apache-2.0 */
/* retry.h - what an answer means for who asked: done, again, or never. Pure
 * but for hg_ctl_random. */
#ifndef HG_CTL_RETRY_H
#define HG_CTL_RETRY_H

#include "fetch/fetch.h"

enum hg_ctl_advice {
    HG_CTL_DONE,
    HG_CTL_AGAIN,   /* the same once more, unchanged: it was not taken, or nobody knows */
    HG_CTL_REFUSE,  /* this event is at fault; another may be taken */
    HG_CTL_GIVE_UP, /* nothing that is asked here this way will be taken */
    HG_CTL_STOP,    /* the word to stop came */
};

enum hg_ctl_advice hg_ctl_retry_advice(const struct hg_fetch_answer *answer);

/* How long to wait before asking again after `failures` failures in a row
 * (from 1): what Retry-After says, at least; else twice as long each time from
 * base_ms, at most half a minute. Random spreads it, so that many who were
 * sent away do not come back as one. */
int64_t hg_ctl_retry_wait_ms(const struct hg_fetch_answer *answer, int64_t now_wall_ms,
                             int64_t base_ms, unsigned failures, uint32_t random);

uint32_t hg_ctl_random(void);

#endif
