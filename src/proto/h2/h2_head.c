/* SPDX-License-Identifier: Apache-2.0 */
/* h2_head.c - see h2_head.h.
 *
 * What the library already refuses (order and number of pseudo fields,
 * connection fields, upper case, lengths that disagree with the data) is not
 * looked at again. */
#include "proto/h2/h2_head.h"

#include "proto/http/authority.h"
#include "proto/http/chars.h"

struct hg_h2_entry {
    uint32_t name, name_len, value, value_len;
};

void hg_h2_block_begin(struct hg_h2_block *b, bool is_trailer) {
    struct hg_buf bytes = b->bytes;
    struct hg_h2_entry *entries = b->entries;
    size_t cap = b->entries_cap;
    *b = (struct hg_h2_block){.entries = entries, .entries_cap = cap, .content_length = -1};
    b->bytes = bytes;
    b->is_trailer = is_trailer;
    hg_buf_clear(&b->bytes);
}

void hg_h2_block_fini(struct hg_h2_block *b) {
    hg_buf_fini(&b->bytes);
    hg_free(b->entries);
    *b = (struct hg_h2_block){.n_entries = 0};
}

/* The first fault stands. */
static void refuse(struct hg_h2_block *b, int status, const char *text) {
    if (b->status == 0) {
        b->status = status;
        b->text = text;
    }
}

static struct hg_slice slice_of(const struct hg_h2_block *b, struct hg_slice_at at) {
    return at.is_there ? (struct hg_slice){b->bytes.ptr + at.at, at.len}
                       : (struct hg_slice){NULL, 0};
}

static struct hg_slice_at keep(struct hg_h2_block *b, struct hg_slice s) {
    struct hg_slice_at at = {b->bytes.len, s.len, true};
    hg_buf_put_slice(&b->bytes, s);
    if (b->bytes.is_failed) {
        refuse(b, 503, "There is no memory for the request.");
    }
    return at;
}

static void add_pseudo(struct hg_h2_block *b, struct hg_slice name, struct hg_slice value) {
    if (hg_slice_eq(name, HG_SLICE(":method"))) {
        b->method = keep(b, value);
    } else if (hg_slice_eq(name, HG_SLICE(":path"))) {
        b->path = keep(b, value);
    } else if (hg_slice_eq(name, HG_SLICE(":scheme"))) {
        b->scheme = keep(b, value);
    } else if (hg_slice_eq(name, HG_SLICE(":authority"))) {
        b->authority = keep(b, value);
    } else if (hg_slice_eq(name, HG_SLICE(":protocol"))) {
        b->protocol = keep(b, value);
    }
}

static bool grow_entries(struct hg_h2_block *b) {
    if (b->n_entries < b->entries_cap) {
        return true;
    }
    size_t cap = b->entries_cap > 0 ? b->entries_cap * 2 : 16;
    struct hg_h2_entry *fresh = hg_try_realloc(b->entries, cap * sizeof(*fresh));
    if (fresh == NULL) {
        refuse(b, 503, "There is no memory for the request.");
        return false;
    }
    b->entries = fresh;
    b->entries_cap = cap;
    return true;
}

/* The library has held it to digits. */
static void note_length(struct hg_h2_block *b, struct hg_slice value) {
    int64_t length = 0;
    for (size_t i = 0; i < value.len; i++) {
        int digit = value.ptr[i] - '0';
        if (digit < 0 || digit > 9 || length > (INT64_MAX - digit) / 10) {
            refuse(b, 400, "Content-Length is not a length.");
            return;
        }
        length = length * 10 + digit;
    }
    b->content_length = length;
}

