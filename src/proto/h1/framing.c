/* SPDX-License-Identifier: Apache-2.0 */
/* framing.c - the rules of RFC 9112 6 and 9110 7 to 10, without leniency. */
#include "proto/h1/framing.h"

#include "base/base64.h"
#include "proto/http/authority.h"
#include "proto/http/chars.h"

static bool fail(struct hg_h1_framing *f, int status, const char *text) {
    f->fault = (struct hg_h1_fault){status, text};
    return false;
}

/* Counts up to two: more than one is all that anybody asks. */
static void count(uint8_t *n) {
    *n = (uint8_t)(*n < 2 ? *n + 1 : 2);
}

static bool note_length(struct hg_h1_framing *f, struct hg_slice value) {
    int64_t length = 0;
    count(&f->n_lengths);
    if (f->n_lengths > 1) {
        return fail(f, 400, "There is more than one Content-Length.");
    }
    if (value.len == 0 || value.len > 19) {
        return fail(f, 400, "Content-Length is not a length.");
    }
    for (size_t i = 0; i < value.len; i++) {
        int digit = value.ptr[i] - '0';
        if (digit < 0 || digit > 9 || length > (INT64_MAX - digit) / 10) {
            return fail(f, 400, "Content-Length is not a length.");
        }
        length = length * 10 + digit;
    }
    f->content_length = length;
    return true;
}

static bool is_known_coding(struct hg_slice name) {
    static const char *const codings[] = {"gzip",       "x-gzip",   "deflate", "compress",
                                          "x-compress", "identity", "br",      "zstd"};
    for (size_t i = 0; i < HG_COUNT(codings); i++) {
        if (hg_slice_ieq(name, hg_slice_of(codings[i]))) {
            return true;
        }
    }
    return false;
}

/* chunked alone is taken. A list of codings that we know of and do not undo
 * is 501; whatever could be read as chunked by one and not by another is 400. */
static bool note_coding(struct hg_h1_framing *f, struct hg_slice value) {
    bool has_chunked = false, has_other = false;
    count(&f->n_codings);
    if (f->n_codings > 1) {
        return fail(f, 400, "There is more than one Transfer-Encoding.");
    }
    for (size_t i = 0; i <= value.len; i++) {
        size_t from = i;
        while (i < value.len && value.ptr[i] != ',') {
            i++;
        }
        struct hg_slice name = hg_slice_trim((struct hg_slice){value.ptr + from, i - from});
        bool is_chunked = hg_slice_ieq(name, HG_SLICE("chunked"));
        if (has_chunked || (!is_chunked && !is_known_coding(name))) {
            return fail(f, 400, "Transfer-Encoding is not a list of codings that ends in chunked.");
        }
        has_chunked = is_chunked;
        has_other = has_other || !is_chunked;
    }
    if (has_other) {
        f->coding = (struct hg_h1_fault){501, "No transfer coding but chunked is known."};
    }
    f->is_chunked = has_chunked;
    return true;
}

static bool note_expect(struct hg_h1_framing *f, struct hg_slice value) {
    count(&f->n_expects);
    if (f->n_expects > 1 || !hg_slice_ieq(value, HG_SLICE("100-continue"))) {
        return fail(f, 417, "Nothing but 100-continue can be expected, once.");
    }
    f->expects_continue = true;
    return true;
}

static void note_connection(struct hg_h1_framing *f, struct hg_slice value) {
    f->wants_close = f->wants_close || hg_http_has_token(value, HG_SLICE("close"));
    f->wants_keep_alive = f->wants_keep_alive || hg_http_has_token(value, HG_SLICE("keep-alive"));
    f->wants_upgrade = f->wants_upgrade || hg_http_has_token(value, HG_SLICE("upgrade"));
}

static void note_upgrade(struct hg_h1_framing *f, struct hg_slice value) {
    count(&f->n_upgrades);
    f->is_websocket = f->n_upgrades == 1 && hg_slice_ieq(value, HG_SLICE("websocket"));
}

