/* SPDX-License-Identifier: Apache-2.0 */
/* unit.h - numbers with units: 10m as bytes, 30s as milliseconds.
 *
 * Pure functions of their text; independent of the locale. */
#ifndef HG_CONF_UNIT_H
#define HG_CONF_UNIT_H

#include "headgate/conf.h"

/* A verdict on the text, not an error. */
enum hg_unit {
    HG_UNIT_OK,
    HG_UNIT_MALFORMED,
    HG_UNIT_NEGATIVE,  /* well formed, but below zero where that means nothing */
    HG_UNIT_TOO_LARGE, /* does not fit 63 bits */
};

enum hg_unit hg_unit_int(struct hg_slice text, int64_t *ret);
enum hg_unit hg_unit_size(struct hg_slice text, int64_t *ret_bytes);
/* A plain number is seconds; 1h30m adds up, largest unit first. */
enum hg_unit hg_unit_duration(struct hg_slice text, int64_t *ret_ms);

/* value as text in the unit that `like` was written in if it comes out even,
 * else in the largest that does: so a limit reads like what it limits. */
enum { HG_UNIT_TEXT_MAX = 32 };
void hg_unit_format(enum hg_slot type, int64_t value, struct hg_slice like,
                    char out[HG_UNIT_TEXT_MAX]);

#endif
