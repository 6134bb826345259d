/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls_name.h"

#include "unit/net/tests.h"

#define EXTENSION(literal) (const uint8_t *)(literal), sizeof(literal) - 1

static void name_is_taken_from_the_extension(void **state) {
    (void)state;
    struct hg_slice name;
    assert_int_equal(hg_tls_name_parse(EXTENSION("\0\6\0\0\3a.b"), &name), 0);
    assert_true(hg_slice_eq(name, HG_SLICE("a.b")));
}

static void malformed_extension_is_refused(void **state) {
    (void)state;
    struct hg_slice name = {0};
    assert_int_equal(hg_tls_name_parse(EXTENSION(""), &name), HG_EINVAL);
    assert_int_equal(hg_tls_name_parse(EXTENSION("\0\3\0\0\0"), &name), HG_EINVAL);
    assert_int_equal(hg_tls_name_parse(EXTENSION("\0\7\0\0\3a.b"), &name), HG_EINVAL);
    assert_int_equal(hg_tls_name_parse(EXTENSION("\0\6\0\0\4a.b"), &name), HG_EINVAL);
    assert_int_equal(hg_tls_name_parse(EXTENSION("\0\6\0\0\2a.b"), &name), HG_EINVAL);
    assert_int_equal(hg_tls_name_parse(EXTENSION("\0\6\1\0\3a.b"), &name), HG_EINVAL);
    /* two names */
    assert_int_equal(hg_tls_name_parse(EXTENSION("\0\10\0\0\1a\0\0\1b"), &name), HG_EINVAL);
    const char whole[] = "\0\6\0\0\3a.b";
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        assert_int_equal(hg_tls_name_parse((const uint8_t *)whole, n, &name), HG_EINVAL);
    }
    assert_null(name.ptr);
}

static void expect_canonical(struct hg_slice name, const char *form) {
    char out[HG_TLS_NAME_MAX];
    size_t n = 0;
    int err = hg_tls_name_canonical(name, out, &n);
    if (form) {
        assert_int_equal(err, 0);
        assert_true(hg_slice_eq((struct hg_slice){out, n}, hg_slice_of(form)));
    } else {
        assert_int_equal(err, HG_EINVAL);
    }
}

static void names_have_one_form(void **state) {
    (void)state;
    char text[300];
    memset(text, 'x', sizeof text);
    for (size_t i = 50; i < sizeof text; i += 51) {
        text[i] = '.';
    }
    expect_canonical(HG_SLICE("events.Example.COM"), "events.example.com");
    expect_canonical(HG_SLICE("a."), "a");
    expect_canonical(HG_SLICE("xn--bcher-kva.example"), "xn--bcher-kva.example");
    expect_canonical(HG_SLICE("_dmarc.a"), "_dmarc.a");
    expect_canonical(HG_SLICE(""), NULL);
    expect_canonical(HG_SLICE("."), NULL);
    expect_canonical(HG_SLICE("a.."), NULL);
    expect_canonical(HG_SLICE(".a"), NULL);
    expect_canonical(HG_SLICE("a..b"), NULL);
    expect_canonical(HG_SLICE("a\0b"), NULL);
    expect_canonical(HG_SLICE("a b"), NULL);
    expect_canonical(HG_SLICE("a/b"), NULL);
    expect_canonical(HG_SLICE("*.a"), NULL);
    expect_canonical(HG_SLICE("[::1]"), NULL);
    expect_canonical(HG_SLICE("b\xc3\xbc"
                              "cher.example"),
                     NULL);
    char out[HG_TLS_NAME_MAX];
    size_t n;
    assert_int_equal(hg_tls_name_canonical((struct hg_slice){text, 253}, out, &n), 0);
    assert_int_equal(hg_tls_name_canonical((struct hg_slice){text, 254}, out, &n), HG_EINVAL);
    memset(text, 'x', sizeof text);
    assert_int_equal(hg_tls_name_canonical((struct hg_slice){text, 63}, out, &n), 0);
    assert_int_equal(hg_tls_name_canonical((struct hg_slice){text, 64}, out, &n), HG_EINVAL);
}

int test_tls_name(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_is_taken_from_the_extension),
        cmocka_unit_test(malformed_extension_is_refused),
        cmocka_unit_test(names_have_one_form),
    };
    return cmocka_run_group_tests_name("net/tls_name", tests, NULL, NULL);
}
