/* SPDX-License-Identifier: Apache-2.0 */
/* retry.c - statuses and outcomes judged; how long to wait. */
#include "ctl/retry.h"

#include <sys/random.h>

#include "fetch/retry_after.h"

enum { WAIT_MS_MAX = 30000, SPREAD_MS_MAX = 1000 };

static enum hg_ctl_advice judge_status(int status) {
    switch (status) {
    case 408: /* too slow this time */
    case 425:
    case 429:
    case 502: /* a proxy lost the gateway, perhaps after it had stored */
    case 503:
    case 504:
        return HG_CTL_AGAIN;
    case 400:
    case 409:
    case 413:
    case 422:
        return HG_CTL_REFUSE;
    default:
        return status / 100 == 2 ? HG_CTL_DONE : HG_CTL_GIVE_UP;
    }
}

enum hg_ctl_advice hg_ctl_retry_advice(const struct hg_fetch_answer *answer) {
    switch (answer->outcome) {
    case HG_FETCH_ANSWERED:
        return judge_status(answer->status);
    case HG_FETCH_UNREACHED:
    case HG_FETCH_LOST:
        return HG_CTL_AGAIN;
    case HG_FETCH_STOPPED:
        return HG_CTL_STOP;
    case HG_FETCH_UNTRUSTED:
    case HG_FETCH_OVERSIZE:
    case HG_FETCH_UNUSABLE:
        break;
    }
    return HG_CTL_GIVE_UP;
}

/* 0 to most. */
static int64_t spread(int64_t most, uint32_t random) {
    return most * (int64_t)(random >> 16) / 0xffff;
}

int64_t hg_ctl_retry_wait_ms(const struct hg_fetch_answer *answer, int64_t now_wall_ms,
                             int64_t base_ms, unsigned failures, uint32_t random) {
    struct hg_slice value;
    int64_t wait_ms = base_ms;
    if (answer->outcome == HG_FETCH_ANSWERED &&
        hg_fetch_field(answer, HG_SLICE("retry-after"), &value) &&
        hg_retry_after_parse(value, now_wall_ms, &wait_ms) == 0) {
        int64_t more_ms = wait_ms / 10 + 50;
        return wait_ms + spread(more_ms < SPREAD_MS_MAX ? more_ms : SPREAD_MS_MAX, random);
    }
    for (unsigned i = 1; i < failures && wait_ms < WAIT_MS_MAX; i++) {
        wait_ms *= 2;
    }
    int64_t most = base_ms > WAIT_MS_MAX ? base_ms : WAIT_MS_MAX;
    wait_ms = wait_ms < most ? wait_ms : most;
    return wait_ms / 2 + spread(wait_ms - wait_ms / 2, random);
}

uint32_t hg_ctl_random(void) {
    uint32_t value = 0;
    HG_ASSERT(getrandom(&value, sizeof(value), 0) == (ssize_t)sizeof(value));
    return value;
}
