/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/base/tests.h"

#include "base/utf8.h"
#include "unit/unit.h"

/* By the definition: encode a code point, compare. */
static size_t encode(uint32_t c, unsigned char out[4]) {
    if (c < 0x80) {
        out[0] = (unsigned char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (unsigned char)(0xc0 | c >> 6);
        out[1] = (unsigned char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (unsigned char)(0xe0 | c >> 12);
        out[1] = (unsigned char)(0x80 | (c >> 6 & 63));
        out[2] = (unsigned char)(0x80 | (c & 63));
        return 3;
    }
    out[0] = (unsigned char)(0xf0 | c >> 18);
    out[1] = (unsigned char)(0x80 | (c >> 12 & 63));
    out[2] = (unsigned char)(0x80 | (c >> 6 & 63));
    out[3] = (unsigned char)(0x80 | (c & 63));
    return 4;
}

static void every_code_point_is_valid_but_for_surrogates(void **state) {
    (void)state;
    for (uint32_t c = 0; c < 0x120000; c++) {
        unsigned char text[4];
        size_t len = encode(c, text);
        bool want = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
        if (hg_utf8_is_valid(text, len) != want || hg_utf8_next(text, len) != (want ? len : 0)) {
            fail_msg("U+%04X", (unsigned)c);
        }
        if (want && len > 1) {
            assert_false(hg_utf8_is_valid(text, len - 1));
        }
    }
}

/* All texts of two bytes, and of three that begin with a lead: valid ones are
 * exactly those made of encoded code points. */
static void nothing_else_is_valid(void **state) {
    (void)state;
    size_t valid = 0;
    for (uint32_t i = 0; i < 0x1000000; i++) {
        unsigned char text[3] = {(unsigned char)(i >> 16), (unsigned char)(i >> 8),
                                 (unsigned char)i};
        if (text[0] < 0x80) {
            continue;
        }
        valid += hg_utf8_is_valid(text, 3);
    }
    /* 1920 of two bytes and an ASCII one, 61440 of three. */
    assert_int_equal(valid, 1920 * 128 + 61440);
}

static void known_faults_are_found(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc2",
        "\xc2\x41",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xe2\x82",
        "\xe2\x28\xa1",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xf8\x88\x80",
        "\xfe",
        "\xff",
        "\xf0\x9f\x98",
        "\xc2\xa9\xa9",
    };
    for (size_t i = 0; i < HG_COUNT(wrong); i++) {
        for (size_t before = 0; before < 40; before++) {
            char text[64];
            size_t n = strlen(wrong[i]);
            memset(text, 'a', sizeof(text));
            memcpy(text + before, wrong[i], n);
            assert_false(hg_utf8_is_valid(text, before + n));
        }
    }
    assert_true(hg_utf8_is_valid(NULL, 0));
    assert_true(hg_utf8_is_valid("\0", 1));
}

static const char mixed[] = "plain text of more than sixteen bytes, \xc3\xa9t\xc3\xa9, "
                            "\xe2\x82\xac, \xf0\x9f\x98\x80\xf0\x9f\x98\x80 and the end.";

static void pieces_may_end_anywhere(void **state) {
    (void)state;
    size_t len = sizeof(mixed) - 1;
    for (size_t a = 0; a <= len; a++) {
        for (size_t b = a; b <= len; b++) {
            struct hg_utf8 u = {0};
            assert_true(hg_utf8_feed(&u, mixed, a));
            assert_true(hg_utf8_feed(&u, mixed + a, b - a));
            assert_true(hg_utf8_feed(&u, mixed + b, len - b));
            assert_true(hg_utf8_is_whole(&u));
        }
    }
}

static void fault_is_told_at_its_first_byte(void **state) {
    (void)state;
    struct hg_utf8 u = {0};
    assert_true(hg_utf8_feed(&u, "a\xed", 2));
    assert_false(hg_utf8_is_whole(&u));
    assert_false(hg_utf8_feed(&u, "\xa0", 1));
    assert_false(hg_utf8_feed(&u, "a", 1));
    assert_false(hg_utf8_feed(&u, "", 0));
    assert_false(hg_utf8_is_whole(&u));
}

static void next_finds_one_code_point(void **state) {
    (void)state;
    assert_int_equal(hg_utf8_next("ab", 2), 1);
    assert_int_equal(hg_utf8_next("\xc3\xa9t", 3), 2);
    assert_int_equal(hg_utf8_next("\xc3", 1), 0);
    assert_int_equal(hg_utf8_next("", 0), 0);
}

int test_utf8(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_is_valid_but_for_surrogates),
        cmocka_unit_test(nothing_else_is_valid),
        cmocka_unit_test(known_faults_are_found),
        cmocka_unit_test(pieces_may_end_anywhere),
        cmocka_unit_test(fault_is_told_at_its_first_byte),
        cmocka_unit_test(next_finds_one_code_point),
    };
    return cmocka_run_group_tests_name("base/utf8", tests, NULL, NULL);
}
