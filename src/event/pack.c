/* SPDX-License-Identifier: Apache-2.0 */
/* pack.c - the flat form of an event inside a log record. Numbers are
 * little-endian.
 *
 *   0   u8   version of this form
 *   1   u8   kind of the data
 *   2   u8   number of extensions
 *   3   u8   0
 *   4   u32  length of the data
 *   8   u32  length of id, source, type, subject, time, datacontenttype, dataschema
 *   36       those values
 *            for each extension: u8 type, u8 length of the name, u32 length of the value
 *            for each extension: name, value
 *            data
 *
 * A record's checksum is the log's business. Here only lengths are believed
 * after they were checked. */
#include "event/codec.h"

#include "event/attr.h"
#include "event/object.h"

enum { FORM = 1, HEAD_BYTES = 36, ROW_BYTES = 6, LENGTHS = HG_CORE_ATTRS - 1 };

static char *put_u32(char *to, uint32_t v) {
    to[0] = (char)v;
    to[1] = (char)(v >> 8);
    to[2] = (char)(v >> 16);
    to[3] = (char)(v >> 24);
    return to + 4;
}

static uint32_t get_u32(const char *p) {
    const unsigned char *u = (const unsigned char *)p;
    return u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 | (uint32_t)u[3] << 24;
}

static size_t core_bytes(const struct hg_event *e) {
    return e->core_end[HG_CORE_ATTRS - 1];
}

size_t hg_event_packed_bytes(const struct hg_event *e) {
    return HEAD_BYTES + e->n_extensions * (size_t)ROW_BYTES + e->data_at + (size_t)e->data_len;
}

void hg_event_pack(const struct hg_event *e, char *out) {
    const char *bytes = hg_event__bytes(e);
    *out++ = FORM;
    *out++ = (char)e->kind;
    *out++ = (char)e->n_extensions;
    *out++ = 0;
    out = put_u32(out, e->data_len);
    for (unsigned i = HG_ATTR_ID; i < HG_CORE_ATTRS; i++) {
        out = put_u32(out, e->core_end[i] - e->core_end[i - 1]);
    }
    memcpy(out, bytes, core_bytes(e));
    out += core_bytes(e);
    for (unsigned i = 0; i < e->n_extensions; i++) {
        const struct hg_attr *a = &e->extensions[i];
        *out++ = (char)a->type;
        *out++ = (char)a->name.len;
        out = put_u32(out, (uint32_t)a->value.len);
    }
    memcpy(out, bytes + core_bytes(e), e->data_at - core_bytes(e) + (size_t)e->data_len);
}

/* The parts of a packed event, all inside it. */
struct parts {
    uint64_t core;       /* bytes */
    const char *rows;    /* of the extensions */
    uint64_t extensions; /* bytes */
    uint64_t data;       /* bytes */
    unsigned n_extensions;
};

static bool read_head(struct hg_slice packed, struct parts *ret) {
    if (packed.len < HEAD_BYTES || packed.ptr[0] != FORM ||
        (unsigned char)packed.ptr[1] > HG_DATA_BINARY || packed.ptr[3] != 0) {
        return false;
    }
    ret->n_extensions = (unsigned char)packed.ptr[2];
    ret->data = get_u32(packed.ptr + 4);
    ret->core = 0;
    for (unsigned i = 0; i < LENGTHS; i++) {
        uint32_t len = get_u32(packed.ptr + 8 + 4 * (size_t)i);
        if (len == 0 && i < HG_ATTR_TYPE) { /* id, source, type */
            return false;
        }
        ret->core += len;
    }
    if (ret->core > packed.len - HEAD_BYTES || ret->n_extensions > HG_EXTENSIONS_MAX ||
        (packed.ptr[1] == HG_DATA_NONE && ret->data > 0)) {
        return false;
    }
    ret->rows = packed.ptr + HEAD_BYTES + ret->core;
    return true;
}

static bool read_parts(struct hg_slice packed, struct parts *ret) {
    if (!read_head(packed, ret)) {
        return false;
    }
    uint64_t rest = packed.len - HEAD_BYTES - ret->core;
    uint64_t rows = ret->n_extensions * (uint64_t)ROW_BYTES;
    if (rows > rest) {
        return false;
    }
    ret->extensions = 0;
    for (unsigned i = 0; i < ret->n_extensions; i++) {
        const char *row = ret->rows + i * (size_t)ROW_BYTES;
        if ((unsigned char)row[0] > HG_ATTR_BOOLEAN || row[1] == 0) {
            return false;
        }
        ret->extensions += (unsigned char)row[1] + (uint64_t)get_u32(row + 2);
    }
    uint64_t bytes = ret->core + ret->extensions + ret->data;
    return rows + ret->extensions + ret->data == rest && bytes <= UINT32_MAX;
}

int hg_event_unpack(struct hg_slice packed, struct hg_event **ret_event) {
    struct parts parts;
    if (!read_parts(packed, &parts)) {
        return HG_EINVAL;
    }
    struct hg_event *e =
        hg_event__new(parts.n_extensions, parts.core + parts.extensions + parts.data);
    if (e == NULL) {
        return HG_ENOMEM;
    }
    char *bytes = hg_event__bytes(e);
    memcpy(bytes, packed.ptr + HEAD_BYTES, parts.core);
    memcpy(bytes + parts.core, parts.rows + parts.n_extensions * (size_t)ROW_BYTES,
           parts.extensions + parts.data);
    for (unsigned i = HG_ATTR_ID; i < HG_CORE_ATTRS; i++) {
        e->core_end[i] = e->core_end[i - 1] + get_u32(packed.ptr + 4 + 4 * (size_t)i);
    }
    char *at = bytes + parts.core;
    for (unsigned i = 0; i < parts.n_extensions; i++) {
        const char *row = parts.rows + i * (size_t)ROW_BYTES;
        struct hg_attr *a = &e->extensions[i];
        a->type = (enum hg_attr_type)row[0];
        a->name = (struct hg_slice){at, (unsigned char)row[1]};
        a->value = (struct hg_slice){at + a->name.len, get_u32(row + 2)};
        at += a->name.len + a->value.len;
    }
    e->kind = (uint8_t)packed.ptr[1];
    e->data_at = (uint32_t)(at - bytes);
    e->data_len = (uint32_t)parts.data;
    *ret_event = e;
    return 0;
}

int hg_event_packed_identity(struct hg_slice packed, struct hg_slice *ret_id,
                             struct hg_slice *ret_source) {
    if (packed.len < HEAD_BYTES || packed.ptr[0] != FORM) {
        return HG_EINVAL;
    }
    size_t id_len = get_u32(packed.ptr + 8), source_len = get_u32(packed.ptr + 12);
    if (id_len == 0 || source_len == 0 || id_len + source_len > packed.len - HEAD_BYTES) {
        return HG_EINVAL;
    }
    *ret_id = (struct hg_slice){packed.ptr + HEAD_BYTES, id_len};
    *ret_source = (struct hg_slice){packed.ptr + HEAD_BYTES + id_len, source_len};
    return 0;
}
