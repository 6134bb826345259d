/* SPDX-License-Identifier: Apache-2.0 */
/* event.c - the immutable CloudEvent that crosses threads: reading it.
 *
 * Knows nothing of HTTP or of event logs. */
#include "headgate/event.h"

#include "event/attr.h"
#include "event/builder.h"
#include "event/codec.h"
#include "event/object.h"

struct hg_event *hg_event__new(size_t n_extensions, size_t bytes) {
    size_t size = sizeof(struct hg_event) + n_extensions * sizeof(struct hg_attr) + bytes;
    struct hg_event *e = hg_try_realloc(NULL, size); /* all of it is written: no zeroes */
    if (e == NULL) {
        return NULL;
    }
    memset(e, 0, sizeof(*e));
    atomic_init(&e->refs, 1);
    e->n_extensions = (uint8_t)n_extensions;
    return e;
}

struct hg_event *hg_event_ref(struct hg_event *e) {
    atomic_fetch_add_explicit(&e->refs, 1, memory_order_relaxed);
    return e;
}

void hg_event_unref(struct hg_event **pe) {
    struct hg_event *e = *pe;
    *pe = NULL;
    /* What other threads read happened before their own release. */
    if (e == NULL || atomic_fetch_sub_explicit(&e->refs, 1, memory_order_acq_rel) > 1) {
        return;
    }
    hg_free(e);
}

struct hg_slice hg_event_core(const struct hg_event *e, enum hg_core_attr which) {
    if (which == HG_ATTR_SPECVERSION) {
        return HG_SLICE("1.0");
    }
    uint32_t from = e->core_end[which - 1];
    return (struct hg_slice){hg_event__bytes(e) + from, e->core_end[which] - from};
}

size_t hg_event_extensions(const struct hg_event *e) {
    return e->n_extensions;
}

const struct hg_attr *hg_event_extension(const struct hg_event *e, size_t i) {
    HG_ASSERT(i < e->n_extensions);
    return &e->extensions[i];
}

bool hg_event_attr(const struct hg_event *e, struct hg_slice name, struct hg_slice *ret_value) {
    int core = hg_attr_core(name);
    if (core >= 0) {
        struct hg_slice value = hg_event_core(e, (enum hg_core_attr)core);
        if (value.len == 0) {
            return false;
        }
        *ret_value = value;
        return true;
    }
    for (size_t i = 0; i < e->n_extensions; i++) {
        if (hg_slice_eq(e->extensions[i].name, name)) {
            *ret_value = e->extensions[i].value;
            return true;
        }
    }
    return false;
}

struct hg_slice hg_event_data(const struct hg_event *e, enum hg_data_kind *ret_kind) {
    *ret_kind = (enum hg_data_kind)e->kind;
    return (struct hg_slice){hg_event__bytes(e) + e->data_at, e->data_len};
}

int hg_event_with(const struct hg_event *e, struct hg_slice name, struct hg_slice value,
                  struct hg_event **ret_event) {
    struct hg_event_builder b;
    hg_event_builder_clear(&b);
    for (unsigned i = 0; i < HG_CORE_ATTRS; i++) {
        b.core[i] = hg_event_core(e, (enum hg_core_attr)i);
    }
    memcpy(b.extensions, e->extensions, e->n_extensions * sizeof(b.extensions[0]));
    b.n_extensions = e->n_extensions;
    b.data = hg_event_data(e, &b.kind);

    struct hg_slice before;
    if (hg_event_attr(e, name, &before)) {
        return HG_EEXIST;
    }
    int err = hg_event_builder_set(&b, name, value, HG_ATTR_STRING);
    const char *missing;
    return err != 0 ? err : hg_event_builder_seal(&b, ret_event, &missing);
}
