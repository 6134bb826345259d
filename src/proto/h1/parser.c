/* SPDX-License-Identifier: Apache-2.0 */
/* parser.c - lines of a head, one after the other:
 *
 *   BEFORE -(take_request_line)-> FIELDS -(take_field)-> FIELDS -(close_head)-> WHOLE
 *      \------------------\------------------\---- fail ----> FAILED
 *
 * A line is copied, found whole, and only then read; the limits and stray CR
 * and LF are looked at in the order of the bytes, so that a cut anywhere gives
 * the same verdict. */
#include "proto/h1/parser.h"

#include "proto/http/authority.h"
#include "proto/http/chars.h"

enum state { BEFORE, FIELDS, WHOLE, FAILED };

enum {
    REQUEST_LINE_EXTRA = 64, /* what a request line may hold besides its target */
    STEP_BYTES = 4096,       /* copied before the limits are looked at again */
};

void hg_h1_parser_init(struct hg_h1_parser *p, const struct hg_http_limits *limits) {
    memset(p, 0, offsetof(struct hg_h1_parser, first_fields));
    p->limits = limits;
    p->bytes = p->first_bytes;
    p->bytes_cap = HG_H1_FIRST_BYTES;
    p->fields = p->first_fields;
    p->fields_cap = HG_H1_FIRST_FIELDS;
}

void hg_h1_parser_fini(struct hg_h1_parser *p) {
    if (p->bytes != p->first_bytes) {
        hg_free(p->bytes);
    }
    if (p->fields != p->first_fields) {
        hg_free(p->fields);
    }
    p->bytes = NULL;
    p->fields = NULL;
}

/* Slices into the n bytes at old point to the same place at fresh; others,
 * such as constants, stay. */
static void rebase(struct hg_slice *s, const char *old, size_t n, const char *fresh) {
    if (s->ptr >= old && s->ptr < old + n) {
        s->ptr = fresh + (s->ptr - old);
    }
}

static void rebase_head(struct hg_http_head *h, const char *old, size_t n, const char *fresh) {
    rebase(&h->method, old, n, fresh);
    rebase(&h->target, old, n, fresh);
    rebase(&h->authority, old, n, fresh);
    rebase(&h->websocket_key, old, n, fresh);
}

static void rebase_fields(struct hg_field *fields, size_t n_fields, const char *old, size_t n,
                          const char *fresh) {
    for (size_t i = 0; i < n_fields; i++) {
        rebase(&fields[i].name, old, n, fresh);
        rebase(&fields[i].value, old, n, fresh);
    }
}

static void rebase_all(struct hg_h1_parser *p, const char *old, const char *fresh) {
    rebase_head(&p->head.http, old, p->n_bytes, fresh);
    rebase(&p->framing.host, old, p->n_bytes, fresh);
    rebase(&p->framing.websocket_key, old, p->n_bytes, fresh);
    rebase_fields(p->fields, p->n_fields, old, p->n_bytes, fresh);
}

void hg_h1_parser_move(struct hg_h1_parser *to, struct hg_h1_parser *from) {
    memcpy(to, from, sizeof(*to));
    if (from->fields == from->first_fields) {
        to->fields = to->first_fields;
    }
    if (from->bytes == from->first_bytes) {
        to->bytes = to->first_bytes;
        rebase_all(to, from->bytes, to->bytes);
    }
}

struct hg_http_head hg_h1_parser_head(const struct hg_h1_parser *p) {
    struct hg_http_head head = p->head.http;
    head.fields = p->fields;
    head.n_fields = p->n_fields;
    return head;
}

size_t hg_h1_parser_settled_size(const struct hg_h1_parser *p) {
    return p->n_fields * sizeof(struct hg_field) + p->n_bytes;
}

void hg_h1_parser_settle(const struct hg_h1_parser *p, void *memory, struct hg_h1_head *ret_head) {
    struct hg_field *fields = memory;
    char *bytes = (char *)memory + p->n_fields * sizeof(*fields);
    memcpy(fields, p->fields, p->n_fields * sizeof(*fields));
    memcpy(bytes, p->bytes, p->n_bytes);
    rebase_fields(fields, p->n_fields, p->bytes, p->n_bytes, bytes);
    *ret_head = p->head;
    rebase_head(&ret_head->http, p->bytes, p->n_bytes, bytes);
    ret_head->http.fields = fields;
}

static bool fail(struct hg_h1_parser *p, int status, const char *text) {
    p->fault = (struct hg_h1_fault){status, text};
    return false;
}

