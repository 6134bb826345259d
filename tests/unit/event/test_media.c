/* SPDX-License-Identifier: Apache-2.0 */
#include "event/media.h"

#include "unit/event/fixture.h"
#include "unit/event/tests.h"

static void json_is_told_by_its_subtype(void **state) {
    (void)state;
    static const char *const good[] = {
        "application/json",         "text/json",
        "APPLICATION/JSON",         "application/json; charset=utf-8",
        "application/vnd.a.b+json", "image/svg+JSON ;x=y",
        " application/json "};
    static const char *const bad[] = {"",
                                      "json",
                                      "/json",
                                      "application/",
                                      "application/jsonl",
                                      "application/+json",
                                      "text/plain",
                                      "application/x-json",
                                      "application/xml;a=application/json"};
    for (size_t i = 0; i < HG_COUNT(good); i++) {
        assert_true(hg_media_is_json(hg_slice_of(good[i])));
    }
    for (size_t i = 0; i < HG_COUNT(bad); i++) {
        assert_false(hg_media_is_json(hg_slice_of(bad[i])));
    }
}

static void text_is_a_type_of_its_own(void **state) {
    (void)state;
    assert_true(hg_media_is_text(HG_SLICE("text/plain")));
    assert_true(hg_media_is_text(HG_SLICE("Text/XML; charset=x")));
    assert_false(hg_media_is_text(HG_SLICE("application/text")));
    assert_false(hg_media_is_text(HG_SLICE("text")));
    assert_false(hg_media_is_text(HG_SLICE("text/")));
}

static void charset_is_found_among_the_parameters(void **state) {
    (void)state;
    static const char *const good[] = {"text/plain",
                                       "text/plain; charset=UTF-8",
                                       "text/plain;charset=\"utf-8\"",
                                       "text/plain; CharSet = us-ascii",
                                       "text/plain; format=flowed; charset=utf8",
                                       "text/plain; a=\";charset=latin1\"; b",
                                       "text/plain; a=\"\\\";charset=latin1\"",
                                       "text/plain; a=\"never closed",
                                       "text/plain; charset",
                                       "text/plain;;;"};
    static const char *const bad[] = {"text/plain; charset=utf-16", "text/plain; charset=latin1",
                                      "text/plain; x=y;charset=\"ISO-8859-1\"",
                                      "text/plain; charset=", "text/plain; charset=\""};
    for (size_t i = 0; i < HG_COUNT(good); i++) {
        assert_true(hg_media_is_utf8(hg_slice_of(good[i])));
    }
    for (size_t i = 0; i < HG_COUNT(bad); i++) {
        assert_false(hg_media_is_utf8(hg_slice_of(bad[i])));
    }
}

static void the_essence_has_no_parameters(void **state) {
    (void)state;
    assert_slice_equal(hg_media_essence(HG_SLICE(" a/b ; c=d")), "a/b");
    assert_slice_equal(hg_media_essence(HG_SLICE("a/b")), "a/b");
    assert_slice_equal(hg_media_essence(HG_SLICE(";")), "");
}

int test_media(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_told_by_its_subtype),
        cmocka_unit_test(text_is_a_type_of_its_own),
        cmocka_unit_test(charset_is_found_among_the_parameters),
        cmocka_unit_test(the_essence_has_no_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
