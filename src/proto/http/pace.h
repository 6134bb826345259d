/* SPDX-License-Identifier: Apache-2.0 */
/* pace.h - how slow a body may come: a grace, then a mean rate, and a hard
 * end. The clock starts with the head and stands still while we pause. */
#ifndef HG_PROTO_HTTP_PACE_H
#define HG_PROTO_HTTP_PACE_H

#include "proto/http/http.h"

enum { HG_HTTP_GRACE_MS = 10000, HG_HTTP_BODY_RATE_MIN = 500, HG_HTTP_PACE_CHECK_MS = 5000 };

static inline bool hg_http_body_is_late(int64_t elapsed_ms, uint64_t bytes,
                                        const struct hg_http_limits *limits) {
    return elapsed_ms >= limits->body_timeout_ms ||
           (elapsed_ms >= HG_HTTP_GRACE_MS &&
            bytes * 1000 < (uint64_t)elapsed_ms * HG_HTTP_BODY_RATE_MIN);
}

/* An answer that is whole and waits for the peer's window has to get on by this
 * much in every HG_HTTP_STALL_MS (L14); a stream that is still written to is
 * its writer's to judge, by its room. */
enum { HG_HTTP_STALL_MS = 30000, HG_HTTP_STALL_BYTES = 1024 };

static inline int64_t hg_http_stall_ms(const struct hg_http_limits *limits) {
    return limits->body_timeout_ms < HG_HTTP_STALL_MS ? limits->body_timeout_ms
                                                      : (int64_t)HG_HTTP_STALL_MS;
}

/* When to look again. */
static inline int64_t hg_http_body_check_ms(int64_t elapsed_ms,
                                            const struct hg_http_limits *limits) {
    int64_t next =
        elapsed_ms < HG_HTTP_GRACE_MS ? HG_HTTP_GRACE_MS - elapsed_ms : HG_HTTP_PACE_CHECK_MS;
    int64_t left = limits->body_timeout_ms - elapsed_ms;
    return left < next ? left : next;
}

#endif
