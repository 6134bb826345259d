/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "event/codec.h"
#include "unit/event/fixture.h"
#include "unit/event/tests.h"

#define HEAD "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\""

static void assert_json(struct hg_event *e, const char *expected) {
    char *text = fixture_json(e);
    assert_string_equal(text, expected);
    free(text);
    hg_event_unref(&e);
}

static void attributes_come_in_a_fixed_order_before_the_data(void **state) {
    (void)state;
    assert_json(fixture_event(HG_DATA_NONE, NULL, NULL), HEAD "}");
    assert_json(fixture_event(HG_DATA_JSON, " {\"a\": 1}\n", "zz", "2", "dataschema", "d",
                              "datacontenttype", "application/json", "aa", "1", "time",
                              "2026-01-02T03:04:05Z", "subject", "s", NULL),
                HEAD ",\"subject\":\"s\",\"time\":\"2026-01-02T03:04:05Z\",\"datacontenttype\":"
                     "\"application/json\",\"dataschema\":\"d\",\"zz\":\"2\",\"aa\":\"1\","
                     "\"data\": {\"a\": 1}\n}");
}

static void each_kind_of_data_has_its_member(void **state) {
    (void)state;
    assert_json(fixture_event(HG_DATA_TEXT, "a\"b\\c\n\x01", NULL),
                HEAD ",\"data\":\"a\\\"b\\\\c\\n\\u0001\"}");
    assert_json(fixture_event(HG_DATA_TEXT, "", NULL), HEAD ",\"data\":\"\"}");
    assert_json(fixture_event(HG_DATA_BINARY, "\xff\xfe", NULL), HEAD ",\"data_base64\":\"//4=\"}");
    assert_json(fixture_event(HG_DATA_BINARY, "", NULL), HEAD ",\"data_base64\":\"\"}");
    assert_json(fixture_event(HG_DATA_JSON, "null", NULL), HEAD ",\"data\":null}");
}

static void types_of_attributes_are_kept(void **state) {
    (void)state;
    assert_json(
        fixture_structured("{\"source\":\"/s\",\"n\":-7,\"id\":\"1\",\"y\":true,\"type\":\"t\","
                           "\"z\":false,\"specversion\":\"1.0\",\"s\":\"7\"}"),
        HEAD ",\"n\":-7,\"y\":true,\"z\":false,\"s\":\"7\"}");
}

static void quotes_and_backslashes_in_values_are_escaped(void **state) {
    (void)state;
    assert_json(fixture_event(HG_DATA_NONE, NULL, "subject",
                              "\"\\\" sixteen bytes and more \\ \"Z\xC3\xBCrich\"", "e", "\"",
                              NULL),
                HEAD ",\"subject\":\"\\\"\\\\\\\" sixteen bytes and more \\\\ "
                     "\\\"Z\xC3\xBCrich\\\"\",\"e\":\"\\\"\"}");
    /* Nothing but what grows: the room asked for is enough. */
    char quotes[2001];
    memset(quotes, '"', sizeof(quotes));
    quotes[2000] = '\0';
    struct hg_event *e = fixture_event(HG_DATA_NONE, NULL, "subject", quotes, NULL);
    char *text = fixture_json(e);
    assert_int_equal(strlen(text), strlen(HEAD) + strlen(",\"subject\":\"\"}") + 4000);
    free(text);
    hg_event_unref(&e);
}

static void the_position_travels_as_an_extension_and_replaces_a_foreign_one(void **state) {
    (void)state;
    struct hg_event *e = fixture_event(HG_DATA_JSON, "1", "hgposition", "forged", "x", "y", NULL);
    struct hg_buf out = {0};
    hg_event_to_json(e, HG_SLICE("AbC-_"), &out);
    assert_slice_equal(hg_buf_slice(&out),
                       HEAD ",\"x\":\"y\",\"hgposition\":\"AbC-_\",\"data\":1}");
    hg_buf_fini(&out);
    assert_json(e, HEAD ",\"hgposition\":\"forged\",\"x\":\"y\",\"data\":1}");
}

static void encoding_appends_and_fails_as_the_buffer_does(void **state) {
    (void)state;
    struct hg_event *e = fixture_event(HG_DATA_NONE, NULL, NULL);
    struct hg_buf out = {0};
    HG_BUF_LIT(&out, "data: ");
    hg_event_to_json(e, (struct hg_slice){NULL, 0}, &out);
    assert_slice_equal(hg_buf_slice(&out), "data: " HEAD "}");
    hg_buf_fini(&out);
    struct hg_buf small = {.max = 10};
    hg_event_to_json(e, (struct hg_slice){NULL, 0}, &small);
    assert_true(small.is_failed);
    hg_buf_fini(&small);
    hg_event_unref(&e);
}

static void what_is_written_is_read_as_the_same_event(void **state) {
    (void)state;
    static const char *const texts[] = {
        HEAD "}",
        HEAD
        ",\"subject\":\"\\\"\\\\\xF0\x9F\x98\x80\",\"n\":5,\"b\":false,\"data\":[1, 2,\n3e400]}",
        HEAD ",\"datacontenttype\":\"text/plain\",\"data\":\"\\u0000\\n\xE2\x82\xAC\"}",
        HEAD ",\"datacontenttype\":\"application/xml\",\"data\":\"<a/>\"}",
        HEAD ",\"datacontenttype\":\"application/octet-stream\",\"data_base64\":\"AAEC/w==\"}",
        HEAD ",\"datacontenttype\":\"application/json\",\"data\":\"quotes stay\"}",
        HEAD ",\"datacontenttype\":\"text/plain\",\"data\":{\"not\":\"a string\"}}",
    };
    for (size_t i = 0; i < HG_COUNT(texts); i++) {
        struct hg_event *e = fixture_structured(texts[i]);
        char *once = fixture_json(e);
        assert_json(fixture_structured(once), once);
        if (i != 2) { /* whose escapes are written another way */
            assert_string_equal(once, texts[i]);
        }
        free(once);
        hg_event_unref(&e);
    }
}

static void header_values_are_percent_encoded(void **state) {
    (void)state;
    struct hg_buf out = {0};
    hg_codec_header_value(HG_SLICE("Euro \xE2\x82\xAC \xF0\x9F\x98\x80 100%\"x\"~!"), &out);
    assert_slice_equal(hg_buf_slice(&out), "Euro%20%E2%82%AC%20%F0%9F%98%80%20100%25%22x%22~!");
    hg_buf_clear(&out);
    hg_codec_header_value(HG_SLICE(""), &out);
    assert_int_equal(out.len, 0);
    hg_buf_fini(&out);
}

int test_encode(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes_come_in_a_fixed_order_before_the_data),
        cmocka_unit_test(each_kind_of_data_has_its_member),
        cmocka_unit_test(types_of_attributes_are_kept),
        cmocka_unit_test(quotes_and_backslashes_in_values_are_escaped),
        cmocka_unit_test(the_position_travels_as_an_extension_and_replaces_a_foreign_one),
        cmocka_unit_test(encoding_appends_and_fails_as_the_buffer_does),
        cmocka_unit_test(what_is_written_is_read_as_the_same_event),
        cmocka_unit_test(header_values_are_percent_encoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
