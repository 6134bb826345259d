/* SPDX-License-Identifier: Apache-2.0 */
/* builder.c - gathers attributes and data by reference, and copies all of it
 * once, into the block of the event. */
#include "event/builder.h"

#include "event/object.h"

struct hg_event_builder *hg_event_builder_new(void) {
    struct hg_event_builder *b = hg_try_alloc(sizeof(*b));
    if (b != NULL) {
        hg_event_builder_clear(b);
    }
    return b;
}

void hg_event_builder_free(struct hg_event_builder **pb) {
    hg_free(*pb);
    *pb = NULL;
}

void hg_event_builder_clear(struct hg_event_builder *b) {
    memset(b->core, 0, sizeof(b->core));
    b->n_extensions = 0;
    b->kind = HG_DATA_NONE;
    b->data = (struct hg_slice){NULL, 0};
}

static bool has_extension(const struct hg_event_builder *b, struct hg_slice name) {
    for (size_t i = 0; i < b->n_extensions; i++) {
        if (hg_slice_eq(b->extensions[i].name, name)) {
            return true;
        }
    }
    return false;
}

const char *hg_event_builder_fault(const struct hg_event_builder *b, struct hg_slice name,
                                   struct hg_slice value, enum hg_attr_type type) {
    const char *fault = hg_attr_fault(name, value, type);
    if (fault != NULL) {
        return fault;
    }
    int core = hg_attr_core(name);
    bool is_set = core >= 0 ? b->core[core].len > 0 : has_extension(b, name);
    return is_set ? "occurs twice" : NULL;
}

int hg_event_builder_set(struct hg_event_builder *b, struct hg_slice name, struct hg_slice value,
                         enum hg_attr_type type) {
    if (hg_event_builder_fault(b, name, value, type) != NULL) {
        return HG_EINVAL;
    }
    int core = hg_attr_core(name);
    if (core >= 0) {
        b->core[core] = value;
        return 0;
    }
    if (b->n_extensions == HG_EXTENSIONS_MAX) {
        return HG_E2BIG;
    }
    b->extensions[b->n_extensions++] = (struct hg_attr){name, value, type};
    return 0;
}

void hg_event_builder_data(struct hg_event_builder *b, enum hg_data_kind kind,
                           struct hg_slice data) {
    b->kind = kind;
    b->data = kind == HG_DATA_NONE ? (struct hg_slice){NULL, 0} : data;
}

static size_t count_bytes(const struct hg_event_builder *b) {
    size_t bytes = b->data.len;
    for (unsigned i = HG_ATTR_ID; i < HG_CORE_ATTRS; i++) {
        bytes += b->core[i].len;
    }
    for (size_t i = 0; i < b->n_extensions; i++) {
        bytes += b->extensions[i].name.len + b->extensions[i].value.len;
    }
    return bytes;
}

static char *copy(char *to, struct hg_slice s) {
    if (s.len > 0) {
        memcpy(to, s.ptr, s.len);
    }
    return to + s.len;
}

static void fill(struct hg_event *e, const struct hg_event_builder *b) {
    char *bytes = hg_event__bytes(e);
    char *at = bytes;
    for (unsigned i = HG_ATTR_ID; i < HG_CORE_ATTRS; i++) {
        at = copy(at, b->core[i]);
        e->core_end[i] = (uint32_t)(at - bytes);
    }
    for (size_t i = 0; i < b->n_extensions; i++) {
        const struct hg_attr *from = &b->extensions[i];
        struct hg_attr *to = &e->extensions[i];
        to->name = (struct hg_slice){at, from->name.len};
        at = copy(at, from->name);
        to->value = (struct hg_slice){at, from->value.len};
        at = copy(at, from->value);
        to->type = from->type;
    }
    e->kind = (uint8_t)b->kind;
    e->data_at = (uint32_t)(at - bytes);
    e->data_len = (uint32_t)b->data.len;
    copy(at, b->data);
}

int hg_event_builder_seal(struct hg_event_builder *b, struct hg_event **ret_event,
                          const char **ret_missing) {
    for (unsigned i = HG_ATTR_SPECVERSION; i <= HG_ATTR_TYPE; i++) {
        if (b->core[i].len == 0) {
            *ret_missing = hg_attr_core_names[i].ptr;
            return HG_EINVAL;
        }
    }
    size_t bytes = count_bytes(b);
    if (bytes > UINT32_MAX) {
        return HG_E2BIG;
    }
    struct hg_event *e = hg_event__new(b->n_extensions, bytes);
    if (e == NULL) {
        return HG_ENOMEM;
    }
    fill(e, b);
    hg_event_builder_clear(b);
    *ret_event = e;
    return 0;
}
