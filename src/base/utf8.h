/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.h - strict UTF-8 (Unicode 15, table 3-7): no overlong forms, no
 * surrogates, nothing above U+10FFFF. */
#ifndef HG_BASE_UTF8_H
#define HG_BASE_UTF8_H

#include "headgate/base.h"

bool hg_utf8_is_valid(const void *bytes, size_t len);
/* The length of the code point that bytes begin with, or 0: there is none. */
size_t hg_utf8_next(const void *bytes, size_t len);

/* Checks text that comes in pieces; start zeroed. False as soon as it is
 * certain that the text is wrong. At the end, is_whole says whether the last
 * code point was complete. */
struct hg_utf8 {
    uint32_t state;
};
bool hg_utf8_feed(struct hg_utf8 *u, const void *bytes, size_t len);
static inline bool hg_utf8_is_whole(const struct hg_utf8 *u) {
    return u->state == 0;
}

#endif
