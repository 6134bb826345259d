/* SPDX-License-Identifier: Apache-2.0 */
/* test_body.c - chunks, their extensions and trailers, cut at every byte. */
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

#define HEAD "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
#define ROW(name, body, want)                                                                      \
    { name, {HEAD body, sizeof(HEAD body) - 1}, "POST / host=h " want }
#define GOOD "2\r\nab\r\n0\r\n\r\n"

static void expect_rows(const struct row *rows, size_t n) {
    for (size_t i = 0; i < n; i++) {
        h1_run_expect(rows[i].name, rows[i].bytes, rows[i].want);
    }
}

static void legal_chunks_are_taken(void **state) {
    (void)state;
    static const struct row rows[] = {
        ROW("one", GOOD, "ab; "),
        ROW("empty", "0\r\n\r\n", "; "),
        ROW("zeros", "000\r\n\r\n", "; "),
        ROW("hex of both cases", "A\r\n0123456789\r\na\r\nabcdefghij\r\n0\r\n\r\n",
            "0123456789abcdefghij; "),
        ROW("leading zeros", "0000000000000002\r\nab\r\n0\r\n\r\n", "ab; "),
        ROW("extensions", "2;a=b;c=\"d e\";f\r\nab\r\n0;x\r\n\r\n", "ab; "),
        ROW("white space before an extension", "2 \t; a = b\r\nab\r\n0\r\n\r\n", "ab; "),
        ROW("trailers", "2\r\nab\r\n0\r\nA: b\r\nc:\r\n\r\n", "ab; "),
        ROW("A030 trailers that would matter",
            "2\r\nab\r\n0\r\nContent-Length: 9\r\nHost: x\r\nAuthorization: y\r\nce-id: z\r\n\r\n",
            "ab; "),
        ROW("next request behind", GOOD "GET /n HTTP/1.1\r\nHost: h\r\n\r\n",
            "ab; GET /n host=h ; "),
    };
    expect_rows(rows, HG_COUNT(rows));
}

static void malformed_chunks_are_refused(void **state) {
    (void)state;
    static const struct row rows[] = {
        ROW("A022 0x", "0x2e\r\n", "; fault 400"),
        ROW("A022 plus", "+2\r\nab\r\n", "; fault 400"),
        ROW("A022 minus", "-2\r\nab\r\n", "; fault 400"),
        ROW("A022 underscore", "2_e\r\nab\r\n", "; fault 400"),
        ROW("A022 space first", " 2\r\nab\r\n", "; fault 400"),
        ROW("A022 space last", "2 \r\nab\r\n", "; fault 400"),
        ROW("A022 empty", "\r\nab\r\n", "; fault 400"),
        ROW("A022 extension alone", ";ext\r\nab\r\n", "; fault 400"),
        ROW("A022 junk", "1junk\r\na\r\n", "; fault 400"),
        ROW("A023 17 digits", "00000000000000002\r\nab\r\n", "; fault 400"),
        ROW("A023 wrap", "10000000000000002\r\nab\r\n", "; fault 400"),
        ROW("A023 2^63", "8000000000000000\r\nab\r\n", "; fault 400"),
        ROW("A024 size line ends in LF", "2\nab\r\n0\r\n\r\n", "; fault 400"),
        ROW("A024 data ends in LF", "2\r\nab\n0\r\n\r\n", "ab; fault 400"),
        ROW("A024 data ends in others", "2\r\nabxx0\r\n\r\n", "ab; fault 400"),
        ROW("A024 data ends in CR and other", "2\r\nab\rx0\r\n\r\n", "ab; fault 400"),
        ROW("A025 LF in an extension", "2;a\nb\r\nab\r\n", "; fault 400"),
        ROW("A025 CR in an extension", "2;a\rb\r\nab\r\n", "; fault 400"),
        ROW("A025 CR CR", "2\r\r;a\r\nab\r\n", "; fault 400"),
        ROW("A025 NUL in an extension", "2;a\0b\r\nab\r\n", "; fault 400"),
        ROW("extension without a name", "2;\r\nab\r\n", "; fault 400"),
        ROW("A028 spill", "2\r\nabc\r\n0\r\n\r\n", "ab; fault 400"),
        ROW("trailer without colon", "0\r\nabc\r\n\r\n", "; fault 400"),
        ROW("trailer with a space before the colon", "0\r\na : b\r\n\r\n", "; fault 400"),
        ROW("trailer without name", "0\r\n: b\r\n\r\n", "; fault 400"),
        ROW("folded trailer", "0\r\na: b\r\n c\r\n\r\n", "; fault 400"),
        ROW("trailer with LF", "0\r\na: b\n\r\n", "; fault 400"),
        ROW("trailer with NUL", "0\r\na: \0\r\n\r\n", "; fault 400"),
        ROW("end with LF", "0\r\n\n", "; fault 400"),
        ROW("end with CR and other", "0\r\n\rG", "; fault 400"),
    };
    expect_rows(rows, HG_COUNT(rows));
}

