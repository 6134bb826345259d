/* SPDX-License-Identifier: Apache-2.0 */
/* attr.c - the rules for names and values. Every attribute of every event
 * passes here, so plain ASCII is looked at sixteen bytes a step. */
#include "event/attr.h"

#include "base/clock.h"
#include "event/bytes16.h"
#include "event/codepoint.h"

const struct hg_slice hg_attr_core_names[HG_CORE_ATTRS] = {
    [HG_ATTR_SPECVERSION] = {"specversion", 11},
    [HG_ATTR_ID] = {"id", 2},
    [HG_ATTR_SOURCE] = {"source", 6},
    [HG_ATTR_TYPE] = {"type", 4},
    [HG_ATTR_SUBJECT] = {"subject", 7},
    [HG_ATTR_TIME] = {"time", 4},
    [HG_ATTR_DATACONTENTTYPE] = {"datacontenttype", 15},
    [HG_ATTR_DATASCHEMA] = {"dataschema", 10},
};

static int is_core(struct hg_slice name, enum hg_core_attr which) {
    return memcmp(name.ptr, hg_attr_core_names[which].ptr, name.len) == 0 ? (int)which : -1;
}

int hg_attr_core(struct hg_slice name) {
    switch (name.len) {
    case 2:
        return is_core(name, HG_ATTR_ID);
    case 4:
        return is_core(name, name.ptr[1] == 'y' ? HG_ATTR_TYPE : HG_ATTR_TIME);
    case 6:
        return is_core(name, HG_ATTR_SOURCE);
    case 7:
        return is_core(name, HG_ATTR_SUBJECT);
    case 10:
        return is_core(name, HG_ATTR_DATASCHEMA);
    case 11:
        return is_core(name, HG_ATTR_SPECVERSION);
    case 15:
        return is_core(name, HG_ATTR_DATACONTENTTYPE);
    default:
        return -1;
    }
}

bool hg_attr_name_is_legal(struct hg_slice name) {
    if (name.len == 0 || name.len > HG_ATTR_NAME_MAX || hg_slice_eq(name, HG_SLICE("data"))) {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) {
            return false;
        }
    }
    return true;
}

/* The length of what is certainly legal at the start: U+0020 to U+007E. */
static size_t skip_plain(struct hg_slice s) {
    size_t i = 0;
    for (; s.len - i >= 16; i += 16) {
        hg_bytes16 v = hg_bytes16_load(s.ptr + i);
        uint64_t odd = hg_bytes16_mask((v < 0x20) | (v == 0x7F));
        if (odd != 0) {
            return i + hg_bytes16_first(odd);
        }
    }
    while (i < s.len && s.ptr[i] >= 0x20 && s.ptr[i] < 0x7F) {
        i++;
    }
    return i;
}

static const char *text_fault(struct hg_slice s) {
    const unsigned char *p = (const unsigned char *)s.ptr + skip_plain(s);
    const unsigned char *end = (const unsigned char *)s.ptr + s.len;
    while (p < end) {
        uint32_t c;
        unsigned n = hg_codepoint_read(p, end, &c);
        if (n == 0) {
            return "is not UTF-8";
        }
        if (c < 0x20 || (c >= 0x7F && c <= 0x9F)) {
            return "has a control character";
        }
        if ((c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF)) {
            return "has a noncharacter of Unicode";
        }
        p += n;
    }
    return NULL;
}

/* As JSON writes an integer, within 32 bits and sign. */
static bool is_canonical_integer(struct hg_slice s) {
    bool is_negative = s.len > 0 && s.ptr[0] == '-';
    size_t digits = s.len - is_negative;
    if (digits == 0 || digits > 10) {
        return false;
    }
    int64_t value = 0;
    for (size_t i = is_negative; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9') {
            return false;
        }
        value = value * 10 + (s.ptr[i] - '0');
    }
    if (s.ptr[is_negative] == '0' && s.len > 1) {
        return false;
    }
    return value <= (is_negative ? -(int64_t)INT32_MIN : (int64_t)INT32_MAX);
}

static const char *core_fault(enum hg_core_attr which, struct hg_slice value) {
    int64_t ignored;
    if (value.len == 0) {
        return "must not be empty";
    }
    if (which == HG_ATTR_SPECVERSION && !hg_slice_eq(value, HG_SLICE("1.0"))) {
        return "must be 1.0";
    }
    if (which == HG_ATTR_TIME && hg_clock_parse(value, &ignored) != 0) {
        return "is not a time as RFC 3339 writes it";
    }
    return NULL;
}

const char *hg_attr_fault(struct hg_slice name, struct hg_slice value, enum hg_attr_type type) {
    if (!hg_attr_name_is_legal(name)) {
        return "is not a legal name: a to z and 0 to 9 only, at most 255, and not \"data\"";
    }
    int core = hg_attr_core(name);
    if (core >= 0 && type != HG_ATTR_STRING) {
        return "must be a string";
    }
    if (type == HG_ATTR_INTEGER) {
        return is_canonical_integer(value) ? NULL : "is not an integer of 32 bits";
    }
    if (type == HG_ATTR_BOOLEAN) {
        bool is_legal =
            hg_slice_eq(value, HG_SLICE("true")) || hg_slice_eq(value, HG_SLICE("false"));
        return is_legal ? NULL : "is not true or false";
    }
    const char *fault = core >= 0 ? core_fault((enum hg_core_attr)core, value) : NULL;
    const char *text = text_fault(value);
    return text != NULL ? text : fault;
}
