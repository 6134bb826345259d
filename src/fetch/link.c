/* SPDX-License-Identifier: Apache-2.0 */
/* link.c - <target>; name=value; name="value", <target> ... A value that
 * breaks this form ends the search. */
#include "fetch/link.h"

struct text {
    const char *at, *end;
};

static void skip_blanks(struct text *t) {
    while (t->at < t->end && (*t->at == ' ' || *t->at == '\t')) {
        t->at++;
    }
}

static bool take(struct text *t, char c) {
    skip_blanks(t);
    if (t->at == t->end || *t->at != c) {
        return false;
    }
    t->at++;
    return true;
}

static struct hg_slice take_until(struct text *t, const char *stops) {
    const char *start = t->at;
    while (t->at < t->end && *t->at != 0 && strchr(stops, *t->at) == NULL) {
        t->at++;
    }
    return (struct hg_slice){start, (size_t)(t->at - start)};
}

/* Behind the opening quote. Escapes stay in: no relation has one. */
static bool take_quoted(struct text *t, struct hg_slice *ret) {
    const char *start = t->at;
    for (; t->at < t->end && *t->at != '"'; t->at++) {
        if (*t->at == '\\' && t->at + 1 < t->end) {
            t->at++;
        }
    }
    *ret = (struct hg_slice){start, (size_t)(t->at - start)};
    return take(t, '"');
}

static bool holds(struct hg_slice relations, struct hg_slice want) {
    struct text t = {relations.ptr, relations.ptr + relations.len};
    while (t.at < t.end) {
        skip_blanks(&t);
        struct hg_slice one = take_until(&t, " \t");
        if (one.len > 0 && hg_slice_ieq(one, want)) {
            return true;
        }
    }
    return false;
}

static bool take_param(struct text *t, struct hg_slice *ret_name, struct hg_slice *ret_value) {
    skip_blanks(t);
    *ret_name = take_until(t, " \t=;,");
    *ret_value = (struct hg_slice){NULL, 0};
    if (!take(t, '=')) {
        return ret_name->len > 0;
    }
    if (take(t, '"')) {
        return take_quoted(t, ret_value);
    }
    *ret_value = take_until(t, " \t;,");
    return true;
}

bool hg_link_find(struct hg_slice value, struct hg_slice relation, struct hg_slice *ret_target) {
    struct text t = {value.ptr, value.ptr + value.len};
    do {
        struct hg_slice name, text;
        bool has_rel = false, is_wanted = false;
        if (!take(&t, '<')) {
            return false;
        }
        struct hg_slice target = take_until(&t, ">");
        if (!take(&t, '>')) {
            return false;
        }
        while (take(&t, ';')) {
            if (!take_param(&t, &name, &text)) {
                return false;
            }
            if (!has_rel && hg_slice_ieq(name, HG_SLICE("rel"))) {
                has_rel = true; /* a second one counts for nothing [3.3] */
                is_wanted = holds(text, relation);
            }
        }
        if (is_wanted) {
            *ret_target = target;
            return true;
        }
    } while (take(&t, ','));
    return false;
}
