/* SPDX-License-Identifier: Apache-2.0 */
/* data.c - judging the JSON text of an event's data. */
#include "event/data.h"

#include <math.h>
#include <stdlib.h>

enum { LITERAL_MAX = 64 };

static bool is_int64(struct hg_slice s) {
    bool is_negative = s.ptr[0] == '-';
    uint64_t value = 0, max = (uint64_t)INT64_MAX + is_negative;
    for (size_t i = is_negative; i < s.len; i++) {
        unsigned digit = (unsigned char)s.ptr[i] - '0';
        if (value > (max - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    return true;
}

static bool is_plain_number(const struct hg_json_tape *t, uint32_t node) {
    struct hg_slice s = hg_json_bytes(t, node);
    if (s.len > LITERAL_MAX) {
        return false;
    }
    if (t->nodes[node].is_integer) {
        return is_int64(s);
    }
    char text[LITERAL_MAX + 1];
    memcpy(text, s.ptr, s.len);
    text[s.len] = '\0';
    return isfinite(strtod(text, NULL));
}

const char *hg_data_strict_fault(const struct hg_json_tape *t, uint32_t node) {
    for (uint32_t i = node; i < t->nodes[node].next; i++) {
        const struct hg_json_node *n = &t->nodes[i];
        if (n->type == HG_JSON_STRING && n->has_nul) {
            return "the data has U+0000 in a string, which is refused here";
        }
        if (n->type == HG_JSON_NUMBER && !is_plain_number(t, i)) {
            return "the data has a number beyond 64 bits, which is refused here";
        }
    }
    if (hg_json_duplicate(t, node) != 0) {
        return "the data has an object with the same member twice, which is refused here";
    }
    return NULL;
}

void hg_data_json_problem(struct hg_problem *problem, struct hg_slice text, int err, size_t at) {
    if (err == HG_E2BIG) {
        hg_problem_set(problem, 400, "json-invalid",
                       "the JSON text is nested deeper than 64 or has more than 100000 values.");
    } else if (at >= text.len) {
        hg_problem_set(problem, 400, "json-invalid", "the JSON text ends too early, at byte %zu.",
                       at);
    } else {
        hg_problem_set(problem, 400, "json-invalid", "the text is not JSON at byte %zu.", at);
    }
}
