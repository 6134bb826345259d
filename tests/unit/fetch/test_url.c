/* SPDX-License-Identifier: Apache-2.0 */
#include "fetch/url.h"

#include "unit/fetch/tests.h"

static void expect_read(const char *text, const char *want) {
    struct hg_buf out = {0};
    assert_int_equal(hg_url_read(hg_slice_of(text), &out), 0);
    unit_assert_slice(hg_buf_slice(&out), want);
    hg_buf_fini(&out);
}

static void a_url_is_read_without_its_fragment(void **state) {
    (void)state;
    expect_read("http://a.example/events", "http://a.example/events");
    expect_read("HTTPS://a.example:8443/x?y=1#z", "https://a.example:8443/x?y=1");
    expect_read("http://[::1]:80/", "http://[::1]:80/");
    expect_read("http://a.example", "http://a.example/");
}

static void what_is_no_http_url_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"",
                                      "events",
                                      "localhost:8080/x",
                                      "/events",
                                      "ftp://a/x",
                                      "file:///etc/passwd",
                                      "http://",
                                      "http://a b/",
                                      "127.0.0.1:80",
                                      "http://a:99999/"};
    for (size_t i = 0; i < HG_COUNT(bad); i++) {
        struct hg_buf out = {0};
        if (hg_url_read(hg_slice_of(bad[i]), &out) != HG_EINVAL) {
            fail_msg("\"%s\" was taken", bad[i]);
        }
        assert_int_equal(out.len, 0);
        hg_buf_fini(&out);
    }
    struct hg_buf out = {0};
    assert_int_equal(hg_url_read((struct hg_slice){"http://a/\0b", 11}, &out), HG_EINVAL);
}

static void parameters_are_percent_encoded(void **state) {
    (void)state;
    struct hg_buf url = {0};
    HG_BUF_LIT(&url, "http://a/x");
    hg_url_add_param(&url, HG_SLICE("type"), HG_SLICE("com.acme.*"));
    hg_url_add_param(&url, HG_SLICE("subject"), HG_SLICE("a b+c&d=\xc3\xa9"));
    unit_assert_slice(hg_buf_slice(&url),
                      "http://a/x?type=com.acme.%2A&subject=a%20b%2Bc%26d%3D%C3%A9");
    hg_buf_clear(&url);
    HG_BUF_LIT(&url, "http://a/x?");
    hg_url_add_param(&url, HG_SLICE("a"), HG_SLICE(""));
    unit_assert_slice(hg_buf_slice(&url), "http://a/x?a=");
    hg_buf_fini(&url);
}

static void a_parameter_is_found_and_decoded(void **state) {
    (void)state;
    struct hg_buf out = {0};
    assert_int_equal(
        hg_url_param(HG_SLICE("http://a/x?b=1&ab=2&a=x%2Fy%zz%4&a=3#a=4"), HG_SLICE("a"), &out), 0);
    unit_assert_slice(hg_buf_slice(&out), "x/y%zz%4");
    hg_buf_clear(&out);
    assert_int_equal(hg_url_param(HG_SLICE("?position=abc"), HG_SLICE("position"), &out), 0);
    unit_assert_slice(hg_buf_slice(&out), "abc");
    hg_buf_clear(&out);
    assert_int_equal(hg_url_param(HG_SLICE("http://a/x#?a=1"), HG_SLICE("a"), &out), HG_ENOENT);
    assert_int_equal(hg_url_param(HG_SLICE("http://a/a=1"), HG_SLICE("a"), &out), HG_ENOENT);
    assert_int_equal(out.len, 0);
    hg_buf_fini(&out);
}

static void expect_resolved(const char *base, const char *reference, const char *want) {
    struct hg_buf out = {0};
    assert_int_equal(hg_url_resolve(hg_slice_of(base), hg_slice_of(reference), &out), 0);
    unit_assert_slice(hg_buf_slice(&out), want);
    hg_buf_fini(&out);
}

static void a_reference_is_resolved_at_its_base(void **state) {
    (void)state;
    expect_resolved("http://a/b/c?d=1", "?position=x", "http://a/b/c?position=x");
    expect_resolved("http://a/b/c", "/z", "http://a/z");
    expect_resolved("http://a/b/c", "d", "http://a/b/d");
    expect_resolved("http://a/b/c", "https://other/", "https://other/");
    struct hg_buf out = {0};
    assert_int_equal(hg_url_resolve(HG_SLICE("http://a/b"), HG_SLICE("file:///x"), &out),
                     HG_EINVAL);
    hg_buf_fini(&out);
}

int test_url(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_is_read_without_its_fragment),
        cmocka_unit_test(what_is_no_http_url_is_refused),
        cmocka_unit_test(parameters_are_percent_encoded),
        cmocka_unit_test(a_parameter_is_found_and_decoded),
        cmocka_unit_test(a_reference_is_resolved_at_its_base),
    };
    return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
