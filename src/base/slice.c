/* SPDX-License-Identifier: Apache-2.0 */
/* slice.c - bytes that somebody else owns. Knows ASCII and no locale. */
#include "headgate/base.h"

static unsigned char fold(char c) {
    unsigned char u = (unsigned char)c;
    return u >= 'A' && u <= 'Z' ? (unsigned char)(u | 0x20) : u;
}

bool hg_slice_ieq(struct hg_slice a, struct hg_slice b) {
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (a.ptr[i] != b.ptr[i] && fold(a.ptr[i]) != fold(b.ptr[i])) {
            return false;
        }
    }
    return true;
}
