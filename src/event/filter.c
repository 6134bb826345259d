/* SPDX-License-Identifier: Apache-2.0 */
/* filter.c - a list of terms, those on one attribute side by side. */
#include "event/filter.h"

#include <stdatomic.h>

#include "event/attr.h"

enum { TERMS_MAX = 32 };

/* One allocation holds both texts; it begins at attr.ptr. */
struct term {
    struct hg_slice attr;
    struct hg_slice value;
    int core; /* enum hg_core_attr, or -1 */
    enum hg_match match;
    bool is_alternative; /* of the term before: they are on the same attribute */
};

struct hg_filter {
    _Atomic uint32_t refs;
    uint32_t n, cap;
    struct term *terms;
};

struct hg_filter *hg_filter_new(void) {
    struct hg_filter *f = hg_try_alloc(sizeof(*f));
    if (f != NULL) {
        atomic_init(&f->refs, 1);
    }
    return f;
}

static int make_room(struct hg_filter *f) {
    if (f->n < f->cap) {
        return 0;
    }
    uint32_t cap = f->cap > 0 ? f->cap * 2 : 2;
    void *terms = hg_try_realloc(f->terms, cap * sizeof(f->terms[0]));
    if (terms == NULL) {
        return HG_ENOMEM;
    }
    f->terms = terms;
    f->cap = cap;
    return 0;
}

/* Behind the last term on the same attribute, or at the end. */
static uint32_t place_of(const struct hg_filter *f, struct hg_slice attr) {
    for (uint32_t i = f->n; i > 0; i--) {
        if (hg_slice_eq(f->terms[i - 1].attr, attr)) {
            return i;
        }
    }
    return f->n;
}

int hg_filter_add(struct hg_filter *f, struct hg_slice attr, enum hg_match match,
                  struct hg_slice value) {
    if (!hg_attr_name_is_legal(attr)) {
        return HG_EINVAL;
    }
    if (f->n == TERMS_MAX) {
        return HG_E2BIG;
    }
    char *texts = make_room(f) == 0 ? hg_try_alloc(attr.len + value.len) : NULL;
    if (texts == NULL) {
        return HG_ENOMEM;
    }
    memcpy(texts, attr.ptr, attr.len);
    if (value.len > 0) {
        memcpy(texts + attr.len, value.ptr, value.len);
    }
    uint32_t at = place_of(f, attr);
    bool is_alternative = at > 0 && hg_slice_eq(f->terms[at - 1].attr, attr);
    memmove(&f->terms[at + 1], &f->terms[at], (f->n - at) * sizeof(f->terms[0]));
    f->terms[at] = (struct term){.attr = {texts, attr.len},
                                 .value = {texts + attr.len, value.len},
                                 .core = hg_attr_core(attr),
                                 .match = match,
                                 .is_alternative = is_alternative};
    f->n++;
    return 0;
}

int hg_filter_add_pattern(struct hg_filter *f, struct hg_slice attr, struct hg_slice pattern) {
    if (pattern.len > 0 && pattern.ptr[pattern.len - 1] == '*') {
        pattern.len--;
        return hg_filter_add(f, attr, HG_MATCH_PREFIX, pattern);
    }
    return hg_filter_add(f, attr, HG_MATCH_EXACT, pattern);
}

struct hg_filter *hg_filter_ref(struct hg_filter *f) {
    atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
    return f;
}

void hg_filter_unref(struct hg_filter **pf) {
    struct hg_filter *f = *pf;
    *pf = NULL;
    if (f == NULL || atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) > 1) {
        return;
    }
    for (uint32_t i = 0; i < f->n; i++) {
        hg_free((char *)f->terms[i].attr.ptr);
    }
    hg_free(f->terms);
    hg_free(f);
}

static bool find_value(const struct term *t, const struct hg_event *e, struct hg_slice *ret) {
    if (t->core < 0) {
        return hg_event_attr(e, t->attr, ret);
    }
    *ret = hg_event_core(e, (enum hg_core_attr)t->core);
    return ret->len > 0;
}

static bool is_match(const struct term *t, struct hg_slice value) {
    return t->match == HG_MATCH_EXACT ? hg_slice_eq(value, t->value)
                                      : hg_slice_starts(value, t->value);
}

bool hg_filter_passes(const struct hg_filter *f, const struct hg_event *e) {
    for (uint32_t i = 0; i < f->n;) {
        struct hg_slice value;
        if (!find_value(&f->terms[i], e, &value)) {
            return false;
        }
        bool has_match = false;
        do {
            has_match = has_match || is_match(&f->terms[i], value);
            i++;
        } while (i < f->n && f->terms[i].is_alternative);
        if (!has_match) {
            return false;
        }
    }
    return true;
}

bool hg_filter_is_empty(const struct hg_filter *f) {
    return f->n == 0;
}

bool hg_filter_exact(const struct hg_filter *f, struct hg_slice attr, struct hg_slice *ret_value) {
    uint32_t behind = place_of(f, attr);
    if (behind == 0) {
        return false;
    }
    const struct term *t = &f->terms[behind - 1];
    if (!hg_slice_eq(t->attr, attr) || t->is_alternative || t->match != HG_MATCH_EXACT) {
        return false;
    }
    *ret_value = t->value;
    return true;
}
