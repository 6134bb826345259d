/* SPDX-License-Identifier: Apache-2.0 */
/* test_chars.c - the table against the rules in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/http/chars.h"
#include "tests.h"

static bool is_in(int c, const char *set) {
    return c != 0 && strchr(set, c) != NULL;
}

static void every_byte_has_its_classes(void **state) {
    (void)state;
    for (int c = 0; c < 256; c++) {
        bool is_digit = c >= '0' && c <= '9';
        bool is_alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool is_token = is_digit || is_alpha || is_in(c, "!#$%&'*+-.^_`|~");
        bool is_hex = is_digit || is_in(c, "abcdefABCDEF");
        assert_int_equal(hg_http_is((char)c, HG_HTTP_TOKEN), is_token);
        assert_int_equal(hg_http_is((char)c, HG_HTTP_NAME), is_token && c != '_');
        assert_int_equal(hg_http_is((char)c, HG_HTTP_VALUE), c == '\t' || (c >= ' ' && c != 0x7f));
        assert_int_equal(hg_http_is((char)c, HG_HTTP_TARGET), c > ' ' && c < 0x7f && c != '#');
        assert_int_equal(hg_http_is((char)c, HG_HTTP_HOST),
                         is_digit || is_alpha || is_in(c, "-._~"));
        assert_int_equal(hg_http_is((char)c, HG_HTTP_HEX), is_hex);
    }
}

static void hex_digits_have_their_values(void **state) {
    (void)state;
    for (unsigned i = 0; i < 16; i++) {
        assert_int_equal(hg_http_hex("0123456789abcdef"[i]), i);
        assert_int_equal(hg_http_hex("0123456789ABCDEF"[i]), i);
    }
}

static void lists_are_searched_whole_token_by_token(void **state) {
    (void)state;
    assert_true(hg_http_has_token(HG_SLICE("a, B ,c"), HG_SLICE("b")));
    assert_true(hg_http_has_token(HG_SLICE(",,b"), HG_SLICE("b")));
    assert_false(hg_http_has_token(HG_SLICE("bb, a b"), HG_SLICE("b")));
    assert_false(hg_http_has_token(HG_SLICE(""), HG_SLICE("b")));
}

int test_chars(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_has_its_classes),
        cmocka_unit_test(hex_digits_have_their_values),
        cmocka_unit_test(lists_are_searched_whole_token_by_token),
    };
    return cmocka_run_group_tests_name("proto/http/chars", tests, NULL, NULL);
}
