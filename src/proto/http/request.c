/* SPDX-License-Identifier: Apache-2.0 */
/* request.c - decoding of path and query; the accessors of request.h. */
#include "proto/http/request.h"

#include "base/utf8.h"
#include "proto/http/chars.h"

/* One %XX at s, which holds n bytes. */
static bool read_escape(const char *s, size_t n, char *ret_byte) {
    if (n < 3 || !hg_http_is(s[1], HG_HTTP_HEX) || !hg_http_is(s[2], HG_HTTP_HEX)) {
        return false;
    }
    *ret_byte = (char)(hg_http_hex(s[1]) << 4 | hg_http_hex(s[2]));
    return true;
}

static bool is_control(char c) {
    return (unsigned char)c < 0x20 || c == 0x7f;
}

/* Decodes into out, which has room for in.len bytes. Slashes that come out of
 * an escape would move the border between segments: refused, not guessed at. */
static int decode_path(struct hg_slice in, char *out, size_t *ret_len) {
    size_t n = 0;
    for (size_t i = 0; i < in.len; i++) {
        char c = in.ptr[i];
        if (c == '%') {
            if (!read_escape(in.ptr + i, in.len - i, &c) || c == '/') {
                return HG_EINVAL;
            }
            i += 2;
        }
        if (is_control(c) || c == '\\') {
            return HG_EINVAL;
        }
        out[n++] = c;
    }
    *ret_len = n;
    return hg_utf8_is_valid(out, n) ? 0 : HG_EINVAL;
}

/* Resolves "." and ".." and joins repeated slashes, in place. path starts with
 * a slash; so does what is left. */
static int resolve_dots(char *path, size_t *len) {
    size_t out = 0;
    size_t i = 0;
    while (i < *len) {
        size_t from = i + 1; /* path[i] is a slash */
        size_t to = from;
        while (to < *len && path[to] != '/') {
            to++;
        }
        struct hg_slice segment = {path + from, to - from};
        bool is_last = to == *len;
        if (hg_slice_eq(segment, HG_SLICE(".."))) {
            if (out == 0) {
                return HG_EINVAL;
            }
            while (path[--out] != '/') {
            }
        } else if (segment.len > 0 && !hg_slice_eq(segment, HG_SLICE("."))) {
            path[out++] = '/';
            memmove(path + out, segment.ptr, segment.len);
            out += segment.len;
            is_last = false;
        }
        if (is_last) { /* what was dropped named a folder */
            path[out++] = '/';
        }
        i = to;
    }
    *len = out;
    return 0;
}

static bool is_plain(struct hg_slice path) {
    for (size_t i = 0; i < path.len; i++) {
        char c = path.ptr[i];
        bool is_after_slash = i > 0 && path.ptr[i - 1] == '/';
        if (c == '%' || c == '\\' || (is_after_slash && (c == '.' || c == '/'))) {
            return false;
        }
    }
    return true;
}

static int set_path(struct hg_request *r, struct hg_slice raw, struct hg_arena *arena) {
    if (is_plain(raw)) {
        r->path = raw;
        return 0;
    }
    char *out = hg_arena_alloc(arena, raw.len);
    size_t len = 0;
    if (out == NULL) {
        return HG_ENOMEM;
    }
    if (decode_path(raw, out, &len) != 0 || resolve_dots(out, &len) != 0) {
        return HG_EINVAL;
    }
    r->path = (struct hg_slice){out, len};
    return 0;
}

/* Decodes one name or value in place: what comes out is never longer. */
static int decode_param(char *text, size_t *len) {
    size_t n = 0;
    for (size_t i = 0; i < *len; i++) {
        char c = text[i];
        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            if (!read_escape(text + i, *len - i, &c) || c == 0) {
                return HG_EINVAL;
            }
            i += 2;
        }
        text[n++] = c;
    }
    *len = n;
    return hg_utf8_is_valid(text, n) ? 0 : HG_EINVAL;
}

