/* SPDX-License-Identifier: Apache-2.0 */
/* binary.c - reading HTTP binary mode: attributes from the fields, data from
 * the body.
 *
 * Values are taken as the SDKs send them: raw UTF-8, bare spaces, quotes and
 * percent signs. Strict mode takes only what the binding lets a sender write. */
#include "headgate/codec.h"

#include "base/utf8.h"
#include "event/builder.h"
#include "event/data.h"
#include "event/media.h"
#include "event/trace.h"

struct reader {
    const struct hg_codec_opts *opts;
    struct hg_problem *problem;
    const struct hg_field *fields;
    size_t n_fields;
    struct hg_buf scratch; /* decoded values; reserved once, so slices into it stay */
    struct hg_slice media_type;
    struct hg_slice traceparent; /* empty: none, or not one of use */
    bool has_trace_attr;         /* ce-traceparent or ce-tracestate */
    struct hg_event_builder builder;
};

static int refuse(struct reader *r, struct hg_slice field, const char *fault) {
    int shown = field.len < 60 ? (int)field.len : 60;
    return hg_problem_set(r->problem, 400, "event-invalid", "header %.*s %s.", shown, field.ptr,
                          fault);
}

/* Decoding makes no value longer, and joining adds one byte a field. */
static int reserve_scratch(struct reader *r) {
    size_t need = 0;
    for (size_t i = 0; i < r->n_fields; i++) {
        need += r->fields[i].value.len + 1;
    }
    return r->scratch.cap >= need ? 0 : hg_buf_reserve(&r->scratch, need);
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte of %XX at i, or -1. */
static int percent_byte(struct hg_slice s, size_t i) {
    if (s.len - i < 3) {
        return -1;
    }
    int high = hex_digit(s.ptr[i + 1]), low = hex_digit(s.ptr[i + 2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* One whole quoted string and nothing else. */
static bool is_quoted(struct hg_slice s) {
    if (s.len < 2 || s.ptr[0] != '"') {
        return false;
    }
    size_t i = 1;
    while (i < s.len && s.ptr[i] != '"') {
        i += s.ptr[i] == '\\' ? 2 : 1;
    }
    return i == s.len - 1;
}

/* Both write into room that is reserved, and return what they wrote. */
static struct hg_slice unquote(struct hg_slice s, char *out) {
    char *to = out;
    for (size_t i = 1; i + 1 < s.len; i++) {
        i += s.ptr[i] == '\\';
        *to++ = s.ptr[i];
    }
    return (struct hg_slice){out, (size_t)(to - out)};
}

/* One round; what is no escape stays as it is. out may be s.ptr: writing is
 * never ahead of reading. */
static struct hg_slice percent_decode(struct hg_slice s, char *out) {
    char *to = out;
    for (size_t i = 0; i < s.len; i++) {
        int byte = s.ptr[i] == '%' ? percent_byte(s, i) : -1;
        *to++ = byte >= 0 ? (char)byte : s.ptr[i];
        i += byte >= 0 ? 2 : 0;
    }
    return (struct hg_slice){out, (size_t)(to - out)};
}

/* NULL, or what a sender must not write [CE HTTP binding 3.1.3.2]. */
static const char *strict_fault(struct hg_slice s) {
    bool is_in_quotes = is_quoted(s);
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c == '%' && percent_byte(s, i) < 0) {
            return "has a percent sign without two hex digits";
        }
        if (c < 0x20 || c > 0x7E || (!is_in_quotes && (c == ' ' || c == '"'))) {
            return "has a character that must be percent-encoded";
        }
    }
    return NULL;
}

static int decode_value(struct reader *r, struct hg_slice raw, struct hg_slice *ret) {
    bool has_percent = raw.len > 0 && memchr(raw.ptr, '%', raw.len) != NULL;
    bool has_quotes = is_quoted(raw);
    if (!has_percent && !has_quotes) {
        *ret = raw;
        return 0;
    }
    if (reserve_scratch(r) != 0) {
        return HG_ENOMEM;
    }
    char *out = r->scratch.ptr + r->scratch.len;
    *ret = percent_decode(has_quotes ? unquote(raw, out) : raw, out);
    r->scratch.len += ret->len;
    return 0;
}

/* Characters of a URI-reference [RFC 3986]. */
static bool is_uri(struct hg_slice s) {
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c <= 0x20 || c > 0x7E || strchr("\"<>\\^`{|}", c) != NULL ||
            (c == '%' && percent_byte(s, i) < 0)) {
            return false;
        }
    }
    return true;
}

