/* SPDX-License-Identifier: Apache-2.0 */
/* digest.c - is this the same event as the one with this id before?
 *
 * Equal for the same event sent again by another path: in another mode, with
 * its members in another order, under another trace. */
#include "event/codec.h"

#include "base/hash.h"
#include "event/attr.h"
#include "event/object.h"

/* Attributes are many and short: they reach the hash together. */
struct feeder {
    struct hg_hash hash;
    size_t n;
    char bytes[512];
};

static void feed_bytes(struct feeder *f, const void *bytes, size_t n) {
    if (n > sizeof(f->bytes) - f->n) {
        hg_hash_feed(&f->hash, f->bytes, f->n);
        f->n = 0;
    }
    if (n > sizeof(f->bytes)) {
        hg_hash_feed(&f->hash, bytes, n);
    } else if (n > 0) {
        memcpy(f->bytes + f->n, bytes, n);
        f->n += n;
    }
}

static void feed(struct feeder *f, struct hg_slice s) {
    uint32_t len = (uint32_t)s.len;
    feed_bytes(f, &len, sizeof(len));
    feed_bytes(f, s.ptr, s.len);
}

/* Binary mode keeps white space around a JSON text, structured mode has none. */
static struct hg_slice trim_json(struct hg_slice s) {
    static const char space[] = " \t\r\n";
    while (s.len > 0 && memchr(space, s.ptr[0], 4) != NULL) {
        s = (struct hg_slice){s.ptr + 1, s.len - 1};
    }
    while (s.len > 0 && memchr(space, s.ptr[s.len - 1], 4) != NULL) {
        s.len--;
    }
    return s;
}

static bool is_before(struct hg_slice a, struct hg_slice b) {
    size_t n = a.len < b.len ? a.len : b.len;
    int order = memcmp(a.ptr, b.ptr, n);
    return order != 0 ? order < 0 : a.len < b.len;
}

/* A hop may change these; they say nothing about the event. */
static bool is_of_trace(struct hg_slice name) {
    return hg_slice_eq(name, HG_SLICE("traceparent")) || hg_slice_eq(name, HG_SLICE("tracestate"));
}

static size_t sort_extensions(const struct hg_event *e, const struct hg_attr **sorted) {
    size_t n = 0;
    for (unsigned i = 0; i < e->n_extensions; i++) {
        const struct hg_attr *a = &e->extensions[i];
        if (is_of_trace(a->name)) {
            continue;
        }
        size_t at = n++;
        for (; at > 0 && is_before(a->name, sorted[at - 1]->name); at--) {
            sorted[at] = sorted[at - 1];
        }
        sorted[at] = a;
    }
    return n;
}

void hg_event_digest(const struct hg_event *e, const struct hg_hash_key *key, uint8_t ret[16]) {
    struct feeder f; /* no initializer: its bytes need no zeroes */
    f.n = 0;
    hg_hash_begin(&f.hash, key);
    for (unsigned i = HG_ATTR_ID; i < HG_CORE_ATTRS; i++) {
        feed(&f, hg_event_core(e, (enum hg_core_attr)i));
    }
    const struct hg_attr *sorted[HG_EXTENSIONS_MAX];
    size_t n = sort_extensions(e, sorted);
    for (size_t i = 0; i < n; i++) {
        feed(&f, sorted[i]->name);
        feed(&f, sorted[i]->value);
    }
    enum hg_data_kind kind;
    struct hg_slice data = hg_event_data(e, &kind);
    if (kind != HG_DATA_NONE) {
        /* No name is empty, so this ends the attributes. */
        feed(&f, (struct hg_slice){NULL, 0});
        feed(&f, kind == HG_DATA_JSON ? trim_json(data) : data);
    }
    hg_hash_feed(&f.hash, f.bytes, f.n);
    hg_hash_end128(&f.hash, ret);
}
