/* SPDX-License-Identifier: Apache-2.0 */
#include "event/attr.h"

#include "unit/event/tests.h"

static const char *fault(const char *name, const char *value, enum hg_attr_type type) {
    return hg_attr_fault(hg_slice_of(name), hg_slice_of(value), type);
}

static void assert_good(const char *name, const char *value) {
    const char *text = fault(name, value, HG_ATTR_STRING);
    if (text != NULL) {
        fail_msg("%s=%s: %s", name, value, text);
    }
}

static void assert_bad(const char *name, const char *value, const char *expected) {
    const char *text = fault(name, value, HG_ATTR_STRING);
    if (text == NULL || strstr(text, expected) == NULL) {
        fail_msg("%s=%s: %s", name, value, text != NULL ? text : "accepted");
    }
}

static void a_name_is_lower_case_letters_and_digits(void **state) {
    (void)state;
    char long_name[HG_ATTR_NAME_MAX + 2];
    memset(long_name, 'a', sizeof(long_name));
    long_name[HG_ATTR_NAME_MAX + 1] = '\0';
    static const char *const good[] = {"a",  "7",     "comexampleextension1",
                                       "z9", "datab", "abcdefghijklmnopqrstuvwxyz0123456789"};
    static const char *const bad[] = {"",     "A",        "a-b",         "a_b",   "a.b", "a b",
                                      "data", "\xC3\xA9", "data_base64", "a\x7f", "{",   "`",
                                      "/",    ":"};
    for (size_t i = 0; i < HG_COUNT(good); i++) {
        assert_good(good[i], "x");
    }
    for (size_t i = 0; i < HG_COUNT(bad); i++) {
        assert_bad(bad[i], "x", "not a legal name");
    }
    assert_bad(long_name, "x", "not a legal name");
    long_name[HG_ATTR_NAME_MAX] = '\0';
    assert_good(long_name, "x");
}

static void core_names_are_told_from_names_like_them(void **state) {
    (void)state;
    for (int i = 0; i < HG_CORE_ATTRS; i++) {
        assert_int_equal(hg_attr_core(hg_attr_core_names[i]), i);
    }
    static const char *const others[] = {
        "",         "if",      "typo",       "tame",        "source1",         "sourcf",
        "subjects", "subjecz", "dataschemb", "specversiom", "datacontenttypf", "ID"};
    for (size_t i = 0; i < HG_COUNT(others); i++) {
        assert_int_equal(hg_attr_core(hg_slice_of(others[i])), -1);
    }
}

static void core_attributes_must_not_be_empty(void **state) {
    (void)state;
    for (int i = 0; i < HG_CORE_ATTRS; i++) {
        assert_bad(hg_attr_core_names[i].ptr, "", "must not be empty");
    }
    assert_good("extension", "");
}

static void core_attributes_must_be_strings(void **state) {
    (void)state;
    assert_string_equal(fault("id", "5", HG_ATTR_INTEGER), "must be a string");
    assert_string_equal(fault("subject", "true", HG_ATTR_BOOLEAN), "must be a string");
}

static void only_one_version_is_known(void **state) {
    (void)state;
    assert_good("specversion", "1.0");
    assert_bad("specversion", "0.3", "must be 1.0");
    assert_bad("specversion", "1.0.2", "must be 1.0");
    assert_bad("specversion", "1", "must be 1.0");
}

static void time_is_as_rfc3339_writes_it(void **state) {
    (void)state;
    assert_good("time", "2026-01-02T03:04:05Z");
    assert_good("time", "2026-01-02t03:04:05.678901234z");
    assert_good("time", "2026-01-02T03:04:05.6789+01:00");
    assert_good("time", "2016-12-31T23:59:60Z");
    assert_bad("time", "2026-01-02", "RFC 3339");
    assert_bad("time", "2026-01-02T03:04:05", "RFC 3339");
    assert_bad("time", "2026-02-30T03:04:05Z", "RFC 3339");
    assert_bad("time", "yesterday", "RFC 3339");
}

