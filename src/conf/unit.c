/* SPDX-License-Identifier: Apache-2.0 */
/* unit.c - numbers with units. Knows no row and reports nothing: a verdict
 * goes back to slot.c, which has the words. */
#include "conf/unit.h"

#include <inttypes.h>
#include <stdio.h>

struct unit {
    const char *name;
    int64_t factor;
};

/* Largest first: a duration of several parts goes down the list. */
static const struct unit durations[] = {
    {"w", 7 * 86400000LL}, {"d", 86400000}, {"h", 3600000}, {"m", 60000},
    {"s", 1000},           {"ms", 1},       {NULL, 0},
};
static const struct unit sizes[] = {
    {"g", 1 << 30}, {"m", 1 << 20}, {"k", 1 << 10}, {"", 1}, {NULL, 0},
};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Digits at *at, moved past them. False: there is none. */
static bool read_digits(struct hg_slice s, size_t *at, int64_t *ret, bool *is_too_large) {
    const size_t start = *at;
    int64_t value = 0;
    while (*at < s.len && is_digit(s.ptr[*at])) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, s.ptr[*at] - '0', &value)) {
            *is_too_large = true;
            value = 0;
        }
        ++*at;
    }
    *ret = value;
    return *at > start;
}

/* The letters at *at, moved past them. */
static struct hg_slice read_letters(struct hg_slice s, size_t *at) {
    const size_t start = *at;
    while (*at < s.len && !is_digit(s.ptr[*at])) {
        ++*at;
    }
    return (struct hg_slice){s.ptr + start, *at - start};
}

static const struct unit *find_unit(const struct unit *u, struct hg_slice name, bool any_case) {
    for (; u->name != NULL; u++) {
        const struct hg_slice have = hg_slice_of(u->name);
        if (any_case ? hg_slice_ieq(have, name) : hg_slice_eq(have, name)) {
            return u;
        }
    }
    return NULL;
}

static bool cut_minus(struct hg_slice *s) {
    if (s->len == 0 || s->ptr[0] != '-') {
        return false;
    }
    s->ptr++;
    s->len--;
    return true;
}

enum hg_unit hg_unit_int(struct hg_slice text, int64_t *ret) {
    const bool is_negative = cut_minus(&text);
    bool is_too_large = false;
    int64_t value;
    size_t at = 0;
    if (!read_digits(text, &at, &value, &is_too_large) || at != text.len) {
        return HG_UNIT_MALFORMED;
    }
    if (is_too_large) {
        return HG_UNIT_TOO_LARGE;
    }
    *ret = is_negative ? -value : value;
    return HG_UNIT_OK;
}

enum hg_unit hg_unit_size(struct hg_slice text, int64_t *ret_bytes) {
    const bool is_negative = cut_minus(&text);
    bool is_too_large = false;
    int64_t value;
    size_t at = 0;
    if (!read_digits(text, &at, &value, &is_too_large)) {
        return HG_UNIT_MALFORMED;
    }
    const struct unit *u = find_unit(sizes, read_letters(text, &at), true);
    if (u == NULL || at != text.len) {
        return HG_UNIT_MALFORMED;
    }
    if (is_negative) {
        return HG_UNIT_NEGATIVE;
    }
    if (is_too_large || __builtin_mul_overflow(value, u->factor, &value)) {
        return HG_UNIT_TOO_LARGE;
    }
    *ret_bytes = value;
    return HG_UNIT_OK;
}

enum hg_unit hg_unit_duration(struct hg_slice text, int64_t *ret_ms) {
    const bool is_negative = cut_minus(&text);
    const struct unit *last = NULL;
    bool is_too_large = false;
    int64_t total = 0, value;
    size_t at = 0;
    do {
        if (!read_digits(text, &at, &value, &is_too_large)) {
            return HG_UNIT_MALFORMED;
        }
        const bool is_plain = at == text.len && last == NULL;
        const struct hg_slice name = is_plain ? HG_SLICE("s") : read_letters(text, &at);
        const struct unit *u = find_unit(durations, name, false);
        if (u == NULL || (last != NULL && u <= last)) {
            return HG_UNIT_MALFORMED;
        }
        if (__builtin_mul_overflow(value, u->factor, &value) ||
            __builtin_add_overflow(total, value, &total)) {
            is_too_large = true;
            total = 0;
        }
        last = u;
    } while (at < text.len);
    if (is_negative) {
        return HG_UNIT_NEGATIVE;
    }
    if (is_too_large) {
        return HG_UNIT_TOO_LARGE;
    }
    *ret_ms = total;
    return HG_UNIT_OK;
}

static const struct unit *choose_unit(const struct unit *units, int64_t value,
                                      const struct unit *written) {
    if (written != NULL && value % written->factor == 0) {
        return written;
    }
    for (const struct unit *u = units; u->name != NULL; u++) {
        if (value != 0 && value % u->factor == 0) {
            return u;
        }
    }
    return NULL;
}

void hg_unit_format(enum hg_slot type, int64_t value, struct hg_slice like,
                    char out[HG_UNIT_TEXT_MAX]) {
    if (type != HG_SLOT_SIZE && type != HG_SLOT_DURATION) {
        snprintf(out, HG_UNIT_TEXT_MAX, "%" PRId64, value);
        return;
    }
    const struct unit *units = type == HG_SLOT_SIZE ? sizes : durations;
    size_t at = 0;
    bool is_too_large = false;
    int64_t ignored;
    cut_minus(&like);
    read_digits(like, &at, &ignored, &is_too_large);
    struct hg_slice name = read_letters(like, &at);
    if (type == HG_SLOT_DURATION && name.len == 0) {
        name = HG_SLICE("s");
    }
    const bool any_case = type == HG_SLOT_SIZE;
    const struct unit *u = choose_unit(units, value, find_unit(units, name, any_case));
    if (u == NULL) {
        u = find_unit(units, type == HG_SLOT_SIZE ? HG_SLICE("") : HG_SLICE("s"), false);
    }
    snprintf(out, HG_UNIT_TEXT_MAX, "%" PRId64 "%s", value / u->factor, u->name);
}
