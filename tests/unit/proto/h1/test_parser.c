/* SPDX-License-Identifier: Apache-2.0 */
/* test_parser.c - heads, good and bad, each cut at every byte. The letters and
 * numbers are those of the catalogue of attacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "h1_run.h"
#include "tests.h"

struct row {
    const char *name;
    struct hg_slice bytes;
    const char *want;
};

#define ROW(name, bytes, want)                                                                     \
    { name, {bytes, sizeof(bytes) - 1}, want }
#define GET(rest) "GET / HTTP/1.1\r\nHost: h\r\n" rest "\r\n\r\n"

static void expect_rows(const struct row *rows, size_t n) {
    for (size_t i = 0; i < n; i++) {
        h1_run_expect(rows[i].name, rows[i].bytes, rows[i].want);
    }
}

static void legal_heads_are_taken(void **state) {
    (void)state;
    static const struct row rows[] = {
        ROW("plain", GET("Accept: */*"), "GET / host=h ; "),
        ROW("no fields but host", "GET /a?b=c HTTP/1.1\r\nHost: x.example:8443\r\n\r\n",
            "GET /a?b=c host=x.example:8443 ; "),
        ROW("empty line before", "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET / host=h ; "),
        ROW("http/1.0 without host", "GET / HTTP/1.0\r\n\r\n", "GET / host= ; "),
        ROW("a later minor version", "GET / HTTP/1.9\r\nHost: h\r\n\r\n", "GET / host=h ; "),
        ROW("no white space, much white space", GET("a:b\r\nc: \t d \t"), "GET / host=h ; "),
        ROW("empty value", GET("a:"), "GET / host=h ; "),
        ROW("obs-text in a value", GET("a: \x80\xff"), "GET / host=h ; "),
        ROW("ipv6 host", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "GET / host=[::1]:80 ; "),
        ROW("absolute form", "GET http://H/p?q HTTP/1.1\r\nHost: h\r\n\r\n", "GET /p?q host=H ; "),
        ROW("absolute form, no path", "GET https://h HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET / host=h ; "),
        ROW("absolute form of http/1.0", "GET http://h/ HTTP/1.0\r\n\r\n", "GET / host=h ; "),
        ROW("asterisk", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "OPTIONS * host=h ; "),
        ROW("A056 ranges are only fields", GET("Range: bytes=0-,1-,2-"), "GET / host=h ; "),
    };
    expect_rows(rows, HG_COUNT(rows));
}

static void field_names_come_out_in_lower_case(void **state) {
    (void)state;
    struct hg_slice bytes = HG_SLICE(GET("Content-TYPE:  text/plain \r\nX-a: b"));
    struct hg_h1_parser p;
    const char *pos = bytes.ptr;
    hg_h1_parser_init(&p, &h1_run_limits);
    assert_int_equal(hg_h1_parser_feed(&p, &pos, bytes.ptr + bytes.len), HG_H1_HEAD);
    assert_int_equal(p.head.http.n_fields, 3);
    assert_true(hg_slice_eq(p.fields[1].name, HG_SLICE("content-type")));
    assert_true(hg_slice_eq(p.fields[1].value, HG_SLICE("text/plain")));
    assert_true(hg_slice_eq(p.fields[2].name, HG_SLICE("x-a")));
    hg_h1_parser_fini(&p);
}

static void settled_head_lives_in_the_given_memory(void **state) {
    (void)state;
    struct hg_slice bytes = HG_SLICE("PUT /x HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n");
    struct hg_h1_parser *p = malloc(sizeof(*p));
    struct hg_h1_head head;
    const char *pos = bytes.ptr;
    hg_h1_parser_init(p, &h1_run_limits);
    assert_int_equal(hg_h1_parser_feed(p, &pos, bytes.ptr + bytes.len), HG_H1_HEAD);
    size_t size = hg_h1_parser_settled_size(p);
    char *memory = malloc(size);
    hg_h1_parser_settle(p, memory, &head);
    hg_h1_parser_fini(p);
    memset(p, 0xee, sizeof(*p));
    free(p);
    assert_true((const char *)head.http.fields == memory);
    assert_true(head.http.method.ptr > memory && head.http.method.ptr < memory + size);
    assert_true(hg_slice_eq(head.http.method, HG_SLICE("PUT")));
    assert_true(hg_slice_eq(head.http.target, HG_SLICE("/x")));
    assert_true(hg_slice_eq(head.http.authority, HG_SLICE("h")));
    assert_true(hg_slice_eq(head.http.fields[1].name, HG_SLICE("a")));
    assert_true(hg_slice_eq(head.http.fields[1].value, HG_SLICE("b")));
    free(memory);
}