static void note_field(struct hg_h2_block *b, struct hg_slice name, struct hg_slice value,
                       struct hg_slice_at value_at) {
    if (hg_slice_eq(name, HG_SLICE("content-length"))) {
        note_length(b, value);
    } else if (hg_slice_eq(name, HG_SLICE("host"))) {
        b->n_hosts = (uint8_t)(b->n_hosts < 2 ? b->n_hosts + 1 : 2);
        b->host = value_at;
    } else if (hg_slice_eq(name, HG_SLICE("expect"))) {
        if (b->expects_continue || !hg_slice_ieq(value, HG_SLICE("100-continue"))) {
            refuse(b, 417, "Nothing but 100-continue can be expected, once.");
        }
        b->expects_continue = true;
    } else if (hg_slice_eq(name, HG_SLICE("sec-websocket-version"))) {
        b->n_versions = (uint8_t)(b->n_versions < 2 ? b->n_versions + 1 : 2);
        b->is_version_13 = hg_slice_eq(value, HG_SLICE("13"));
    }
}

static void add_field(struct hg_h2_block *b, struct hg_slice name, struct hg_slice value) {
    /* The library has held the name to lower-case tokens. */
    if (name.len == 0 || memchr(name.ptr, '_', name.len) != NULL) {
        refuse(b, 400, "A field's name holds an underscore, which others read as a hyphen.");
        return;
    }
    if (!grow_entries(b)) {
        return;
    }
    struct hg_slice_at name_at = keep(b, name);
    struct hg_slice_at value_at = keep(b, value);
    b->entries[b->n_entries++] = (struct hg_h2_entry){(uint32_t)name_at.at, (uint32_t)name.len,
                                                      (uint32_t)value_at.at, (uint32_t)value.len};
    note_field(b, name, value, value_at);
}

bool hg_h2_block_add(struct hg_h2_block *b, struct hg_slice name, struct hg_slice value,
                     const struct hg_http_limits *limits) {
    bool is_pseudo = name.len > 0 && name.ptr[0] == ':';
    b->n_fields += is_pseudo ? 0 : 1;
    b->fields_size += name.len + value.len + 32;
    if (b->is_trailer) {
        return b->n_fields <= limits->fields_max && b->fields_size <= limits->head_bytes_max &&
               !hg_slice_eq(name, HG_SLICE("content-length"));
    }
    if (b->status != 0) {
        return true; /* refused anyway: not a byte more is kept */
    }
    bool is_path = hg_slice_eq(name, HG_SLICE(":path"));
    if (is_path && value.len > limits->target_bytes_max) {
        refuse(b, 414, "The target is too long.");
    } else if (b->n_fields > limits->fields_max) {
        refuse(b, 431, "There are too many fields.");
    } else if (!is_path && name.len + value.len > HG_H2_FIELD_BYTES_MAX) {
        refuse(b, 431, "A field is too long.");
    } else if (!is_path && b->fields_size > limits->head_bytes_max + b->path.len) {
        refuse(b, 431, "The fields are too large."); /* the path has a limit of its own */
    } else if (is_pseudo) {
        add_pseudo(b, name, value);
    } else {
        add_field(b, name, value);
    }
    return true;
}

static void check_authority(struct hg_h2_block *b) {
    struct hg_slice authority = slice_of(b, b->authority);
    struct hg_slice host = slice_of(b, b->host);
    if (b->n_hosts > 1 || (!b->authority.is_there && b->n_hosts == 0)) {
        refuse(b, 400, "There must be one :authority or Host.");
    } else if (b->authority.is_there && b->n_hosts == 1 && !hg_slice_ieq(authority, host)) {
        refuse(b, 400, ":authority and Host do not agree.");
    } else if (!hg_authority_is_valid(b->authority.is_there ? authority : host)) {
        refuse(b, 400, ":authority is not a host and port.");
    }
}

static bool is_known_method(struct hg_slice m) {
    return hg_slice_eq(m, HG_SLICE("POST")) || hg_slice_eq(m, HG_SLICE("GET")) ||
           hg_slice_eq(m, HG_SLICE("HEAD")) || hg_slice_eq(m, HG_SLICE("OPTIONS")) ||
           hg_slice_eq(m, HG_SLICE("PUT")) || hg_slice_eq(m, HG_SLICE("DELETE")) ||
           hg_slice_eq(m, HG_SLICE("PATCH")) || hg_slice_eq(m, HG_SLICE("TRACE"));
}