static void control_characters_are_refused_wherever_they_stand(void **state) {
    (void)state;
    char text[40];
    for (unsigned c = 1; c < 0x20; c++) {
        for (size_t at = 0; at < sizeof(text) - 1; at += 5) {
            memset(text, 'x', sizeof(text));
            text[sizeof(text) - 1] = '\0';
            text[at] = (char)c;
            assert_bad("subject", text, "control");
        }
    }
    assert_bad("ext", "a\x7f", "control");
    assert_bad("ext", "0123456789abcdef\x7f", "control");
    assert_bad("ext", "\xC2\x80", "control");
    assert_bad("ext", "\xC2\x9F", "control");
    assert_good("ext", "\xC2\xA0");
    struct hg_slice nul = {"a\0b", 3};
    assert_non_null(hg_attr_fault(HG_SLICE("ext"), nul, HG_ATTR_STRING));
}

static void noncharacters_and_bad_utf8_are_refused(void **state) {
    (void)state;
    assert_bad("ext", "\xEF\xB7\x90", "noncharacter");            /* U+FDD0 */
    assert_bad("ext", "\xEF\xB7\xAF", "noncharacter");            /* U+FDEF */
    assert_bad("ext", "\xEF\xBF\xBE", "noncharacter");            /* U+FFFE */
    assert_bad("ext", "x\xF4\x8F\xBF\xBF", "noncharacter");       /* U+10FFFF */
    assert_good("ext", "\xEF\xB7\x8F \xEF\xB7\xB0 \xEF\xBF\xBD"); /* beside them */
    assert_bad("ext", "\xED\xA0\x80", "UTF-8");
    assert_bad("ext", "\xC0\xA0", "UTF-8");
    assert_bad("ext", "caf\xE9", "UTF-8");
    assert_bad("ext", "0123456789abcdef\xE2\x82", "UTF-8");
    assert_good("subject", "Z\xC3\xBCrich \"\xE2\x82\xAC\" 100% \xF0\x9F\x98\x80");
}

static void integers_are_canonical_and_of_32_bits(void **state) {
    (void)state;
    static const char *const good[] = {"0", "7", "-1", "2147483647", "-2147483648"};
    static const char *const bad[] = {"",    "-",          "-0",          "+1",
                                      "01",  "1.0",        "1e2",         " 1",
                                      "0x1", "2147483648", "-2147483649", "99999999999"};
    for (size_t i = 0; i < HG_COUNT(good); i++) {
        assert_null(fault("ext", good[i], HG_ATTR_INTEGER));
    }
    for (size_t i = 0; i < HG_COUNT(bad); i++) {
        assert_non_null(fault("ext", bad[i], HG_ATTR_INTEGER));
    }
}

static void booleans_are_true_and_false(void **state) {
    (void)state;
    assert_null(fault("ext", "true", HG_ATTR_BOOLEAN));
    assert_null(fault("ext", "false", HG_ATTR_BOOLEAN));
    assert_non_null(fault("ext", "True", HG_ATTR_BOOLEAN));
    assert_non_null(fault("ext", "", HG_ATTR_BOOLEAN));
}

int test_attr(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_lower_case_letters_and_digits),
        cmocka_unit_test(core_names_are_told_from_names_like_them),
        cmocka_unit_test(core_attributes_must_not_be_empty),
        cmocka_unit_test(core_attributes_must_be_strings),
        cmocka_unit_test(only_one_version_is_known),
        cmocka_unit_test(time_is_as_rfc3339_writes_it),
        cmocka_unit_test(control_characters_are_refused_wherever_they_stand),
        cmocka_unit_test(noncharacters_and_bad_utf8_are_refused),
        cmocka_unit_test(integers_are_canonical_and_of_32_bits),
        cmocka_unit_test(booleans_are_true_and_false),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