static bool append(struct hg_h1_parser *p, const char *bytes, size_t n) {
    if (p->n_bytes + n > p->bytes_cap) {
        size_t cap = (p->n_bytes + n) * 2;
        char *fresh = hg_try_alloc(cap);
        if (fresh == NULL) {
            return fail(p, 503, "There is no memory for the request.");
        }
        memcpy(fresh, p->bytes, p->n_bytes);
        rebase_all(p, p->bytes, fresh);
        if (p->bytes != p->first_bytes) {
            hg_free(p->bytes);
        }
        p->bytes = fresh;
        p->bytes_cap = cap;
    }
    memcpy(p->bytes + p->n_bytes, bytes, n);
    p->n_bytes += n;
    return true;
}

static bool append_field(struct hg_h1_parser *p, const struct hg_field *field) {
    if (p->n_fields == p->fields_cap) {
        size_t cap = p->fields_cap * 2;
        struct hg_field *fresh = hg_try_alloc(cap * sizeof(*fresh));
        if (fresh == NULL) {
            return fail(p, 503, "There is no memory for the request.");
        }
        memcpy(fresh, p->fields, p->n_fields * sizeof(*fresh));
        if (p->fields != p->first_fields) {
            hg_free(p->fields);
        }
        p->fields = fresh;
        p->fields_cap = cap;
    }
    p->fields[p->n_fields++] = *field;
    return true;
}

/* text_len bytes of the current line are text; more may follow. */
static bool check_size(struct hg_h1_parser *p, size_t text_len) {
    if (p->state == BEFORE) {
        return text_len <= p->limits->target_bytes_max + REQUEST_LINE_EXTRA ||
               fail(p, 414, "The request line is too long.");
    }
    if (text_len > HG_H1_LINE_MAX) {
        return fail(p, 431, "A field is too long.");
    }
    return text_len == 0 || p->fields_size + text_len + 32 <= p->limits->head_bytes_max ||
           fail(p, 431, "The fields are too large.");
}

/* Looks at what was appended to the current line. A CR stands only before the
 * LF that ends the line, and no line ends without it. */
static bool check_line(struct hg_h1_parser *p, bool is_ended) {
    const char *line = p->bytes + p->line_from;
    size_t n = p->n_bytes - p->line_from - (is_ended ? 1 : 0);
    const char *cr = memchr(line + p->looked, '\r', n - p->looked);
    size_t text_len = cr != NULL ? (size_t)(cr - line) : n;
    if (!check_size(p, text_len)) {
        return false;
    }
    if (cr != NULL && text_len + 1 < n) {
        return fail(p, 400, "There is a CR that does not end a line.");
    }
    if (cr == NULL && is_ended) {
        return fail(p, 400, "A line ends without CR.");
    }
    p->looked = text_len;
    return true;
}

static bool is_known_method(struct hg_slice m) {
    static const char *const known[] = {"POST",   "GET",   "HEAD",    "OPTIONS", "PUT",
                                        "DELETE", "PATCH", "CONNECT", "TRACE"};
    for (size_t i = 0; i < HG_COUNT(known); i++) {
        if (hg_slice_eq(m, hg_slice_of(known[i]))) {
            return true;
        }
    }
    return false;
}

static bool take_version(struct hg_h1_parser *p, struct hg_slice text) {
    if (text.len != 8 || !hg_slice_starts(text, HG_SLICE("HTTP/")) || text.ptr[5] < '0' ||
        text.ptr[5] > '9' || text.ptr[6] != '.' || text.ptr[7] < '0' || text.ptr[7] > '9') {
        return fail(p, 400, "The request line does not end in a version of HTTP.");
    }
    if (text.ptr[5] != '1') {
        return fail(p, 505, "HTTP/1.1 and HTTP/2 are spoken here.");
    }
    p->head.is_http10 = text.ptr[7] == '0';
    return true;
}

static bool take_request_line(struct hg_h1_parser *p, struct hg_slice line) {
    const char *end = line.ptr + line.len;
    const char *first = memchr(line.ptr, ' ', line.len);
    const char *second = first != NULL ? memchr(first + 1, ' ', (size_t)(end - first - 1)) : NULL;
    if (second == NULL) {
        return fail(p, 400, "The request line is not method, target and version.");
    }
    struct hg_slice method = {line.ptr, (size_t)(first - line.ptr)};
    struct hg_slice target = {first + 1, (size_t)(second - first - 1)};
    if (method.len == 0 || !hg_http_all(method, HG_HTTP_TOKEN) ||
        hg_slice_eq(method, HG_SLICE("PRI"))) {
        return fail(p, 400, "The request line does not start with a method.");
    }
    if (target.len > p->limits->target_bytes_max) {
        return fail(p, 414, "The target is too long.");
    }
    if (target.len == 0 || !hg_http_all(target, HG_HTTP_TARGET)) {
        return fail(p, 400, "The target holds a character that must be encoded.");
    }
    p->head.http.method = method;
    p->head.http.target = target;
    p->state = FIELDS;
    return take_version(p, (struct hg_slice){second + 1, (size_t)(end - second - 1)});
}

