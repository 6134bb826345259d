/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/base/tests.h"

#include <inttypes.h>
#include <jansson.h>

#include "base/alloc.h"
#include "headgate/buf.h"
#include "unit/unit.h"

static void appends_follow_each_other(void **state) {
    (void)state;
    struct hg_buf b = {0};
    HG_BUF_LIT(&b, "a=");
    hg_buf_put_u64(&b, 0);
    hg_buf_put(&b, NULL, 0);
    hg_buf_put_slice(&b, HG_SLICE(" b="));
    hg_buf_put_u64(&b, UINT64_MAX);
    hg_buf_printf(&b, " c=%s", "x");
    unit_assert_slice(hg_buf_slice(&b), "a=0 b=18446744073709551615 c=x");
    hg_buf_fini(&b);
    hg_buf_fini(&b);
}

static void buffer_grows_and_keeps_its_content(void **state) {
    (void)state;
    struct hg_buf b = {0};
    for (int i = 0; i < 100000; i++) {
        char c = (char)(i % 251);
        hg_buf_put(&b, &c, 1);
    }
    assert_int_equal(b.len, 100000);
    for (int i = 0; i < 100000; i++) {
        assert_int_equal(b.ptr[i], (char)(i % 251));
    }
    hg_buf_fini(&b);
}

static void max_is_reached_to_the_byte_and_never_passed(void **state) {
    (void)state;
    struct hg_buf b = {.max = 10};
    HG_BUF_LIT(&b, "12345678");
    hg_buf_printf(&b, "%d", 90);
    assert_false(b.is_failed);
    unit_assert_slice(hg_buf_slice(&b), "1234567890");
    assert_true(b.cap <= 10);
    HG_BUF_LIT(&b, "1");
    assert_true(b.is_failed);
    unit_assert_slice(hg_buf_slice(&b), "1234567890");

    hg_buf_clear(&b);
    assert_false(b.is_failed);
    assert_int_equal(b.max, 10);
    assert_int_equal(hg_buf_reserve(&b, 11), HG_E2BIG);
    assert_int_equal(hg_buf_reserve(&b, SIZE_MAX), HG_E2BIG);
    hg_buf_fini(&b);
}

static void failure_is_sticky(void **state) {
    (void)state;
    struct hg_buf b = {.max = 4};
    HG_BUF_LIT(&b, "ab");
    HG_BUF_LIT(&b, "cde");
    assert_true(b.is_failed);
    HG_BUF_LIT(&b, "c");
    hg_buf_printf(&b, "c");
    hg_buf_put_u64(&b, 1);
    unit_assert_slice(hg_buf_slice(&b), "ab");
    assert_int_equal(hg_buf_reserve(&b, 1), HG_ENOMEM);
    hg_buf_fini(&b);
}

static void missing_memory_fails_the_append_alone(void **state) {
    (void)state;
    struct hg_buf b = {0};
    HG_BUF_LIT(&b, "kept");
    hg_alloc_fail_after(0);
    assert_int_equal(hg_buf_reserve(&b, 1000000), HG_ENOMEM);
    assert_true(b.is_failed);
    unit_assert_slice(hg_buf_slice(&b), "kept");
    hg_buf_clear(&b);
    hg_alloc_fail_after(1); /* the room is there, the text aside is not */
    hg_buf_printf(&b, "%01000d", 1);
    assert_false(hg_alloc_fail_is_pending());
    assert_true(b.is_failed);
    assert_int_equal(b.len, 0);
    hg_buf_fini(&b);
}

static void long_text_is_printed_whole(void **state) {
    (void)state;
    for (int width = 250; width < 262; width++) {
        struct hg_buf b = {.max = (size_t)width};
        hg_buf_printf(&b, "%0*d", width, 7);
        assert_false(b.is_failed);
        assert_int_equal(b.len, width);
        assert_int_equal(b.ptr[width - 1], '7');
        assert_int_equal(b.ptr[0], '0');
        hg_buf_fini(&b);
    }
}

static void u64_prints_as_the_library_does(void **state) {
    (void)state;
    for (uint64_t v = 1; v != 0; v = v < UINT64_MAX / 3 ? v * 3 + 1 : 0) {
        char want[32];
        struct hg_buf b = {0};
        snprintf(want, sizeof(want), "%" PRIu64, v);
        hg_buf_put_u64(&b, v);
        unit_assert_slice(hg_buf_slice(&b), want);
        hg_buf_fini(&b);
    }
}

static void assert_json(struct hg_slice text, const char *want) {
    struct hg_buf b = {0};
    hg_buf_put_json(&b, text);
    unit_assert_slice(hg_buf_slice(&b), want);
    hg_buf_fini(&b);
}

static void json_string_has_the_shortest_escapes(void **state) {
    (void)state;
    assert_json(HG_SLICE(""), "\"\"");
    assert_json((struct hg_slice){NULL, 0}, "\"\"");
    assert_json(HG_SLICE("a/b\x7f"), "\"a/b\x7f\"");
    assert_json(HG_SLICE("\"\\"), "\"\\\"\\\\\"");
    assert_json(HG_SLICE("\b\t\n\f\r"), "\"\\b\\t\\n\\f\\r\"");
    assert_json((struct hg_slice){"\0\x01\x0b\x1f", 4}, "\"\\u0000\\u0001\\u000b\\u001f\"");
    assert_json(HG_SLICE("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
                "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"");
}

/* Each ASCII character at each place of two words, read back by a parser that
 * is not ours. */
static void json_string_reads_back(void **state) {
    (void)state;
    for (int c = 0; c < 128; c++) {
        for (size_t at = 0; at < 17; at++) {
            char text[17];
            memset(text, 'x', sizeof(text));
            text[(at + 5) % 17] = '"';
            text[at] = (char)c;
            struct hg_buf b = {0};
            hg_buf_put_json(&b, (struct hg_slice){text, sizeof(text)});
            json_t *back = json_loadb(b.ptr, b.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
            assert_non_null(back);
            assert_int_equal(json_string_length(back), sizeof(text));
            assert_memory_equal(json_string_value(back), text, sizeof(text));
            json_decref(back);
            hg_buf_fini(&b);
        }
    }
}

static void json_string_stops_at_max(void **state) {
    (void)state;
    for (size_t max = 1; max <= 12; max++) {
        struct hg_buf b = {.max = max};
        hg_buf_put_json(&b, HG_SLICE("a\x01z\n"));
        assert_int_equal(b.is_failed, max < 12);
        assert_true(b.len <= max);
        hg_buf_fini(&b);
    }
}

int test_buf(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_follow_each_other),
        cmocka_unit_test(buffer_grows_and_keeps_its_content),
        cmocka_unit_test(max_is_reached_to_the_byte_and_never_passed),
        cmocka_unit_test(failure_is_sticky),
        cmocka_unit_test(missing_memory_fails_the_append_alone),
        cmocka_unit_test(long_text_is_printed_whole),
        cmocka_unit_test(u64_prints_as_the_library_does),
        cmocka_unit_test(json_string_has_the_shortest_escapes),
        cmocka_unit_test(json_string_reads_back),
        cmocka_unit_test(json_string_stops_at_max),
    };
    return cmocka_run_group_tests_name("base/buf", tests, NULL, NULL);
}
