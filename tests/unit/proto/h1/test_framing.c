/* SPDX-License-Identifier: Apache-2.0 */
/* test_framing.c - lengths, codings, expectations and upgrades. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

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
#define POST(fields, body) "POST / HTTP/1.1\r\nHost: h\r\n" fields "\r\n" body
#define WS(fields)                                                                                 \
    "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" fields "\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define V13 "Sec-WebSocket-Version: 13\r\n"

static void expect_rows(const struct row *rows, size_t n) {
    for (size_t i = 0; i < n; i++) {
        h1_run_expect(rows[i].name, rows[i].bytes, rows[i].want);
    }
}

static void lengths_are_plain_decimals(void **state) {
    (void)state;
    static const struct row rows[] = {
        ROW("plain", POST("Content-Length: 5\r\n", "hello"), "POST / host=h hello; "),
        ROW("zero", POST("Content-Length: 0\r\n", ""), "POST / host=h ; "),
        ROW("A002", POST("Content-Length: 5\r\nContent-Length: 6\r\n", "hello"), "fault 400"),
        ROW("A003 equal", POST("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), "fault 400"),
        ROW("A003 list", POST("Content-Length: 5, 5\r\n", "hello"), "fault 400"),
        ROW("A004 empty", POST("Content-Length:\r\n", "hello"), "fault 400"),
        ROW("A004 empty first", POST("Content-Length:\r\nContent-Length: 5\r\n", "hello"),
            "fault 400"),
        ROW("A005 plus", POST("Content-Length: +5\r\n", "hello"), "fault 400"),
        ROW("A005 minus", POST("Content-Length: -48\r\n", "hello"), "fault 400"),
        ROW("A005 hex", POST("Content-Length: 0x10\r\n", "hello"), "fault 400"),
        ROW("A005 underscore", POST("Content-Length: 1_0\r\n", "hello"), "fault 400"),
        ROW("A005 space", POST("Content-Length: 5 5\r\n", "hello"), "fault 400"),
        ROW("A005 letter", POST("Content-Length: 1Z\r\n", "hello"), "fault 400"),
        ROW("A005 point", POST("Content-Length: 5.0\r\n", "hello"), "fault 400"),
        ROW("A005 full width", POST("Content-Length: \xef\xbc\x95\r\n", "hello"), "fault 400"),
        ROW("A006 not octal", POST("Content-Length: 010\r\n", "0123456789"),
            "POST / host=h 0123456789; "),
        ROW("A007 2^63", POST("Content-Length: 9223372036854775808\r\n", "x"), "fault 400"),
        ROW("A007 2^64", POST("Content-Length: 18446744073709551616\r\n", "x"), "fault 400"),
        ROW("A007 2^64+5", POST("Content-Length: 18446744073709551621\r\n", "hello"), "fault 400"),
        ROW("A007 40 digits",
            POST("Content-Length: 0000000000000000000000000000000000000005\r\n", "hello"),
            "fault 400"),
    };
    expect_rows(rows, HG_COUNT(rows));
}

static void the_largest_length_is_taken(void **state) {
    (void)state;
    const char *told = h1_run_whole(HG_SLICE(POST("Content-Length: 9223372036854775807\r\n", "x")));
    assert_string_equal(told, "POST / host=h x");
}

static void only_chunked_alone_is_a_coding(void **state) {
    (void)state;
    static const struct row rows[] = {
        ROW("A001", POST("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
            "fault 400"),
        ROW("A001 other order",
            POST("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), "fault 400"),
        ROW("A008 gzip", POST("Transfer-Encoding: gzip\r\n", "x"), "fault 501"),
        ROW("A008 identity", POST("Transfer-Encoding: identity\r\n", "x"), "fault 501"),
        ROW("A008 both", POST("Transfer-Encoding: gzip, chunked\r\n", "x"), "fault 501"),
        ROW("A009 comma first", POST("Transfer-Encoding: ,chunked\r\n", "x"), "fault 400"),
        ROW("A009 comma last", POST("Transfer-Encoding: chunked,\r\n", "x"), "fault 400"),
        ROW("A009 twice", POST("Transfer-Encoding: chunked, chunked\r\n", "x"), "fault 400"),
        ROW("A009 not last", POST("Transfer-Encoding: chunked, gzip\r\n", "x"), "fault 400"),
        ROW("A009 x", POST("Transfer-Encoding: xchunked\r\n", "x"), "fault 400"),
        ROW("A009 quoted", POST("Transfer-Encoding: \"chunked\"\r\n", "x"), "fault 400"),
        ROW("A009 parameter", POST("Transfer-Encoding: chunked;q=1\r\n", "x"), "fault 400"),
        ROW("A009 empty", POST("Transfer-Encoding:\r\n", "x"), "fault 400"),
        ROW("A010", POST("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "x"),
            "fault 400"),
        ROW("A010 first known",
            POST("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", ""), "fault 400"),
        ROW("A012", "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "fault 400"),
        ROW("A013", POST("TRANSFER-ENCODING: ChUnKeD\r\n", "2\r\nok\r\n0\r\n\r\n"),
            "POST / host=h ok; "),
        ROW("length and a coding not known",
            POST("Content-Length: 5\r\nTransfer-Encoding: gzip\r\n", ""), "fault 400"),
    };
    expect_rows(rows, HG_COUNT(rows));
}

static void expectations_are_one_or_refused(void **state) {
    (void)state;
    static const struct row rows[] = {
        ROW("A032", POST("Expect: 100-Continue\r\nContent-Length: 2\r\n", "ok"),
            "POST / host=h continue ok; "),
        ROW("A032 other", POST("Expect: y 100-continue\r\nContent-Length: 2\r\n", "ok"),
            "fault 417"),
        ROW("A032 list", POST("Expect: 100-continue, x\r\n", ""), "fault 417"),
        ROW("A032 two", POST("Expect: 100-continue\r\nExpect: 100-continue\r\n", ""), "fault 417"),
        ROW("without a body", POST("Expect: 100-continue\r\n", ""), "POST / host=h ; "),
        ROW("of http/1.0", "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok",
            "POST / host= ok; "),
    };
    expect_rows(rows, HG_COUNT(rows));
}

static void upgrades_are_websocket_or_nothing(void **state) {
    (void)state;
    static const struct row rows[] = {
        ROW("handshake", WS(KEY V13), "GET / host=h websocket ; "),
        ROW("among other tokens",
            "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: WebSocket\r\nConnection: keep-alive, "
            "upgrade\r\n" KEY V13 "\r\n",
            "GET / host=h websocket ; "),
        ROW("A033 h2c",
            "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n"
            "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
            "GET / host=h ; "),
        ROW("A033 h2c and websocket",
            "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c, websocket\r\nConnection: Upgrade\r\n" KEY
                V13 "\r\n",
            "GET / host=h ; "),
        ROW("Upgrade without Connection",
            "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n" KEY V13 "\r\n",
            "GET / host=h ; "),
        ROW("wrong version", WS(KEY "Sec-WebSocket-Version: 8\r\n"), "fault 426"),
        ROW("no version", WS(KEY), "fault 426"),
        ROW("two versions", WS(KEY V13 V13), "fault 426"),
        ROW("no key", WS(V13), "fault 400"),
        ROW("two keys", WS(KEY KEY V13), "fault 400"),
        ROW("short key", WS("Sec-WebSocket-Key: c2hvcnQ=\r\n" V13), "fault 400"),
        ROW("key that is not base64", WS("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ!==\r\n" V13),
            "fault 400"),
        ROW("with a body", WS(KEY V13 "Content-Length: 2\r\n") "ab", "fault 400"),
        ROW("of http/1.0",
            "GET / HTTP/1.0\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" KEY V13
            "\r\n",
            "GET / host=h ; "),
    };
    expect_rows(rows, HG_COUNT(rows));
}

static bool is_last(const char *head) {
    struct hg_h1_parser p;
    const char *pos = head;
    hg_h1_parser_init(&p, &h1_run_limits);
    assert_int_equal(hg_h1_parser_feed(&p, &pos, head + strlen(head)), HG_H1_HEAD);
    bool is = p.head.is_last;
    hg_h1_parser_fini(&p);
    return is;
}

static void connection_field_decides_who_stays(void **state) {
    (void)state;
    assert_false(is_last("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_true(is_last("GET / HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\n\r\n"));
    assert_true(is_last("GET / HTTP/1.0\r\n\r\n"));
    assert_false(is_last("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
    assert_true(is_last("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n"));
    assert_false(is_last("GET / HTTP/1.1\r\nHost: h\r\nConnection: closed\r\n\r\n"));
}

int test_framing(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_are_plain_decimals),
        cmocka_unit_test(the_largest_length_is_taken),
        cmocka_unit_test(only_chunked_alone_is_a_coding),
        cmocka_unit_test(expectations_are_one_or_refused),
        cmocka_unit_test(upgrades_are_websocket_or_nothing),
        cmocka_unit_test(connection_field_decides_who_stays),
    };
    return cmocka_run_group_tests_name("proto/h1/framing", tests, NULL, NULL);
}