bool hg_h1_framing_note(struct hg_h1_framing *f, const struct hg_field *field) {
    struct hg_slice name = field->name;
    switch (name.len) {
    case 4:
        if (hg_slice_eq(name, HG_SLICE("host"))) {
            count(&f->n_hosts);
            f->host = field->value;
        }
        return true;
    case 6:
        return hg_slice_eq(name, HG_SLICE("expect")) ? note_expect(f, field->value) : true;
    case 7:
        if (hg_slice_eq(name, HG_SLICE("upgrade"))) {
            note_upgrade(f, field->value);
        }
        return true;
    case 10:
        if (hg_slice_eq(name, HG_SLICE("connection"))) {
            note_connection(f, field->value);
        }
        return true;
    case 14:
        return hg_slice_eq(name, HG_SLICE("content-length")) ? note_length(f, field->value) : true;
    case 17:
        if (hg_slice_eq(name, HG_SLICE("sec-websocket-key"))) {
            count(&f->n_keys);
            f->websocket_key = field->value;
            return true;
        }
        return hg_slice_eq(name, HG_SLICE("transfer-encoding")) ? note_coding(f, field->value)
                                                                : true;
    case 21:
        if (hg_slice_eq(name, HG_SLICE("sec-websocket-version"))) {
            count(&f->n_versions);
            f->is_version_13 = hg_slice_eq(field->value, HG_SLICE("13"));
        }
        return true;
    default:
        return true;
    }
}

static bool close_body(struct hg_h1_framing *f, struct hg_h1_head *head) {
    if (f->n_codings > 0 && head->is_http10) {
        return fail(f, 400, "HTTP/1.0 has no Transfer-Encoding.");
    }
    if (f->n_codings > 0 && f->n_lengths > 0) {
        return fail(f, 400, "Content-Length and Transfer-Encoding exclude each other.");
    }
    if (f->coding.status != 0) {
        f->fault = f->coding;
        return false;
    }
    head->is_chunked = f->is_chunked;
    head->http.content_length = f->n_lengths > 0 ? f->content_length : f->is_chunked ? -1 : 0;
    head->http.has_body = head->http.content_length != 0;
    head->http.expects_continue = f->expects_continue && head->http.has_body && !head->is_http10;
    return true;
}

static bool close_host(struct hg_h1_framing *f, struct hg_h1_head *head) {
    if (f->n_hosts > 1 || (f->n_hosts == 0 && !head->is_http10)) {
        return fail(f, 400, "There must be one Host.");
    }
    if (f->n_hosts == 1 && !hg_authority_is_valid(f->host)) {
        return fail(f, 400, "Host is not a host and port.");
    }
    head->http.authority = f->host;
    return true;
}

static bool is_key(struct hg_slice text) {
    unsigned char bytes[18];
    size_t n = 0;
    return text.len == 24 && hg_base64_decode(text, bytes, &n) == 0 && n == 16;
}

/* RFC 6455 4.2.1. Who asks for WebSocket and asks for it wrongly is told so:
 * taken for a plain request, it would get an answer that it cannot read. */
static bool close_upgrade(struct hg_h1_framing *f, struct hg_h1_head *head) {
    if (!f->is_websocket || !f->wants_upgrade || head->is_http10) {
        return true;
    }
    if (!hg_slice_eq(head->http.method, HG_SLICE("GET")) || head->http.has_body) {
        return fail(f, 400, "A WebSocket handshake is a GET without a body.");
    }
    if (f->n_versions != 1 || !f->is_version_13) {
        return fail(f, 426, "Only version 13 of WebSocket is spoken.");
    }
    if (f->n_keys != 1 || !is_key(f->websocket_key)) {
        return fail(f, 400, "Sec-WebSocket-Key is not 16 bytes in base64.");
    }
    head->http.is_websocket = true;
    head->http.websocket_key = f->websocket_key;
    return true;
}

bool hg_h1_framing_close(struct hg_h1_framing *f, struct hg_h1_head *head) {
    head->is_last = f->wants_close || (head->is_http10 && !f->wants_keep_alive);
    return close_body(f, head) && close_host(f, head) && close_upgrade(f, head);
}
