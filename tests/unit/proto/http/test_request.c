/* SPDX-License-Identifier: Apache-2.0 */
/* test_request.c - one path, however it was written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/http/request.h"
#include "tests.h"

static int init(struct hg_request *r, struct hg_arena *a, struct hg_slice target) {
    struct hg_http_head head = {.method = HG_SLICE("GET"), .target = target};
    return hg_request_init(r, &head, a);
}

static void expect_path(const char *target, const char *path) {
    struct hg_arena a = {0};
    struct hg_request r;
    int err = init(&r, &a, hg_slice_of(target));
    if (path == NULL) {
        if (err != HG_EINVAL) {
            fail_msg("%s is taken", target);
        }
    } else if (err != 0 || !hg_slice_eq(hg_request_path(&r), hg_slice_of(path))) {
        fail_msg("%s gives %d %.*s, not %s", target, err, HG_FMT(r.path), path);
    }
    hg_arena_fini(&a);
}

static void paths_are_normalised_once(void **state) {
    (void)state;
    expect_path("/", "/");
    expect_path("/a/b", "/a/b");
    expect_path("/a/", "/a/");
    expect_path("/a.b/..c/.d", "/a.b/..c/.d");
    expect_path("/a/../admin", "/admin");
    expect_path("/a/b/../../c", "/c");
    expect_path("/a/%2e%2E/admin", "/admin");
    expect_path("/a/.%2e/admin", "/admin");
    expect_path("/./a/./b/.", "/a/b/");
    expect_path("/a/..", "/");
    expect_path("/a/b/..", "/a/");
    expect_path("//", "/");
    expect_path("//a///b//", "/a/b/");
    expect_path("/a//../b", "/b");
    expect_path("/%61%62", "/ab");
    expect_path("/%252e%252e/x", "/%2e%2e/x");
    expect_path("/%c3%a4", "/\xc3\xa4");
    expect_path("/a%20b%3Fc%23", "/a b?c#");
    expect_path("/a?b/../c", "/a");
    expect_path("/a+b", "/a+b");
    expect_path("*", "*");
}

static void ambiguous_paths_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "/..",  "/a/../..", "/%2e%2e", "/a%2fb",  "/a%2Fb", "/a%5cb", "/a\\b",      "/%zz",
        "/%",   "/%4",      "/%00",    "/%c0%af", "/%ff",   "/%0a",   "/%7f",       "/a#b",
        "/a b", "/\x80",    "",        "a",       "?a",     "*a",     "/%ed%a0%80",
    };
    for (size_t i = 0; i < HG_COUNT(bad); i++) {
        expect_path(bad[i], NULL);
    }
}

static void parameters_come_decoded_and_in_order(void **state) {
    (void)state;
    struct hg_arena a = {0};
    struct hg_request r;
    struct hg_slice value = {NULL, 0};
    struct hg_field param;
    size_t cursor = 0;
    assert_int_equal(init(&r, &a, HG_SLICE("/?a=1&b=x%20y+z&&c&a=2&d==%3d&%65=%26")), 0);
    assert_true(hg_request_param(&r, HG_SLICE("a"), &value));
    assert_true(hg_slice_eq(value, HG_SLICE("1")));
    assert_true(hg_request_param(&r, HG_SLICE("b"), &value));
    assert_true(hg_slice_eq(value, HG_SLICE("x y z")));
    assert_true(hg_request_param(&r, HG_SLICE("c"), &value));
    assert_int_equal(value.len, 0);
    assert_true(hg_request_param(&r, HG_SLICE("d"), &value));
    assert_true(hg_slice_eq(value, HG_SLICE("==")));
    assert_true(hg_request_param(&r, HG_SLICE("e"), &value));
    assert_true(hg_slice_eq(value, HG_SLICE("&")));
    value = HG_SLICE("untouched");
    assert_false(hg_request_param(&r, HG_SLICE("f"), &value));
    assert_true(hg_slice_eq(value, HG_SLICE("untouched")));
    char names[16] = {0};
    while (hg_request_param_next(&r, &cursor, &param)) {
        strncat(names, param.name.ptr, param.name.len);
    }
    assert_string_equal(names, "abcade");
    hg_arena_fini(&a);
}

static void broken_queries_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"/?a=%zz",    "/?a=%00", "/?%=1",
                                      "/?a=%c0%af", "/?a=%f",  "/?a=\x80"};
    for (size_t i = 0; i < HG_COUNT(bad); i++) {
        expect_path(bad[i], NULL);
    }
}

static void parameters_are_bounded(void **state) {
    (void)state;
    struct hg_buf target = {0};
    struct hg_arena a = {0};
    struct hg_request r;
    HG_BUF_LIT(&target, "/?x");
    for (int i = 1; i < HG_REQUEST_PARAMS_MAX; i++) {
        HG_BUF_LIT(&target, "&x");
    }
    assert_int_equal(init(&r, &a, hg_buf_slice(&target)), 0);
    assert_int_equal(r.n_params, HG_REQUEST_PARAMS_MAX);
    HG_BUF_LIT(&target, "&x");
    assert_int_equal(init(&r, &a, hg_buf_slice(&target)), HG_EINVAL);
    hg_arena_fini(&a);
    hg_buf_fini(&target);
}

static void want_of_memory_is_not_an_absent_parameter(void **state) {
    (void)state;
    struct hg_arena a = {.max_bytes = 16};
    struct hg_request r;
    assert_int_equal(init(&r, &a, HG_SLICE("/?filter=abcdefghijklmnopqrstuvwxyz")), HG_ENOMEM);
    assert_int_equal(init(&r, &a, HG_SLICE("/abcdefghijklmnop/qrstuvwxyz/%41")), HG_ENOMEM);
    hg_arena_fini(&a);
}

static void fields_are_found_by_name(void **state) {
    (void)state;
    const struct hg_field fields[] = {{HG_SLICE("a"), HG_SLICE("1")},
                                      {HG_SLICE("a"), HG_SLICE("2")}};
    struct hg_http_head head = {
        .method = HG_SLICE("PUT"), .target = HG_SLICE("/"), .fields = fields, .n_fields = 2};
    struct hg_arena a = {0};
    struct hg_request r;
    size_t n = 0;
    assert_int_equal(hg_request_init(&r, &head, &a), 0);
    assert_true(hg_slice_eq(hg_request_method(&r), HG_SLICE("PUT")));
    assert_true(hg_slice_eq(hg_request_field(&r, HG_SLICE("a")), HG_SLICE("1")));
    assert_int_equal(hg_request_field(&r, HG_SLICE("b")).len, 0);
    assert_ptr_equal(hg_request_fields(&r, &n), fields);
    assert_int_equal(n, 2);
    hg_arena_fini(&a);
}

/* A module tells a WebSocket on HTTP/2 by nothing else. */
static void an_extended_connect_is_seen_with_its_method(void **state) {
    (void)state;
    struct hg_http_head head = {
        .method = HG_SLICE("GET"), .target = HG_SLICE("/"), .is_websocket = true};
    struct hg_arena a = {0};
    struct hg_request r;
    assert_int_equal(hg_request_init(&r, &head, &a), 0);
    assert_true(hg_slice_eq(hg_request_method(&r), HG_SLICE("GET")));
    head.is_h2 = true;
    assert_int_equal(hg_request_init(&r, &head, &a), 0);
    assert_true(hg_slice_eq(hg_request_method(&r), HG_SLICE("CONNECT")));
    hg_arena_fini(&a);
}

int test_request(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_normalised_once),
        cmocka_unit_test(ambiguous_paths_are_refused),
        cmocka_unit_test(parameters_come_decoded_and_in_order),
        cmocka_unit_test(broken_queries_are_refused),
        cmocka_unit_test(parameters_are_bounded),
        cmocka_unit_test(want_of_memory_is_not_an_absent_parameter),
        cmocka_unit_test(fields_are_found_by_name),
        cmocka_unit_test(an_extended_connect_is_seen_with_its_method),
    };
    return cmocka_run_group_tests_name("proto/http/request", tests, NULL, NULL);
}
