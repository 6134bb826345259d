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

static bool is_apart(struct hg_slice root) {
    return hg_slice_eq(root, HG_SLICE("audit")) || hg_slice_eq(root, HG_SLICE("headgate"));
}

/* Topics that no star reaches: the pattern must spell the part that sets
 * them apart. */
static bool names_what_is_apart(struct hg_slice pattern, struct hg_slice name) {
    struct hg_slice root = first_segment(name);
    if (is_apart(root) && !hg_slice_eq(first_segment(pattern), root)) {
        return false;
    }
    return !ends_as_dlq(name) || ends_as_dlq(pattern);
}

bool hg_topic_matches(struct hg_slice pattern, struct hg_slice name) {
    return fits(pattern, name) && names_what_is_apart(pattern, name);
}

enum { SEGMENTS_MAX = HG_TOPIC_NAME_MAX / 2 + 1 };

static size_t split(struct hg_slice text, struct hg_slice segments[SEGMENTS_MAX]) {
    size_t n = 0;
    while (n < SEGMENTS_MAX && take_segment(&text, &segments[n])) {
        n++;
    }
    return n;
}

/* Row i says of each j whether some name's first segments are what the first i
 * segments of a and the first j of b stand for: two rows are enough. */
static bool overlap(struct hg_slice a, struct hg_slice b) {
    struct hg_slice as[SEGMENTS_MAX], bs[SEGMENTS_MAX];
    size_t n_a = split(a, as), n_b = split(b, bs);
    bool rows[2][SEGMENTS_MAX + 1] = {{true}};
    for (size_t i = 0; i <= n_a; i++) {
        bool *here = rows[i % 2], *below = rows[(i + 1) % 2];
        memset(below, 0, sizeof(rows[0]));
        for (size_t j = 0; j <= n_b; j++) {
            bool any_a = i < n_a && is_any(as[i]), any_b = j < n_b && is_any(bs[j]);
            if (!here[j]) {
                continue;
            }
            if ((any_a || any_b) && i < n_a) {
                below[j] = true;
            }
            if ((any_a || any_b) && j < n_b) {
                here[j + 1] = true;
            }
            if (!any_a && !any_b && i < n_a && j < n_b &&
                (is_one(as[i]) || is_one(bs[j]) || hg_slice_eq(as[i], bs[j]))) {
                below[j + 1] = true;
            }
        }
    }
    return rows[n_a % 2][n_b];
}

/* What only one of them spells, the other has no star for. */
static bool spell_the_same_apart(struct hg_slice a, struct hg_slice b) {
    struct hg_slice root_a = first_segment(a), root_b = first_segment(b);
    return is_apart(root_a) == is_apart(root_b) && ends_as_dlq(a) == ends_as_dlq(b);
}

bool hg_topic_patterns_meet(struct hg_slice a, struct hg_slice b) {
    return hg_topic_pattern_is_valid(a) && hg_topic_pattern_is_valid(b) &&
           spell_the_same_apart(a, b) && overlap(a, b);
}