static int add_param(struct hg_request *r, char *text, size_t len) {
    char *equals = memchr(text, '=', len);
    size_t name_len = equals != NULL ? (size_t)(equals - text) : len;
    char *value = equals != NULL ? equals + 1 : text + len;
    size_t value_len = len - (size_t)(value - text);
    if (r->n_params == HG_REQUEST_PARAMS_MAX || decode_param(text, &name_len) != 0 ||
        decode_param(value, &value_len) != 0) {
        return HG_EINVAL;
    }
    r->params[r->n_params++] = (struct hg_field){{text, name_len}, {value, value_len}};
    return 0;
}

/* Here and not at the first question: a parameter that cannot be told for
 * want of memory would read as absent, and a filter that is absent widens. */
static int set_query(struct hg_request *r, struct hg_slice raw, struct hg_arena *arena) {
    if (raw.len == 0) {
        return 0;
    }
    struct hg_slice copy = hg_arena_copy(arena, raw);
    size_t n = 1;
    for (size_t i = 0; i < raw.len; i++) {
        n += raw.ptr[i] == '&';
    }
    n = n < HG_REQUEST_PARAMS_MAX ? n : HG_REQUEST_PARAMS_MAX;
    r->params = hg_arena_alloc(arena, n * sizeof(*r->params));
    if (copy.ptr == NULL || r->params == NULL) {
        return HG_ENOMEM;
    }
    char *text = (char *)copy.ptr; /* the arena's, and ours until init returns */
    size_t from = 0;
    for (size_t i = 0; i <= raw.len; i++) {
        if (i < raw.len && text[i] != '&') {
            continue;
        }
        if (i > from && add_param(r, text + from, i - from) != 0) {
            return HG_EINVAL;
        }
        from = i + 1;
    }
    return 0;
}

int hg_request_init(struct hg_request *r, const struct hg_http_head *head, struct hg_arena *arena) {
    struct hg_slice target = head->target;
    const char *mark = target.len > 0 ? memchr(target.ptr, '?', target.len) : NULL;
    struct hg_slice path = {target.ptr, mark != NULL ? (size_t)(mark - target.ptr) : target.len};
    struct hg_slice query = {NULL, 0};
    if (mark != NULL) {
        query = (struct hg_slice){mark + 1, target.len - path.len - 1};
    }
    *r = (struct hg_request){
        .method = head->method, .fields = head->fields, .n_fields = head->n_fields};
    if (head->is_websocket && head->is_h2) {
        r->method = HG_SLICE("CONNECT"); /* as it came: no Upgrade field says it [RFC 8441 5] */
    }
    if (path.len == 0 || (path.ptr[0] != '/' && !hg_slice_eq(target, HG_SLICE("*"))) ||
        !hg_http_all(target, HG_HTTP_TARGET)) {
        return HG_EINVAL;
    }
    int err = set_path(r, path, arena);
    return err != 0 ? err : set_query(r, query, arena);
}

bool hg_request_param_next(const struct hg_request *r, size_t *cursor, struct hg_field *ret_param) {
    if (*cursor >= r->n_params) {
        return false;
    }
    *ret_param = r->params[(*cursor)++];
    return true;
}

struct hg_slice hg_request_method(const struct hg_request *r) {
    return r->method;
}

struct hg_slice hg_request_path(const struct hg_request *r) {
    return r->path;
}

struct hg_slice hg_request_field(const struct hg_request *r, struct hg_slice name) {
    for (size_t i = 0; i < r->n_fields; i++) {
        if (hg_slice_eq(r->fields[i].name, name)) {
            return r->fields[i].value;
        }
    }
    return (struct hg_slice){NULL, 0};
}

const struct hg_field *hg_request_fields(const struct hg_request *r, size_t *ret_n) {
    *ret_n = r->n_fields;
    return r->fields;
}

bool hg_request_param(const struct hg_request *r, struct hg_slice name,
                      struct hg_slice *ret_value) {
    for (size_t i = 0; i < r->n_params; i++) {
        if (hg_slice_eq(r->params[i].name, name)) {
            *ret_value = r->params[i].value;
            return true;
        }
    }
    return false;
}