/* Writes the name in lower case where it stands. */
static bool take_field(struct hg_h1_parser *p, struct hg_slice line) {
    char *text = p->bytes + p->line_from;
    size_t n = 0;
    while (n < line.len && hg_http_is(text[n], HG_HTTP_NAME)) {
        text[n] = (char)(text[n] >= 'A' && text[n] <= 'Z' ? text[n] | 0x20 : text[n]);
        n++;
    }
    if (n == 0 || n == line.len || text[n] != ':') {
        return fail(p, 400, "A field does not start with a name and a colon.");
    }
    struct hg_slice value = {text + n + 1, line.len - n - 1};
    if (!hg_http_all(value, HG_HTTP_VALUE)) {
        return fail(p, 400, "A field's value holds a control character.");
    }
    p->fields_size += line.len + 32;
    if (p->n_fields >= p->limits->fields_max) {
        return fail(p, 431, "There are too many fields.");
    }
    struct hg_field field = {{text, n}, hg_slice_trim(value)};
    if (!hg_h1_framing_note(&p->framing, &field)) {
        p->fault = p->framing.fault;
        return false;
    }
    return append_field(p, &field);
}

/* An absolute target must name the host that Host names; from then on only its
 * path counts (RFC 9112 3.2.2). */
static bool take_absolute(struct hg_h1_parser *p, size_t scheme_len) {
    struct hg_http_head *h = &p->head.http;
    size_t at = scheme_len;
    while (at < h->target.len && h->target.ptr[at] != '/' && h->target.ptr[at] != '?') {
        at++;
    }
    struct hg_slice authority = {h->target.ptr + scheme_len, at - scheme_len};
    if (!hg_authority_is_valid(authority) ||
        (h->authority.len > 0 && !hg_slice_ieq(authority, h->authority))) {
        return fail(p, 400, "The target and Host do not agree.");
    }
    if (at < h->target.len && h->target.ptr[at] == '?') {
        return fail(p, 400, "The target has no path.");
    }
    h->authority = authority;
    h->target = at == h->target.len ? HG_SLICE("/")
                                    : (struct hg_slice){h->target.ptr + at, h->target.len - at};
    return true;
}

static bool take_target(struct hg_h1_parser *p) {
    struct hg_http_head *h = &p->head.http;
    if (hg_slice_eq(h->method, HG_SLICE("CONNECT"))) {
        return fail(p, 405, "This is not a proxy.");
    }
    if (!is_known_method(h->method)) {
        return fail(p, 501, "The method is not known.");
    }
    if (h->target.ptr[0] == '/' ||
        (hg_slice_eq(h->target, HG_SLICE("*")) && hg_slice_eq(h->method, HG_SLICE("OPTIONS")))) {
        return true;
    }
    if (h->target.len > 7 &&
        hg_slice_ieq((struct hg_slice){h->target.ptr, 7}, HG_SLICE("http://"))) {
        return take_absolute(p, 7);
    }
    if (h->target.len > 8 &&
        hg_slice_ieq((struct hg_slice){h->target.ptr, 8}, HG_SLICE("https://"))) {
        return take_absolute(p, 8);
    }
    return fail(p, 400, "The target is not a path.");
}

static bool close_head(struct hg_h1_parser *p) {
    if (!hg_h1_framing_close(&p->framing, &p->head)) {
        p->fault = p->framing.fault;
        return false;
    }
    p->head.http.fields = p->fields;
    p->head.http.n_fields = p->n_fields;
    p->state = WHOLE;
    return take_target(p);
}

static bool take_line(struct hg_h1_parser *p) {
    struct hg_slice line = {p->bytes + p->line_from, p->n_bytes - p->line_from - 2};
    bool is_ok = true;
    if (p->state == BEFORE) {
        /* One empty line before a request is forgiven (RFC 9112 2.2): old
         * clients send it behind a body. */
        is_ok = (line.len == 0 && p->line_from == 0) || take_request_line(p, line);
    } else {
        is_ok = line.len == 0 ? close_head(p) : take_field(p, line);
    }
    p->line_from = p->n_bytes;
    p->looked = 0;
    return is_ok;
}

enum hg_h1_step hg_h1_parser_feed(struct hg_h1_parser *p, const char **pos, const char *end) {
    while (p->state < WHOLE && *pos < end) {
        const char *lf = memchr(*pos, '\n', (size_t)(end - *pos));
        size_t n = lf != NULL ? (size_t)(lf + 1 - *pos) : (size_t)(end - *pos);
        if (n > STEP_BYTES) {
            n = STEP_BYTES;
            lf = NULL;
        }
        bool is_ok = append(p, *pos, n);
        *pos += n;
        is_ok = is_ok && check_line(p, lf != NULL) && (lf == NULL || take_line(p));
        if (!is_ok) {
            p->state = FAILED;
        }
    }
    return p->state == FAILED ? HG_H1_FAULT : p->state == WHOLE ? HG_H1_HEAD : HG_H1_MORE;
}
