/* SPDX-License-Identifier: Apache-2.0 */
/* counters.h - what http/, h1/ and h2/ count. */
#ifndef HG_PROTO_HTTP_COUNTERS_H
#define HG_PROTO_HTTP_COUNTERS_H

#include "headgate/counter.h"

extern struct hg_counter hg_http_requests_h1;
extern struct hg_counter hg_http_requests_h2;

/* Requests refused by the protocol itself, by what was wrong. */
enum hg_http_error {
    HG_HTTP_MALFORMED,   /* 400 */
    HG_HTTP_TOO_LARGE,   /* 414, 431 */
    HG_HTTP_TIMEOUT,     /* 408, and silence */
    HG_HTTP_UNSUPPORTED, /* 405, 417, 426, 501, 505 */
    HG_HTTP_INCOMPLETE,  /* the peer left in the middle of a request */
    HG_HTTP_NO_MEMORY,   /* 503 */
    HG_HTTP_ERRORS,
};
extern struct hg_counter hg_http_errors[HG_HTTP_ERRORS];

extern struct hg_counter hg_h2_resets_sent;
extern struct hg_counter hg_h2_resets_received;
extern struct hg_counter hg_h2_glitches;

/* Connections that we ended with GOAWAY, by why. */
enum hg_h2_goaway {
    HG_H2_GOAWAY_DRAIN,    /* asked to, idle, or enough requests */
    HG_H2_GOAWAY_CALM,     /* ENHANCE_YOUR_CALM: one of the accounts is empty */
    HG_H2_GOAWAY_PROTOCOL, /* the peer broke the rules */
    HG_H2_GOAWAY_TIMEOUT,  /* SETTINGS not acknowledged */
    HG_H2_GOAWAYS,
};
extern struct hg_counter hg_h2_goaways[HG_H2_GOAWAYS];

static inline void hg_http_count_error(enum hg_http_error e) {
    hg_counter_add(&hg_http_errors[e], 1);
}

/* The row that a refusal with this status belongs to. */
enum hg_http_error hg_http_error_of(int status);

#endif
