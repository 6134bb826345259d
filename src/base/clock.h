/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - the two clocks. Timers, deadlines and order use the monotonic one;
 * log times, tokens and people use the wall clock. */
#ifndef HG_BASE_CLOCK_H
#define HG_BASE_CLOCK_H

#include "headgate/buf.h"

int64_t hg_clock_mono_ms(void);
int64_t hg_clock_mono_us(void);
int64_t hg_clock_wall_ms(void);

/* RFC 3339 in UTC with milliseconds: 2026-01-02T03:04:05.678Z, 24 bytes and a 0. */
enum { HG_CLOCK_RFC3339_MAX = 32 };
size_t hg_clock_format(int64_t wall_ms, char out[HG_CLOCK_RFC3339_MAX]);
/* RFC 3339, any offset and fraction, leap second, lower case t and z.
 * HG_EINVAL. */
int hg_clock_parse(struct hg_slice text, int64_t *ret_wall_ms);

#endif
