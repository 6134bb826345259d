/* SPDX-License-Identifier: Apache-2.0 */
/* retry_after.c - seconds or a date. */
#include "fetch/retry_after.h"

#include <curl/curl.h>

enum { DAY_S = 86400, DATE_BYTES_MAX = 64 };

static int64_t clamp_ms(int64_t seconds) {
    return (seconds < 0 ? 0 : seconds > DAY_S ? DAY_S : seconds) * 1000;
}

/* All three forms of a date begin with one; what libcurl also takes for a
 * date, such as 6 Nov 2026, is none here. */
static bool has_weekday(struct hg_slice value) {
    static const struct hg_slice days[] = {{"Mon", 3}, {"Tue", 3}, {"Wed", 3}, {"Thu", 3},
                                           {"Fri", 3}, {"Sat", 3}, {"Sun", 3}};
    for (size_t i = 0; i < HG_COUNT(days); i++) {
        if (hg_slice_starts(value, days[i])) {
            return true;
        }
    }
    return false;
}

int hg_retry_after_parse(struct hg_slice value, int64_t now_wall_ms, int64_t *ret_ms) {
    char text[DATE_BYTES_MAX];
    int64_t seconds = 0;
    size_t i = 0;
    for (; i < value.len && value.ptr[i] >= '0' && value.ptr[i] <= '9'; i++) {
        seconds = seconds > DAY_S ? seconds : seconds * 10 + (value.ptr[i] - '0');
    }
    if (i == value.len && i > 0) {
        *ret_ms = clamp_ms(seconds);
        return 0;
    }
    if (value.len >= sizeof(text) || !has_weekday(value) ||
        memchr(value.ptr, 0, value.len) != NULL) {
        return HG_EINVAL;
    }
    memcpy(text, value.ptr, value.len);
    text[value.len] = 0;
    time_t at = curl_getdate(text, NULL);
    if (at == -1) {
        return HG_EINVAL;
    }
    *ret_ms = clamp_ms((int64_t)at - now_wall_ms / 1000);
    return 0;
}
