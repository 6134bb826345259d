/* SPDX-License-Identifier: Apache-2.0 */
/* trace.c - judging traceparent and tracestate. */
#include "event/trace.h"

enum { MEMBERS_MAX = 32, KEY_MAX = 256, VALUE_MAX = 256 };

/* Lower-case hex digits; *ret_is_zero when all of them are 0. */
static bool is_hex(const char *p, size_t n, bool *ret_is_zero) {
    *ret_is_zero = true;
    for (size_t i = 0; i < n; i++) {
        if (!((p[i] >= '0' && p[i] <= '9') || (p[i] >= 'a' && p[i] <= 'f'))) {
            return false;
        }
        *ret_is_zero = *ret_is_zero && p[i] == '0';
    }
    return true;
}

bool hg_trace_parent_is_valid(struct hg_slice t) {
    enum { VERSION = 0, TRACE = 3, PARENT = 36, FLAGS = 53, LEN = 55 };
    bool is_version_0, is_trace_0, is_parent_0, ignored;
    if (t.len < LEN || t.ptr[TRACE - 1] != '-' || t.ptr[PARENT - 1] != '-' ||
        t.ptr[FLAGS - 1] != '-') {
        return false;
    }
    if (!is_hex(t.ptr + VERSION, 2, &is_version_0) || !is_hex(t.ptr + TRACE, 32, &is_trace_0) ||
        !is_hex(t.ptr + PARENT, 16, &is_parent_0) || !is_hex(t.ptr + FLAGS, 2, &ignored)) {
        return false;
    }
    if (is_trace_0 || is_parent_0 || memcmp(t.ptr, "ff", 2) == 0) {
        return false;
    }
    /* A later version may go on after one more dash. */
    return t.len == LEN || (!is_version_0 && t.ptr[LEN] == '-');
}

static bool is_space(char c) {
    return c == ' ' || c == '\t';
}

static struct hg_slice trim(struct hg_slice s) {
    while (s.len > 0 && is_space(s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && is_space(s.ptr[s.len - 1])) {
        s.len--;
    }
    return s;
}

static bool is_key(struct hg_slice key) {
    if (key.len == 0 || key.len > KEY_MAX) {
        return false;
    }
    for (size_t i = 0; i < key.len; i++) {
        char c = key.ptr[i];
        bool is_first = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        bool is_later = c == '_' || c == '-' || c == '*' || c == '/' || c == '@';
        if (!is_first && (i == 0 || !is_later)) {
            return false;
        }
    }
    return true;
}

/* The member was trimmed, so a value does not end in a space. */
static bool is_value(struct hg_slice value) {
    if (value.len == 0 || value.len > VALUE_MAX) {
        return false;
    }
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (c < 0x20 || c > 0x7E || c == '=') {
            return false;
        }
    }
    return true;
}

static bool is_member(struct hg_slice member) {
    const char *equals = memchr(member.ptr, '=', member.len);
    if (equals == NULL) {
        return false;
    }
    size_t key_len = (size_t)(equals - member.ptr);
    struct hg_slice key = {member.ptr, key_len};
    struct hg_slice value = {equals + 1, member.len - key_len - 1};
    return is_key(key) && is_value(value);
}

bool hg_trace_state_add(struct hg_trace_state *state, struct hg_slice field) {
    while (field.len > 0) {
        const char *comma = memchr(field.ptr, ',', field.len);
        size_t len = comma != NULL ? (size_t)(comma - field.ptr) : field.len;
        struct hg_slice member = trim((struct hg_slice){field.ptr, len});
        size_t skip = comma != NULL ? len + 1 : len;
        field = (struct hg_slice){field.ptr + skip, field.len - skip};
        if (member.len == 0) {
            continue;
        }
        if (state->n == MEMBERS_MAX || !is_member(member)) {
            return false;
        }
        if (state->n++ > 0) {
            HG_BUF_LIT(state->out, ",");
        }
        hg_buf_put_slice(state->out, member);
    }
    return true;
}
