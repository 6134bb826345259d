/* SPDX-License-Identifier: Apache-2.0 */
/* test_h2_head.c - fields of HTTP/2 requests against rules and limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/h2/h2_head.h"
#include "tests.h"

static const struct hg_http_limits limits = {
    .head_bytes_max = 16384, .fields_max = 100, .target_bytes_max = 8192};

static void add(struct hg_h2_block *b, const char *name, const char *value) {
    assert_true(hg_h2_block_add(b, hg_slice_of(name), hg_slice_of(value), &limits));
}

static void begin(struct hg_h2_block *b, const char *method, const char *path) {
    hg_h2_block_begin(b, false);
    add(b, ":method", method);
    add(b, ":scheme", "https");
    add(b, ":path", path);
    add(b, ":authority", "h");
}

static void expect_status(struct hg_h2_block *b, bool is_end_stream, int status) {
    hg_h2_block_close(b, is_end_stream);
    assert_int_equal(b->status, status);
    assert_int_equal(b->text != NULL, status != 0);
}

static void head_is_settled_into_its_memory(void **state) {
    (void)state;
    struct hg_h2_block b = {0};
    struct hg_http_head head;
    begin(&b, "POST", "/a?b");
    add(&b, "content-length", "5");
    add(&b, "x", "");
    add(&b, "expect", "100-continue");
    expect_status(&b, false, 0);
    void *memory = malloc(hg_h2_block_settled_size(&b));
    hg_h2_block_settle(&b, false, memory, &head);
    hg_h2_block_fini(&b);
    assert_true(hg_slice_eq(head.method, HG_SLICE("POST")));
    assert_true(hg_slice_eq(head.target, HG_SLICE("/a?b")));
    assert_true(hg_slice_eq(head.authority, HG_SLICE("h")));
    assert_int_equal(head.n_fields, 3);
    assert_true(hg_slice_eq(head.fields[0].name, HG_SLICE("content-length")));
    assert_true(hg_slice_eq(head.fields[2].value, HG_SLICE("100-continue")));
    assert_int_equal(head.fields[1].value.len, 0);
    assert_int_equal(head.content_length, 5);
    assert_true(head.has_body && head.is_h2 && head.expects_continue);
    assert_false(head.is_websocket);
    free(memory);
}

static void block_is_used_again(void **state) {
    (void)state;
    struct hg_h2_block b = {0};
    begin(&b, "POST", "/#");
    expect_status(&b, true, 400);
    begin(&b, "GET", "/b");
    expect_status(&b, true, 0);
    assert_int_equal(b.n_entries, 0);
    hg_h2_block_fini(&b);
}

static void wrong_requests_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *method, *path, *name, *value;
        int status;
    } rows[] = {
        {"GET", "/", "host", "h", 0},
        {"GET", "/", "host", "H", 0},
        {"GET", "/", "host", "other", 400}, /* A085 */
        {"GET", "/a#b", "x", "y", 400},     /* A086 */
        {"GET", "/a b", "x", "y", 400},
        {"GET", "/\x7f", "x", "y", 400},
        {"GET", "/\x80", "x", "y", 400},
        {"GET", "a", "x", "y", 400},
        {"GET", "*", "x", "y", 400},
        {"OPTIONS", "*", "x", "y", 0},
        {"BREW", "/", "x", "y", 501},
        {"get", "/", "x", "y", 501},
        {"TRACE", "/", "x", "y", 0},
        {"CONNECT", "/", "x", "y", 405},
        {"GET", "/", "a_b", "y", 400},
        {"POST", "/", "expect", "y 100-continue", 417},
        {"POST", "/", "content-length", "99999999999999999999", 400},
    };
    for (size_t i = 0; i < HG_COUNT(rows); i++) {
        struct hg_h2_block b = {0};
        begin(&b, rows[i].method, rows[i].path);
        add(&b, rows[i].name, rows[i].value);
        hg_h2_block_close(&b, true);
        if (b.status != rows[i].status) {
            fail_msg("%s %s %s: %s gives %d", rows[i].method, rows[i].path, rows[i].name,
                     rows[i].value, b.status);
        }
        hg_h2_block_fini(&b);
    }
}

