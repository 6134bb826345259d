/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.c - strict UTF-8, whole or in pieces.
 *
 * The state between two bytes is how many continuation bytes are missing and
 * the range of the next one, which is narrower than 80..BF only after the
 * leads E0, ED, F0 and F4: that is all there is to overlong forms, surrogates
 * and the end of Unicode. */
#include "base/utf8.h"

static const uint32_t state_wrong = UINT32_MAX;

static uint32_t make_state(uint32_t missing, uint32_t lowest, uint32_t highest) {
    return missing | lowest << 8 | highest << 16;
}

static uint32_t after_lead(unsigned char c) {
    if (c < 0x80) {
        return 0;
    }
    if (c < 0xc2 || c > 0xf4) {
        return state_wrong;
    }
    if (c < 0xe0) {
        return make_state(1, 0x80, 0xbf);
    }
    if (c < 0xf0) {
        return make_state(2, c == 0xe0 ? 0xa0 : 0x80, c == 0xed ? 0x9f : 0xbf);
    }
    return make_state(3, c == 0xf0 ? 0x90 : 0x80, c == 0xf4 ? 0x8f : 0xbf);
}

static uint32_t after_byte(uint32_t state, unsigned char c) {
    if (state == 0) {
        return after_lead(c);
    }
    if (state == state_wrong || c < (state >> 8 & 0xff) || c > (state >> 16 & 0xff)) {
        return state_wrong;
    }
    uint32_t missing = (state & 0xff) - 1;
    return missing == 0 ? 0 : make_state(missing, 0x80, 0xbf);
}

/* How many bytes from p on are ASCII, counted in steps of 16. */
static size_t ascii_run(const unsigned char *p, size_t len) {
    size_t i = 0;
    for (; len - i >= 16; i += 16) {
        uint64_t w[2];
        memcpy(w, p + i, sizeof(w));
        if (((w[0] | w[1]) & 0x8080808080808080u) != 0) {
            break;
        }
    }
    return i;
}

static bool is_tail(unsigned char c) {
    return (c & 0xc0) == 0x80;
}

/* How many bytes from p on are whole code points above ASCII, found without
 * stepping through states; stops at anything else, and at the last three. */
static size_t wide_run(const unsigned char *p, size_t len) {
    size_t i = 0;
    while (len - i >= 4 && p[i] >= 0xc2) {
        const unsigned char *q = p + i;
        if (q[0] < 0xe0 && is_tail(q[1])) {
            i += 2;
        } else if (q[0] > 0xe0 && q[0] < 0xf0 && q[0] != 0xed && is_tail(q[1]) && is_tail(q[2])) {
            i += 3;
        } else {
            break;
        }
    }
    return i;
}

bool hg_utf8_feed(struct hg_utf8 *u, const void *bytes, size_t len) {
    const unsigned char *p = bytes;
    uint32_t state = u->state;
    size_t i = 0;
    while (i < len && state != state_wrong) {
        if (state == 0) {
            i += ascii_run(p + i, len - i);
            i += wide_run(p + i, len - i);
        }
        /* A stretch of mixed text byte by byte, then look again. */
        size_t end = len - i < 16 ? len : i + 16;
        for (; i < end && state != state_wrong; i++) {
            state = after_byte(state, p[i]);
        }
    }
    u->state = state;
    return state != state_wrong;
}

bool hg_utf8_is_valid(const void *bytes, size_t len) {
    struct hg_utf8 u = {0};
    return hg_utf8_feed(&u, bytes, len) && hg_utf8_is_whole(&u);
}

size_t hg_utf8_next(const void *bytes, size_t len) {
    const unsigned char *p = bytes;
    uint32_t state = 0;
    for (size_t i = 0; i < len; i++) {
        state = after_byte(state, p[i]);
        if (state == 0) {
            return i + 1;
        }
        if (state == state_wrong) {
            return 0;
        }
    }
    return 0;
}