/* RFC 8441: what other protocol may be asked for, and how. */
static void check_websocket(struct hg_h2_block *b, bool is_end_stream) {
    if (!hg_slice_eq(slice_of(b, b->protocol), HG_SLICE("websocket"))) {
        refuse(b, 501, "The protocol is not known.");
    } else if (b->n_versions != 1 || !b->is_version_13) {
        refuse(b, 426, "Only version 13 of WebSocket is spoken.");
    } else if (is_end_stream || b->content_length > 0) {
        refuse(b, 400, "A WebSocket handshake has no body.");
    }
}

static void check_target(struct hg_h2_block *b, struct hg_slice method) {
    struct hg_slice path = slice_of(b, b->path);
    bool is_asterisk = hg_slice_eq(path, HG_SLICE("*")) && hg_slice_eq(method, HG_SLICE("OPTIONS"));
    if (path.len == 0 || (path.ptr[0] != '/' && !is_asterisk)) {
        refuse(b, 400, ":path is not a path.");
    } else if (!hg_http_all(path, HG_HTTP_TARGET)) {
        refuse(b, 400, "The target holds a character that must be encoded.");
    }
}

void hg_h2_block_close(struct hg_h2_block *b, bool is_end_stream) {
    struct hg_slice method = slice_of(b, b->method);
    struct hg_slice scheme = slice_of(b, b->scheme);
    bool is_connect = hg_slice_eq(method, HG_SLICE("CONNECT"));
    if (b->status != 0) {
        return;
    }
    if (is_connect && !b->protocol.is_there) {
        refuse(b, 405, "This is not a proxy.");
        return;
    }
    if (!hg_slice_ieq(scheme, HG_SLICE("https")) && !hg_slice_ieq(scheme, HG_SLICE("http"))) {
        refuse(b, 400, ":scheme is neither http nor https.");
    }
    check_authority(b);
    if (is_connect) {
        check_websocket(b, is_end_stream);
    } else if (!is_known_method(method)) {
        refuse(b, 501, "The method is not known.");
    }
    check_target(b, method);
}

size_t hg_h2_block_settled_size(const struct hg_h2_block *b) {
    return b->n_entries * sizeof(struct hg_field) + b->bytes.len;
}

static struct hg_slice moved(struct hg_slice_at at, const char *bytes) {
    return at.is_there ? (struct hg_slice){bytes + at.at, at.len} : (struct hg_slice){NULL, 0};
}

void hg_h2_block_settle(const struct hg_h2_block *b, bool is_end_stream, void *memory,
                        struct hg_http_head *ret_head) {
    struct hg_field *fields = memory;
    char *bytes = (char *)(fields + b->n_entries);
    if (b->bytes.len > 0) {
        memcpy(bytes, b->bytes.ptr, b->bytes.len);
    }
    for (size_t i = 0; i < b->n_entries; i++) {
        const struct hg_h2_entry *e = &b->entries[i];
        fields[i] =
            (struct hg_field){{bytes + e->name, e->name_len}, {bytes + e->value, e->value_len}};
    }
    bool is_websocket = b->protocol.is_there;
    *ret_head = (struct hg_http_head){
        .method = is_websocket ? HG_SLICE("GET") : moved(b->method, bytes),
        .target = moved(b->path, bytes),
        .authority = moved(b->authority.is_there ? b->authority : b->host, bytes),
        .fields = fields,
        .n_fields = b->n_entries,
        .content_length = is_end_stream || is_websocket ? 0 : b->content_length,
        .has_body = !is_end_stream && !is_websocket,
        .is_h2 = true,
        .is_websocket = is_websocket,
        .expects_continue = b->expects_continue && !is_end_stream && !is_websocket,
    };
}
