/* SPDX-License-Identifier: Apache-2.0 */
/* encode.c - an event as bytes for others: the JSON event format and the
 * values of binary mode's headers. Made once per event and shared by every
 * subscriber, so one reservation and then plain stores. */
#include "event/codec.h"

#include "base/base64.h"
#include "event/attr.h"
#include "event/bytes16.h"
#include "event/object.h"

/* Attribute values hold no control characters: only these two are escaped. */
static char *put_escaped(char *to, struct hg_slice s) {
    const char *p = s.ptr, *end = s.ptr + s.len;
    while (end - p >= 16) {
        hg_bytes16 v = hg_bytes16_load(p);
        if (hg_bytes16_mask((v == '"') | (v == '\\')) != 0) {
            break;
        }
        memcpy(to, p, 16);
        to += 16;
        p += 16;
    }
    for (; p < end; p++) {
        if (*p == '"' || *p == '\\') {
            *to++ = '\\';
        }
        *to++ = *p;
    }
    return to;
}

static char *put_plain(char *to, struct hg_slice s) {
    if (s.len > 0) {
        memcpy(to, s.ptr, s.len);
    }
    return to + s.len;
}

static char *put_attr(char *to, struct hg_slice name, struct hg_slice value,
                      enum hg_attr_type type) {
    *to++ = ',';
    *to++ = '"';
    to = put_plain(to, name);
    *to++ = '"';
    *to++ = ':';
    if (type != HG_ATTR_STRING) {
        return put_plain(to, value);
    }
    *to++ = '"';
    to = put_escaped(to, value);
    *to++ = '"';
    return to;
}

/* Enough for all attributes, each byte of a value escaped. */
static size_t attrs_bytes_max(const struct hg_event *e, struct hg_slice position) {
    size_t names = sizeof("datacontenttype") * (HG_CORE_ATTRS + 1);
    size_t marks = (HG_CORE_ATTRS + 1 + (size_t)e->n_extensions) * sizeof(",\"\":\"\"");
    return names + marks + 2 * ((size_t)e->data_at + position.len) + sizeof("{}");
}

static void put_attrs(const struct hg_event *e, struct hg_slice position, struct hg_buf *out) {
    static const struct hg_slice hgposition = {"hgposition", 10};
    if (hg_buf_reserve(out, attrs_bytes_max(e, position)) != 0) {
        return;
    }
    char *to = put_plain(out->ptr + out->len, HG_SLICE("{\"specversion\":\"1.0\""));
    for (unsigned i = HG_ATTR_ID; i < HG_CORE_ATTRS; i++) {
        struct hg_slice value = hg_event_core(e, (enum hg_core_attr)i);
        if (value.len > 0) {
            to = put_attr(to, hg_attr_core_names[i], value, HG_ATTR_STRING);
        }
    }
    for (unsigned i = 0; i < e->n_extensions; i++) {
        const struct hg_attr *a = &e->extensions[i];
        /* An event that came with somebody's position travels with ours. */
        if (position.len == 0 || !hg_slice_eq(a->name, hgposition)) {
            to = put_attr(to, a->name, a->value, a->type);
        }
    }
    if (position.len > 0) {
        to = put_attr(to, hgposition, position, HG_ATTR_STRING);
    }
    out->len = (size_t)(to - out->ptr);
}

void hg_event_to_json(const struct hg_event *e, struct hg_slice position, struct hg_buf *out) {
    enum hg_data_kind kind;
    struct hg_slice data = hg_event_data(e, &kind);
    put_attrs(e, position, out);
    switch (kind) {
    case HG_DATA_NONE:
        HG_BUF_LIT(out, "}");
        break;
    case HG_DATA_JSON:
        HG_BUF_LIT(out, ",\"data\":");
        hg_buf_put_slice(out, data);
        HG_BUF_LIT(out, "}");
        break;
    case HG_DATA_TEXT:
        HG_BUF_LIT(out, ",\"data\":");
        hg_buf_put_json(out, data);
        HG_BUF_LIT(out, "}");
        break;
    case HG_DATA_BINARY:
        HG_BUF_LIT(out, ",\"data_base64\":\"");
        hg_base64_put(out, data.ptr, data.len);
        HG_BUF_LIT(out, "\"}");
        break;
    }
}

void hg_codec_header_value(struct hg_slice value, struct hg_buf *out) {
    static const char hex[] = "0123456789ABCDEF";
    size_t from = 0;
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (c > 0x20 && c < 0x7F && c != '"' && c != '%') {
            continue;
        }
        char escape[3] = {'%', hex[c >> 4], hex[c & 15]};
        hg_buf_put(out, value.ptr + from, i - from);
        hg_buf_put(out, escape, sizeof(escape));
        from = i + 1;
    }
    hg_buf_put(out, value.ptr + from, value.len - from);
}
