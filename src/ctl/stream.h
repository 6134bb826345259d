/* SPDX-License-Identifier: Apache-2.0 */
/* stream.h - what the two ways to read a stream share: following it as
 * server-sent events, and asking for what is there. */
#ifndef HG_CTL_STREAM_H
#define HG_CTL_STREAM_H

#include "ctl/print.h"
#include "ctl/reach.h"

struct hg_ctl_stream {
    struct hg_ctl *ctl;
    struct hg_ctl_peer *peer;
    struct hg_slice url;  /* with what the events must be like; without where to begin */
    const char *since;    /* where to begin, or NULL */
    const char *position; /* the same, and goes before it */
    int64_t retries;      /* failures in a row; negative: as each sees fit */
    bool is_quiet;        /* nothing is told but troubles and gaps */
    struct hg_ctl_printer printer;
};

/* Both print events until there are enough, the word to stop comes, out takes
 * no more or the gateway does not want to. The exit status. */

/* Comes back whenever the stream ends, with the last position. */
int hg_ctl_follow(struct hg_ctl_stream *s);
/* Ends where the topic ends. */
int hg_ctl_pull(struct hg_ctl_stream *s);

/* The URL to begin at, terminated. */
void hg_ctl_stream_url(const struct hg_ctl_stream *s, const char *since, struct hg_slice position,
                       struct hg_buf *out);

#endif