static int set_attr(struct reader *r, struct hg_slice field, struct hg_slice name,
                    struct hg_slice value) {
    int err = hg_event_builder_set(&r->builder, name, value, HG_ATTR_STRING);
    if (err == HG_E2BIG) {
        return hg_problem_set(r->problem, 400, "event-invalid",
                              "the event has more than 64 extension attributes.");
    }
    if (err == 0) {
        return 0;
    }
    if (!hg_utf8_is_valid(value.ptr, value.len)) {
        return refuse(r, field, "is not UTF-8: percent-encode what is not ASCII");
    }
    const char *fault = hg_event_builder_fault(&r->builder, name, value, HG_ATTR_STRING);
    return refuse(r, field, fault);
}

static int read_attr(struct reader *r, const struct hg_field *f) {
    struct hg_slice name = {f->name.ptr + 3, f->name.len - 3};
    if (hg_slice_eq(name, HG_SLICE("datacontenttype"))) {
        return refuse(r, f->name, "must not be sent: Content-Type says it");
    }
    if (hg_slice_eq(name, HG_SLICE("data"))) {
        return refuse(r, f->name, "must not be sent: the body is the data");
    }
    const char *fault = r->opts->is_strict_headers ? strict_fault(f->value) : NULL;
    if (fault != NULL) {
        return refuse(r, f->name, fault);
    }
    struct hg_slice value;
    int err = decode_value(r, f->value, &value);
    if (err != 0) {
        return err;
    }
    bool is_uri_attr =
        hg_slice_eq(name, HG_SLICE("source")) || hg_slice_eq(name, HG_SLICE("dataschema"));
    if (r->opts->is_strict_headers && is_uri_attr && !is_uri(value)) {
        return refuse(r, f->name, "is not a URI reference");
    }
    r->has_trace_attr = r->has_trace_attr || hg_slice_eq(name, HG_SLICE("traceparent")) ||
                        hg_slice_eq(name, HG_SLICE("tracestate"));
    return set_attr(r, f->name, name, value);
}

static int read_fields(struct reader *r) {
    unsigned n_traceparents = 0;
    for (size_t i = 0; i < r->n_fields; i++) {
        const struct hg_field *f = &r->fields[i];
        int err = 0;
        if (hg_slice_starts(f->name, HG_SLICE("ce-"))) {
            err = read_attr(r, f);
        } else if (hg_slice_eq(f->name, HG_SLICE("content-type"))) {
            err = r->media_type.len > 0 ? refuse(r, f->name, "occurs twice") : 0;
            r->media_type = f->value;
        } else if (hg_slice_eq(f->name, HG_SLICE("traceparent"))) {
            r->traceparent = f->value;
            n_traceparents++;
        }
        if (err != 0) {
            return err;
        }
    }
    if (n_traceparents != 1 || !hg_trace_parent_is_valid(r->traceparent)) {
        r->traceparent.len = 0;
    }
    return r->media_type.len == 0
               ? 0
               : set_attr(r, HG_SLICE("content-type"), HG_SLICE("datacontenttype"), r->media_type);
}

/* The trace of the request becomes the event's, when it names none of its own
 * [CE Distributed tracing extension]. A trace is never a reason to refuse. */
