/* SPDX-License-Identifier: Apache-2.0 */
/* digits.h - a number as decimal digits, for those who write many and may not
 * wait for printf. */
#ifndef HG_BASE_DIGITS_H
#define HG_BASE_DIGITS_H

#include "headgate/base.h"

enum { HG_DIGITS_MAX = 20 }; /* of UINT64_MAX */

/* The digits stand at the end of out; what is returned borrows from it. */
static inline struct hg_slice hg_digits(uint64_t value, char out[HG_DIGITS_MAX]) {
    size_t at = HG_DIGITS_MAX;
    do {
        out[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return (struct hg_slice){out + at, HG_DIGITS_MAX - at};
}

#endif
