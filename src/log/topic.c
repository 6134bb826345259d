/* SPDX-License-Identifier: Apache-2.0 */
/* topic.c - names and patterns of topics. */
#include "log/topic.h"

static bool is_segment_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

/* Cut the first segment off rest; false when rest is used up. */
static bool take_segment(struct hg_slice *rest, struct hg_slice *ret_segment) {
    if (rest->ptr == NULL) {
        return false;
    }
    const char *dot = rest->len > 0 ? memchr(rest->ptr, '.', rest->len) : NULL;
    if (dot == NULL) {
        *ret_segment = *rest;
        *rest = (struct hg_slice){0};
        return true;
    }
    *ret_segment = (struct hg_slice){rest->ptr, (size_t)(dot - rest->ptr)};
    *rest = (struct hg_slice){dot + 1, rest->len - ret_segment->len - 1};
    return true;
}

static bool is_name_segment(struct hg_slice s) {
    for (size_t i = 0; i < s.len; i++) {
        if (!is_segment_char(s.ptr[i])) {
            return false;
        }
    }
    return s.len > 0;
}

static bool is_one(struct hg_slice s) {
    return hg_slice_eq(s, HG_SLICE("*"));
}
static bool is_any(struct hg_slice s) {
    return hg_slice_eq(s, HG_SLICE("**"));
}

static bool is_valid(struct hg_slice text, bool may_have_stars) {
    if (text.len == 0 || text.len > HG_TOPIC_NAME_MAX) {
        return false;
    }
    struct hg_slice segment;
    while (take_segment(&text, &segment)) {
        if (!is_name_segment(segment) &&
            !(may_have_stars && (is_one(segment) || is_any(segment)))) {
            return false;
        }
    }
    return true;
}

bool hg_topic_name_is_valid(struct hg_slice name) {
    return is_valid(name, false);
}

bool hg_topic_pattern_is_valid(struct hg_slice pattern) {
    return is_valid(pattern, true);
}

bool hg_topic_pattern_is_literal(struct hg_slice pattern) {
    return pattern.len == 0 || memchr(pattern.ptr, '*', pattern.len) == NULL;
}

/* Segment by segment; on a mismatch the last `**` takes one segment more. */
static bool fits(struct hg_slice pattern, struct hg_slice name) {
    struct hg_slice after_any = {0}, name_there = {0};
    bool has_any = false;
    for (;;) {
        struct hg_slice p, n, p_rest = pattern, n_rest = name;
        bool has_p = take_segment(&p_rest, &p);
        bool has_n = take_segment(&n_rest, &n);
        if (!has_p && !has_n) {
            return true;
        }
        if (has_p && is_any(p)) {
            has_any = true;
            after_any = pattern = p_rest;
            name_there = name;
        } else if (has_p && has_n && (is_one(p) || hg_slice_eq(p, n))) {
            pattern = p_rest;
            name = n_rest;
        } else if (has_any && take_segment(&name_there, &n)) {
            pattern = after_any;
            name = name_there;
        } else {
            return false;
        }
    }
}

static struct hg_slice first_segment(struct hg_slice text) {
    struct hg_slice segment = {0};
    (void)take_segment(&text, &segment);
    return segment;
}

static bool ends_as_dlq(struct hg_slice text) {
    struct hg_slice tail = HG_SLICE(".dlq");
    return text.len >= tail.len && memcmp(text.ptr + text.len - tail.len, tail.ptr, tail.len) == 0;
}

/* Topics that no star reaches: the pattern must spell the part that sets
 * them apart. */
static bool names_what_is_apart(struct hg_slice pattern, struct hg_slice name) {
    struct hg_slice root = first_segment(name);
    bool is_root_apart =
        hg_slice_eq(root, HG_SLICE("audit")) || hg_slice_eq(root, HG_SLICE("headgate"));
    if (is_root_apart && !hg_slice_eq(first_segment(pattern), root)) {
        return false;
    }
    return !ends_as_dlq(name) || ends_as_dlq(pattern);
}

bool hg_topic_matches(struct hg_slice pattern, struct hg_slice name) {
    return fits(pattern, name) && names_what_is_apart(pattern, name);
}
