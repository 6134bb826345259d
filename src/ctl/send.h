/* SPDX-License-Identifier: Apache-2.0 */
/* send.h - posts a body until it is taken or will not be: the same bytes each
 * time, so that the gateway can tell that it has them already. */
#ifndef HG_CTL_SEND_H
#define HG_CTL_SEND_H

#include "ctl/reach.h"
#include "ctl/retry.h"

struct hg_ctl_sender {
    struct hg_ctl *ctl;
    struct hg_ctl_peer *peer;
    const char *url;
    int64_t retries;    /* how often one body may be sent again */
    int64_t backoff_ms; /* before the first of them */
};

enum { HG_CTL_BACKOFF_MS = 500 };

/* HG_CTL_DONE, or why not: HG_CTL_REFUSE, HG_CTL_GIVE_UP, HG_CTL_STOP. The
 * peer's answer is the last one. What is sent again is told, the end is not:
 * what is what it is about, such as "event 3". */
enum hg_ctl_advice hg_ctl_send(const struct hg_ctl_sender *s, struct hg_slice body,
                               const char *content_type, const char *what);

#endif
