/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/proto/ws/client.h"

static void assert_head(size_t payload_bytes, const char *head, size_t head_bytes) {
    struct hg_buf out = {0};
    hg_ws_put_head(&out, HG_WS_TEXT, payload_bytes);
    assert_int_equal(out.len, head_bytes);
    assert_memory_equal(out.ptr, head, head_bytes);
    hg_buf_fini(&out);
}

static void a_length_takes_its_shortest_form(void **state) {
    (void)state;
    assert_head(0, "\x81\x00", 2);
    assert_head(125, "\x81\x7d", 2);
    assert_head(126, "\x81\x7e\x00\x7e", 4);
    assert_head(65535, "\x81\x7e\xff\xff", 4);
    assert_head(65536, "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10);
    assert_head(0x0102030405060708, "\x81\x7f\x01\x02\x03\x04\x05\x06\x07\x08", 10);
}

static void a_frame_is_its_head_and_its_payload(void **state) {
    struct hg_buf out = {0};
    (void)state;
    hg_ws_put_frame(&out, HG_WS_BINARY, HG_SLICE("ab"));
    hg_ws_put_frame(&out, HG_WS_PONG, HG_SLICE(""));
    assert_int_equal(out.len, 6);
    assert_memory_equal(out.ptr,
                        "\x82\x02"
                        "ab\x8a\x00",
                        6);
    hg_buf_fini(&out);
}

static void a_close_frame_carries_code_and_reason(void **state) {
    struct hg_buf out = {0};
    (void)state;
    hg_ws_put_close(&out, 4003, HG_SLICE("right withdrawn"));
    assert_int_equal(out.len, 19);
    assert_memory_equal(out.ptr, "\x88\x11\x0f\xa3right withdrawn", 19);
    hg_buf_fini(&out);
}

static void a_close_frame_without_a_code_is_empty(void **state) {
    struct hg_buf out = {0};
    (void)state;
    hg_ws_put_close(&out, 0, HG_SLICE("not sent"));
    assert_int_equal(out.len, 2);
    assert_memory_equal(out.ptr, "\x88\x00", 2);
    hg_buf_fini(&out);
}

/* 122 ASCII bytes and then one character of so many bytes. */
static void assert_reason_bytes(const char *last, size_t want) {
    char reason[140];
    struct hg_buf out = {0};
    memset(reason, 'r', 122);
    memcpy(reason + 122, last, strlen(last) + 1);
    hg_ws_put_close(&out, 1008, hg_slice_of(reason));
    assert_int_equal(out.len, 4 + want);
    assert_int_equal((uint8_t)out.ptr[1], 2 + want);
    assert_memory_equal(out.ptr + 4, reason, want);
    hg_buf_fini(&out);
}

static void a_long_reason_is_cut_between_code_points(void **state) {
    (void)state;
    assert_reason_bytes("x", 123);
    assert_reason_bytes("xy", 123);
    assert_reason_bytes("\xc3\xbc", 122);
    assert_reason_bytes("\xe2\x82\xac", 122);
    assert_reason_bytes("\xf0\x9f\x98\x80", 122);
    assert_reason_bytes("x\xf0\x9f\x98\x80", 123);
}

static int code_of(int code, const char *reason) {
    char body[130] = {(char)(code >> 8), (char)code};
    memcpy(body + 2, reason, strlen(reason));
    return hg_ws_close_code((struct hg_slice){body, 2 + strlen(reason)});
}

static void a_received_code_is_echoed_when_it_may_travel(void **state) {
    (void)state;
    for (int code = 0; code < 65536; code++) {
        bool is_legal = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                        (code >= 3000 && code <= 4999);
        assert_int_equal(code_of(code, ""), is_legal ? code : 1002);
    }
}

static void a_close_without_a_code_is_answered_with_1000(void **state) {
    (void)state;
    assert_int_equal(hg_ws_close_code((struct hg_slice){NULL, 0}), 1000);
}

static void half_a_code_is_a_protocol_error(void **state) {
    (void)state;
    assert_int_equal(hg_ws_close_code((struct hg_slice){"\x03\xe8", 1}), 1002);
}

static void a_reason_must_be_utf8(void **state) {
    (void)state;
    assert_int_equal(code_of(1000, "gr\xc3\xbc\xc3\x9f"), 1000);
    assert_int_equal(code_of(1000, "gr\xc3"), 1007);
    assert_int_equal(code_of(1000, "\xed\xa0\x80"), 1007);
    assert_int_equal(code_of(1005, "\xff"), 1002);
}

int test_frame(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_length_takes_its_shortest_form),
        cmocka_unit_test(a_frame_is_its_head_and_its_payload),
        cmocka_unit_test(a_close_frame_carries_code_and_reason),
        cmocka_unit_test(a_close_frame_without_a_code_is_empty),
        cmocka_unit_test(a_long_reason_is_cut_between_code_points),
        cmocka_unit_test(a_received_code_is_echoed_when_it_may_travel),
        cmocka_unit_test(a_close_without_a_code_is_answered_with_1000),
        cmocka_unit_test(half_a_code_is_a_protocol_error),
        cmocka_unit_test(a_reason_must_be_utf8),
    };
    return cmocka_run_group_tests_name("ws/frame", tests, NULL, NULL);
}