static void put_many(struct hg_buf *out, const char *text, size_t times) {
    for (size_t i = 0; i < times; i++) {
        hg_buf_put(out, text, strlen(text));
    }
}

static bool is_refused(struct hg_buf *b, int status) {
    char end[32];
    snprintf(end, sizeof(end), "; fault %d", status);
    struct h1_run r = {.is_over = false};
    /* in reads of 1,000 bytes */
    for (size_t at = 0; at < b->len; at += 1000) {
        h1_run_feed(&r, b->ptr + at, b->len - at < 1000 ? b->len - at : 1000);
    }
    bool is = r.told.len >= strlen(end) &&
              memcmp(r.told.ptr + r.told.len - strlen(end), end, strlen(end)) == 0;
    h1_run_fini(&r);
    hg_buf_fini(b);
    return is;
}

static void framing_larger_than_its_load_is_refused(void **state) {
    (void)state;
    struct hg_buf b = {0};
    HG_BUF_LIT(&b, HEAD);
    put_many(&b, "1\r\nx\r\n", 20000); /* just under 100 KiB of framing */
    put_many(&b, "0\r\n\r\n", 1);
    assert_false(is_refused(&b, 400));
    HG_BUF_LIT(&b, HEAD);
    put_many(&b, "1\r\nx\r\n", 100000); /* A027 */
    assert_true(is_refused(&b, 400));
    HG_BUF_LIT(&b, HEAD);
    for (int i = 0; i < 200; i++) { /* A026 */
        HG_BUF_LIT(&b, "64;e=");
        put_many(&b, "x", 1024);
        HG_BUF_LIT(&b, "\r\n");
        put_many(&b, "0123456789", 10);
        HG_BUF_LIT(&b, "\r\n");
    }
    assert_true(is_refused(&b, 400));
}

static void large_load_pays_for_its_framing(void **state) {
    (void)state;
    struct hg_buf b = {0};
    HG_BUF_LIT(&b, HEAD);
    for (int i = 0; i < 5000; i++) { /* 150 KB of framing for 500 KB */
        HG_BUF_LIT(&b, "64;e=abcdefghijklmnopqrst\r\n");
        put_many(&b, "0123456789", 10);
        HG_BUF_LIT(&b, "\r\n");
    }
    HG_BUF_LIT(&b, "0\r\n\r\n");
    assert_false(is_refused(&b, 400));
}

static void long_lines_and_many_trailers_are_refused(void **state) {
    (void)state;
    struct hg_buf b = {0};
    HG_BUF_LIT(&b, HEAD "2;");
    put_many(&b, "x", 8192); /* A029 */
    assert_true(is_refused(&b, 400));
    HG_BUF_LIT(&b, HEAD "0\r\n");
    put_many(&b, "x: y\r\n", 101);
    assert_true(is_refused(&b, 431));
    HG_BUF_LIT(&b, HEAD "0\r\nx:");
    put_many(&b, "y", 20000);
    assert_true(is_refused(&b, 431));
}

int test_body(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(legal_chunks_are_taken),
        cmocka_unit_test(malformed_chunks_are_refused),
        cmocka_unit_test(framing_larger_than_its_load_is_refused),
        cmocka_unit_test(large_load_pays_for_its_framing),
        cmocka_unit_test(long_lines_and_many_trailers_are_refused),
    };
    return cmocka_run_group_tests_name("proto/h1/body", tests, NULL, NULL);
}