static int read_trace(struct reader *r) {
    if (r->has_trace_attr || r->traceparent.len == 0) {
        return 0;
    }
    if (reserve_scratch(r) != 0) {
        return HG_ENOMEM;
    }
    size_t from = r->scratch.len;
    struct hg_trace_state state = {.out = &r->scratch};
    bool is_whole = true;
    for (size_t i = 0; i < r->n_fields && is_whole; i++) {
        const struct hg_field *f = &r->fields[i];
        is_whole =
            !hg_slice_eq(f->name, HG_SLICE("tracestate")) || hg_trace_state_add(&state, f->value);
    }
    int err =
        hg_event_builder_set(&r->builder, HG_SLICE("traceparent"), r->traceparent, HG_ATTR_STRING);
    if (err == 0 && is_whole && state.n > 0) {
        struct hg_slice joined = {r->scratch.ptr + from, r->scratch.len - from};
        hg_event_builder_set(&r->builder, HG_SLICE("tracestate"), joined, HG_ATTR_STRING);
    }
    return 0;
}

/* Content without a media type is bytes; a media type without content is no
 * data when it is JSON, where nothing is not a value. */
static int read_body(struct reader *r, struct hg_slice body) {
    bool is_json = hg_media_is_json(r->media_type);
    if (body.len == 0 && (is_json || r->media_type.len == 0)) {
        return 0;
    }
    if (is_json) {
        struct hg_json_tape tape = {0};
        const struct hg_json_limits limits = {.depth_max = HG_DATA_DEPTH_MAX};
        size_t at = 0;
        const char *fault = NULL;
        int err = hg_json_scan(&tape, body, &limits, &at);
        if (err == 0 && r->opts->is_strict_data) {
            fault = hg_data_strict_fault(&tape, 0);
        }
        hg_json_tape_fini(&tape);
        if (err != 0 && err != HG_ENOMEM) {
            hg_data_json_problem(r->problem, body, err, at);
            return HG_EINVAL;
        }
        hg_event_builder_data(&r->builder, HG_DATA_JSON, body);
        return fault != NULL ? hg_problem_set(r->problem, 400, "event-invalid", "%s.", fault) : err;
    }
    bool is_text = hg_media_is_text(r->media_type) && hg_media_is_utf8(r->media_type) &&
                   hg_utf8_is_valid(body.ptr, body.len);
    hg_event_builder_data(&r->builder, is_text ? HG_DATA_TEXT : HG_DATA_BINARY, body);
    return 0;
}

int hg_codec_binary(const struct hg_field *fields, size_t n_fields, struct hg_slice body,
                    const struct hg_codec_opts *opts, struct hg_event **ret_event,
                    struct hg_problem *problem) {
    struct reader r;
    r.opts = opts;
    r.problem = problem;
    r.fields = fields;
    r.n_fields = n_fields;
    r.scratch = (struct hg_buf){0};
    r.media_type = r.traceparent = (struct hg_slice){NULL, 0};
    r.has_trace_attr = false;
    hg_event_builder_clear(&r.builder);

    int err = read_fields(&r);
    err = err != 0 ? err : read_trace(&r);
    err = err != 0 ? err : read_body(&r, body);
    if (err == 0) {
        const char *missing;
        err = hg_event_builder_seal(&r.builder, ret_event, &missing);
        if (err == HG_EINVAL) {
            hg_problem_set(problem, 400, "event-invalid", "header ce-%s is missing.", missing);
        }
    }
    hg_buf_fini(&r.scratch);
    return err;
}

int hg_codec_data_kind(struct hg_slice media_type, struct hg_slice body,
                       enum hg_data_kind *ret_kind) {
    static const struct hg_codec_opts lax = {0};
    struct hg_problem ignored = {0};
    struct reader r;
    r.opts = &lax;
    r.problem = &ignored;
    r.media_type = media_type;
    hg_event_builder_clear(&r.builder);
    int err = read_body(&r, body);
    if (err == 0) {
        *ret_kind = r.builder.kind;
    }
    return err;
}
