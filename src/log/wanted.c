/* SPDX-License-Identifier: Apache-2.0 */
/* wanted.c - a copy of patterns, and what fits them. */
#include "log/wanted.h"

#include "log/topic.h"

void hg_wanted_fini(struct hg_wanted *w) {
    hg_free(w->items);
    hg_free(w->text);
    *w = (struct hg_wanted){0};
}

int hg_wanted_set(struct hg_wanted *w, const struct hg_log_patterns *patterns) {
    struct hg_wanted made = {0};
    size_t len = 0;
    for (size_t i = 0; i < patterns->n; i++) {
        len += patterns->items[i].len;
    }
    made.items = hg_try_alloc((patterns->n + 1) * sizeof *made.items);
    made.text = hg_try_alloc(len + 1);
    if (made.items == NULL || made.text == NULL) {
        hg_wanted_fini(&made);
        return HG_ENOMEM;
    }
    for (size_t i = 0, at = 0; i < patterns->n; i++) {
        struct hg_slice p = patterns->items[i];
        memcpy(made.text + at, p.ptr, p.len);
        made.items[i] = (struct hg_slice){made.text + at, p.len};
        at += p.len;
    }
    made.patterns = (struct hg_log_patterns){made.items, patterns->n};
    hg_wanted_fini(w);
    *w = made;
    return 0;
}

static bool fits_one(const struct hg_log_patterns *patterns, struct hg_slice name) {
    for (size_t i = 0; i < patterns->n; i++) {
        if (hg_topic_matches(patterns->items[i], name)) {
            return true;
        }
    }
    return false;
}

bool hg_wanted_has(const struct hg_log_patterns *patterns, struct hg_slice name) {
    static const struct hg_slice tail = {".dlq", 4};
    if (fits_one(patterns, name)) {
        return true;
    }
    bool is_dlq =
        name.len > tail.len && memcmp(name.ptr + name.len - tail.len, tail.ptr, tail.len) == 0;
    return is_dlq && fits_one(patterns, (struct hg_slice){name.ptr, name.len - tail.len});
}