static void hidden_and_broken_fields_are_refused(void **state) {
    (void)state;
    static const struct row rows[] = {
        ROW("A011 space before colon", GET("Transfer-Encoding : chunked"), "fault 400"),
        ROW("A011 leading tab", GET("\tTransfer-Encoding: chunked"), "fault 400"),
        ROW("A011 vertical tab", GET("Transfer-Encoding:\x0b chunked"), "fault 400"),
        ROW("A011 underscore", GET("Transfer_Encoding: chunked"), "fault 400"),
        ROW("A014 obs-fold", GET("a: b\r\n c"), "fault 400"),
        ROW("A014 obs-fold by tab", GET("a: b\r\n\tc"), "fault 400"),
        ROW("A014 space before the first", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", "fault 400"),
        ROW("A015 bare LF in a line", "GET / HTTP/1.1\r\nHost: h\nA: b\r\n\r\n", "fault 400"),
        ROW("A015 bare LF at the end", "GET / HTTP/1.1\r\nHost: h\r\n\nX", "fault 400"),
        ROW("A015 bare LF everywhere", "GET / HTTP/1.1\nHost: h\n\n", "fault 400"),
        ROW("A016 CR in a name", GET("a\rb: c"), "fault 400"),
        ROW("A016 CR in a value", GET("a: b\rc"), "fault 400"),
        ROW("A016 CR CR LF", GET("a: b\r"), "fault 400"),
        ROW("A016 CR and X after the fields", "GET / HTTP/1.1\r\nHost: h\r\n\rX", "fault 400"),
        ROW("A017 NUL in a name", GET("a\0b: c"), "fault 400"),
        ROW("A017 NUL in a value", GET("a: b\0c"), "fault 400"),
        ROW("A017 NUL in the target", "GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n", "fault 400"),
        ROW("A018 empty name", GET(": x"), "fault 400"),
        ROW("A019 no colon", GET("abc"), "fault 400"),
        ROW("A020 0x85 in a name", GET("a\x85: b"), "fault 400"),
        ROW("A020 0xa0 in a name",
            GET("\xa0"
                "a: b"),
            "fault 400"),
        ROW("A020 slash in a name", GET("a/b: c"), "fault 400"),
        ROW("A021 tab before colon", GET("a\t: b"), "fault 400"),
        ROW("DEL in a value", GET("a: \x7f"), "fault 400"),
    };
    expect_rows(rows, HG_COUNT(rows));
}

static void broken_request_lines_are_refused(void **state) {
    (void)state;
    static const struct row rows[] = {
        ROW("A034 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "fault 400"),
        ROW("A036 unknown method", "BREW / HTTP/1.1\r\nHost: h\r\n\r\n", "fault 501"),
        ROW("A036 lower case", "post / HTTP/1.1\r\nHost: h\r\n\r\n", "fault 501"),
        ROW("A036 trace is known", "TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", "TRACE / host=h ; "),
        ROW("A036 connect", "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", "fault 405"),
        ROW("A036 connect with body",
            "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\nContent-Length: 3\r\n\r\nabc", "fault 405"),
        ROW("A037 two spaces", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", "fault 400"),
        ROW("A037 two spaces later", "GET /  HTTP/1.1\r\nHost: h\r\n\r\n", "fault 400"),
        ROW("A037 tab", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", "fault 400"),
        ROW("A037 LF", "GET /\nHTTP/1.1\r\nHost: h\r\n\r\n", "fault 400"),
        ROW("A037 no version", "GET /\r\n\r\n", "fault 400"),
        ROW("A037 1.32", "GET / HTTP/1.32\r\nHost: h\r\n\r\n", "fault 400"),
        ROW("A037 huge", "GET / HTTP/4294967295.255\r\nHost: h\r\n\r\n", "fault 400"),
        ROW("A037 2.0", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", "fault 505"),
        ROW("A037 0.9", "GET / HTTP/0.9\r\nHost: h\r\n\r\n", "fault 505"),
        ROW("A037 lower case", "GET / http/1.1\r\nHost: h\r\n\r\n", "fault 400"),
        ROW("A037 space at the end", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n", "fault 400"),
        ROW("two empty lines", "\r\n\r\nGET / HTTP/1.1\r\n", "fault 400"),
        ROW("A040 fragment", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", "fault 400"),
        ROW("A040 raw 0x80", "GET /\x80 HTTP/1.1\r\nHost: h\r\n\r\n", "fault 400"),
        ROW("no path", "GET a HTTP/1.1\r\nHost: h\r\n\r\n", "fault 400"),
        ROW("asterisk of GET", "GET * HTTP/1.1\r\nHost: h\r\n\r\n", "fault 400"),
        ROW("A044 PROXY", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET / HTTP/1.1\r\n", "fault 400"),
        ROW("a TLS hello", "\x16\x03\x01\x02\x00\x01\r\n", "fault 400"),
    };
    expect_rows(rows, HG_COUNT(rows));
}

static void wrong_hosts_are_refused(void **state) {
    (void)state;
    static const struct row rows[] = {
        ROW("A038 disagrees", "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", "fault 400"),
        ROW("A038 port disagrees", "GET http://a/ HTTP/1.1\r\nHost: a:80\r\n\r\n", "fault 400"),
        ROW("A038 user info", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", "fault 400"),
        ROW("A038 empty", "GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n", "fault 400"),
        ROW("A038 nothing behind", "GET http:// HTTP/1.1\r\nHost: a\r\n\r\n", "fault 400"),
        ROW("A038 other scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "fault 400"),
        ROW("A038 query, no path", "GET http://a?b HTTP/1.1\r\nHost: a\r\n\r\n", "fault 400"),
        ROW("A038 comma", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", "fault 400"),
        ROW("A038 port 0", "GET / HTTP/1.1\r\nHost: a:0\r\n\r\n", "fault 400"),
        ROW("A038 port 70000", "GET / HTTP/1.1\r\nHost: a:70000\r\n\r\n", "fault 400"),
        ROW("A039 none", "GET / HTTP/1.1\r\n\r\n", "fault 400"),
        ROW("A039 empty", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "fault 400"),
        ROW("A039 two", GET("Host: h"), "fault 400"),
        ROW("A039 slash", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "fault 400"),
        ROW("A039 space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "fault 400"),
        ROW("A039 CR", "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", "fault 400"),
        ROW("A039 NUL", "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", "fault 400"),
    };
    expect_rows(rows, HG_COUNT(rows));
}

static void pipeline_ends_at_the_bad_request(void **state) {
    (void)state;
    static const struct row rows[] = {
        ROW("A042",
            GET("A: 1") "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab" GET("B :")
                GET("C: d"),
            "GET / host=h ; POST / host=h ab; fault 400"),
        ROW("unfinished", GET("A: 1") "GET / HTTP/1.1\r\nHo", "GET / host=h ; more"),
    };
    expect_rows(rows, HG_COUNT(rows));
}

/* A head of n fields, each name: value of the given length. */
static void print_head(struct hg_buf *out, size_t target_len, size_t n, size_t value_len) {
    HG_BUF_LIT(out, "GET /");
    for (size_t i = 1; i < target_len; i++) {
        HG_BUF_LIT(out, "t");
    }
    HG_BUF_LIT(out, " HTTP/1.1\r\nHost: h\r\n");
    for (size_t i = 0; i < n; i++) {
        HG_BUF_LIT(out, "x: ");
        for (size_t k = 0; k < value_len; k++) {
            HG_BUF_LIT(out, "v");
        }
        HG_BUF_LIT(out, "\r\n");
    }
    HG_BUF_LIT(out, "\r\n");
}

static void expect_head(size_t target_len, size_t n, size_t value_len, bool is_ok, int status) {
    struct hg_buf out = {0}, want = {0};
    char name[64];
    print_head(&out, target_len, n, value_len);
    if (is_ok) {
        hg_buf_printf(&want, "GET /");
        for (size_t i = 1; i < target_len; i++) {
            HG_BUF_LIT(&want, "t");
        }
        hg_buf_printf(&want, " host=h ; ");
    } else {
        hg_buf_printf(&want, "fault %d", status);
    }
    hg_buf_put(&want, "", 1);
    snprintf(name, sizeof(name), "A046 target %zu, %zu fields of %zu", target_len, n, value_len);
    h1_run_expect(name, hg_buf_slice(&out), want.ptr);
    hg_buf_fini(&out);
    hg_buf_fini(&want);
}

static void limits_are_held_at_their_edge(void **state) {
    (void)state;
    expect_head(1, 99, 1, true, 0); /* and host: 100 */
    expect_head(1, 100, 1, false, 431);
    expect_head(1, 1, 8192 - 3, true, 0);
    expect_head(1, 1, 8192 - 2, false, 431);
    expect_head(8192, 1, 1, true, 0);
    expect_head(8193, 1, 1, false, 414);
    expect_head(9000, 1, 1, false, 414);
    /* 16384 in all: host takes 7 + 32, two lines take 8192 + 32 and the rest */
    expect_head(1, 2, (16384 - 39) / 2 - 32 - 3, true, 0);
    expect_head(1, 3, (16384 - 39) / 3 - 32 - 2, false, 431);
}

static void endless_line_is_refused_without_its_end(void **state) {
    (void)state;
    static char bytes[100000];
    memset(bytes, 'a', sizeof(bytes));
    h1_run_expect("endless request line", (struct hg_slice){bytes, sizeof(bytes)}, "fault 414");
    memcpy(bytes, "GET / HTTP/1.1\r\n", 16);
    h1_run_expect("endless field", (struct hg_slice){bytes, sizeof(bytes)}, "fault 431");
}

/* Bytes that mean something somewhere. */
static void mutate(struct hg_buf *b, unsigned *seed) {
    static const char bytes[] = "\r\n\r\n \t:;,0aA/#%?_\0\x7f\x80\"";
    for (int edits = 1 + rand_r(seed) % 3; edits > 0; edits--) {
        size_t at = (size_t)rand_r(seed) % b->len;
        char c = bytes[(size_t)rand_r(seed) % sizeof(bytes)];
        int kind = rand_r(seed) % 4;
        if (kind == 0) {
            b->ptr[at] = c;
        } else if (kind == 1 && b->len > 2) {
            memmove(b->ptr + at, b->ptr + at + 1, b->len - at - 1);
            b->len--;
        } else if (kind == 2) {
            hg_buf_put(b, &c, 1);
            memmove(b->ptr + at + 1, b->ptr + at, b->len - at - 1);
            b->ptr[at] = c;
        } else { /* a line's worth of it again, at the end */
            size_t n = b->len - at < 30 ? b->len - at : 30;
            char copy[30];
            memcpy(copy, b->ptr + at, n);
            hg_buf_put(b, copy, n);
        }
    }
}

static void mutated_requests_have_one_verdict(void **state) {
    (void)state;
    const struct hg_slice counted =
        HG_SLICE("POST /a?b=c HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
    const struct hg_slice chunked = HG_SLICE(
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n"
        "0\r\nt: u\r\n\r\n");
    const struct hg_slice websocket =
        HG_SLICE("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Version: 13\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    const struct hg_slice absolute =
        HG_SLICE("GET http://h/x HTTP/1.0\r\nHost: h\r\nExpect: 100-continue\r\n\r\n");
    const struct hg_slice all[] = {counted, chunked, websocket, absolute};
    unsigned seed = 20261122;
    for (int i = 0; i < 60; i++) {
        struct hg_buf b = {0};
        hg_buf_put_slice(&b, all[i % 4]);
        hg_buf_put_slice(&b, all[(i / 4) % 4]);
        mutate(&b, &seed);
        char want[4096];
        snprintf(want, sizeof(want), "%s", h1_run_whole(hg_buf_slice(&b)));
        h1_run_expect("a mutation", hg_buf_slice(&b), want);
        hg_buf_fini(&b);
    }
}

int test_parser(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(legal_heads_are_taken),
        cmocka_unit_test(field_names_come_out_in_lower_case),
        cmocka_unit_test(settled_head_lives_in_the_given_memory),
        cmocka_unit_test(hidden_and_broken_fields_are_refused),
        cmocka_unit_test(broken_request_lines_are_refused),
        cmocka_unit_test(wrong_hosts_are_refused),
        cmocka_unit_test(pipeline_ends_at_the_bad_request),
        cmocka_unit_test(limits_are_held_at_their_edge),
        cmocka_unit_test(endless_line_is_refused_without_its_end),
        cmocka_unit_test(mutated_requests_have_one_verdict),
    };
    return cmocka_run_group_tests_name("proto/h1/parser", tests, NULL, NULL);
}