static void authority_is_one_and_valid(void **state) {
    (void)state;
    struct hg_h2_block b = {0};
    hg_h2_block_begin(&b, false);
    add(&b, ":method", "GET");
    add(&b, ":scheme", "https");
    add(&b, ":path", "/");
    expect_status(&b, true, 400);
    hg_h2_block_begin(&b, false);
    add(&b, ":method", "GET");
    add(&b, ":scheme", "http");
    add(&b, ":path", "/");
    add(&b, "host", "only.example");
    expect_status(&b, true, 0);
    struct hg_http_head head;
    void *memory = malloc(hg_h2_block_settled_size(&b));
    hg_h2_block_settle(&b, true, memory, &head);
    assert_true(hg_slice_eq(head.authority, HG_SLICE("only.example")));
    free(memory);
    static const char *const bad[] = {"", "u@h", "h:0", "h:70000", "a,b", "a b"};
    for (size_t i = 0; i < HG_COUNT(bad); i++) {
        hg_h2_block_begin(&b, false);
        add(&b, ":method", "GET");
        add(&b, ":scheme", "https");
        add(&b, ":path", "/");
        add(&b, ":authority", bad[i]);
        expect_status(&b, true, 400);
    }
    hg_h2_block_begin(&b, false);
    add(&b, ":method", "GET");
    add(&b, ":scheme", "gopher");
    add(&b, ":path", "/");
    add(&b, ":authority", "h");
    expect_status(&b, true, 400);
    hg_h2_block_fini(&b);
}

static void websocket_is_a_get(void **state) {
    (void)state;
    struct hg_h2_block b = {0};
    struct hg_http_head head;
    begin(&b, "CONNECT", "/ws");
    add(&b, ":protocol", "websocket");
    add(&b, "sec-websocket-version", "13");
    expect_status(&b, false, 0);
    void *memory = malloc(hg_h2_block_settled_size(&b));
    hg_h2_block_settle(&b, false, memory, &head);
    assert_true(head.is_websocket);
    assert_false(head.has_body);
    assert_true(hg_slice_eq(head.method, HG_SLICE("GET")));
    free(memory);
    begin(&b, "CONNECT", "/ws");
    add(&b, ":protocol", "chat");
    expect_status(&b, false, 501);
    begin(&b, "CONNECT", "/ws");
    add(&b, ":protocol", "websocket");
    expect_status(&b, false, 426);
    begin(&b, "CONNECT", "/ws");
    add(&b, ":protocol", "websocket");
    add(&b, "sec-websocket-version", "13");
    expect_status(&b, true, 400);
    hg_h2_block_fini(&b);
}

static void fields_are_bounded_in_number_and_size(void **state) {
    (void)state;
    struct hg_h2_block b = {0};
    static char text[20000];
    begin(&b, "GET", "/");
    for (int i = 0; i < 100; i++) {
        add(&b, "a", "");
    }
    expect_status(&b, true, 0);
    begin(&b, "GET", "/");
    for (int i = 0; i < 100000; i++) { /* A068: bounded however many come */
        add(&b, "a", "");
    }
    expect_status(&b, true, 431);
    assert_int_equal(b.n_entries, 100);
    memset(text, 'x', sizeof(text) - 1);
    begin(&b, "GET", "/");
    add(&b, "a", text + sizeof(text) - 1 - 8191);
    expect_status(&b, true, 0);
    begin(&b, "GET", "/");
    add(&b, "a", text + sizeof(text) - 1 - 8192);
    expect_status(&b, true, 431);
    begin(&b, "GET", "/");
    for (int i = 0; i < 16000; i++) { /* A070 */
        add(&b, "a", text + sizeof(text) - 1 - 4000);
    }
    expect_status(&b, true, 431);
    assert_true(b.bytes.len < 16384);
    text[0] = '/';
    text[8192] = 0;
    begin(&b, "GET", text);
    for (int i = 0; i < 3; i++) {
        add(&b, "a", text + 8192 - 4000);
    }
    expect_status(&b, true, 0);
    text[8192] = 'x';
    text[8193] = 0;
    begin(&b, "GET", text);
    expect_status(&b, true, 414);
    hg_h2_block_begin(&b, false);
    add(&b, ":method", text);
    expect_status(&b, true, 431);
    hg_h2_block_fini(&b);
}

static void trailers_are_counted_and_dropped(void **state) {
    (void)state;
    struct hg_h2_block b = {0};
    hg_h2_block_begin(&b, true);
    add(&b, "x", "y");
    assert_int_equal(b.n_entries, 0);
    assert_false(
        hg_h2_block_add(&b, HG_SLICE("content-length"), HG_SLICE("1"), &limits)); /* A088 */
    hg_h2_block_begin(&b, true);
    for (int i = 0; i < 100; i++) {
        add(&b, "x", "y");
    }
    assert_false(hg_h2_block_add(&b, HG_SLICE("x"), HG_SLICE("y"), &limits));
    hg_h2_block_fini(&b);
}

int test_h2_head(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head_is_settled_into_its_memory),
        cmocka_unit_test(block_is_used_again),
        cmocka_unit_test(wrong_requests_are_refused),
        cmocka_unit_test(authority_is_one_and_valid),
        cmocka_unit_test(websocket_is_a_get),
        cmocka_unit_test(fields_are_bounded_in_number_and_size),
        cmocka_unit_test(trailers_are_counted_and_dropped),
    };
    return cmocka_run_group_tests_name("proto/h2/h2_head", tests, NULL, NULL);
}
