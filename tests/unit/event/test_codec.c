/* SPDX-License-Identifier: Apache-2.0 */
#include "event/codec.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "event/events.h"
#include "unit/event/fixture.h"
#include "unit/event/tests.h"

#define HEAD "{\"specversion\":\"1.0\",\"id\":\"i\",\"source\":\"s\",\"type\":\"t\""

static const struct hg_codec_opts lenient = {0};
static const struct hg_codec_opts strict = {.is_strict_data = true};

/* type, pointer, and a piece of the detail. */
static void assert_refused_with(const struct hg_codec_opts *opts, const char *text,
                                const char *type, const char *pointer, const char *detail) {
    struct hg_problem p = {0};
    struct hg_event *e = NULL;
    struct hg_slice body = fixture_copy(text, strlen(text));
    assert_int_equal(hg_codec_structured(body, opts, &e, &p), HG_EINVAL);
    free((char *)body.ptr);
    assert_null(e);
    assert_int_equal(p.status, 400);
    assert_int_equal(p.index, -1);
    if (strcmp(p.type, type) != 0 || strcmp(p.pointer, pointer) != 0 ||
        strstr(p.detail, detail) == NULL) {
        fail_msg("%s: %s %s %s", text, p.type, p.pointer, p.detail);
    }
}

static void assert_refused(const char *text, const char *pointer, const char *detail) {
    assert_refused_with(&lenient, text, "event-invalid", pointer, detail);
}

static void what_is_missing_or_wrong_is_named(void **state) {
    (void)state;
    assert_refused("{}", "/specversion", "\"specversion\" is missing");
    assert_refused("{\"specversion\":\"1.0\",\"source\":\"s\",\"type\":\"t\"}", "/id", "missing");
    assert_refused("{\"specversion\":\"1.0\",\"id\":\"i\",\"source\":\"s\"}", "/type", "missing");
    assert_refused("{\"specversion\":\"0.3\"}", "/specversion", "must be 1.0");
    assert_refused("{\"specversion\":1.0}", "/specversion", "must be a string");
    assert_refused("{\"id\":5}", "/id", "must be a string");
    assert_refused("{\"id\":true}", "/id", "must be a string");
    assert_refused("{\"id\":\"\"}", "/id", "must not be empty");
    assert_refused("{\"source\":[\"s\"]}", "/source", "must be a string");
    assert_refused("{\"subject\":\"\"}", "/subject", "must not be empty");
    assert_refused("{\"time\":\"now\"}", "/time", "RFC 3339");
    assert_refused("{\"id\":\"a\\u0000b\"}", "/id", "control character");
    assert_refused("{\"subject\":\"a\\r\\nb\"}", "/subject", "control character");
    assert_refused("{\"e\":\"\\uFFFF\"}", "/e", "noncharacter");
    assert_refused(HEAD ",\"id\":null}", "/id", "occurs twice");
    assert_refused("{\"id\":null}", "/specversion", "missing");
}

static void names_are_checked_even_of_what_is_null(void **state) {
    (void)state;
    assert_refused("{\"Upper\":\"x\"}", "", "\"Upper\" is not a legal name");
    assert_refused("{\"a_b\":\"x\"}", "/a_b", "not a legal name");
    assert_refused("{\"a-b\":null}", "", "not a legal name");
    assert_refused("{\"\":1}", "", "not a legal name");
    assert_refused("{\"d\\u0061ta\":1,\"a/~b\":1}", "", "\"a/~b\" is not a legal name");
    assert_refused("{\"\\u0000\":1}", "", "not a legal name");
}

static void values_of_extensions_have_a_type(void **state) {
    (void)state;
    struct hg_event *e = fixture_structured(
        HEAD ",\"n\":2147483647,\"z\":-0,\"y\":true,\"s\":\"\\u00fc\",\"gone\":null}");
    assert_int_equal(hg_event_extensions(e), 4);
    assert_int_equal(hg_event_extension(e, 0)->type, HG_ATTR_INTEGER);
    assert_slice_equal(fixture_attr(e, "n"), "2147483647");
    assert_slice_equal(fixture_attr(e, "z"), "0");
    assert_int_equal(hg_event_extension(e, 2)->type, HG_ATTR_BOOLEAN);
    assert_slice_equal(fixture_attr(e, "s"), "\xC3\xBC");
    hg_event_unref(&e);
    assert_refused(HEAD ",\"n\":2147483648}", "/n", "not an integer of 32 bits");
    assert_refused(HEAD ",\"n\":1.0}", "/n", "not an integer");
    assert_refused(HEAD ",\"n\":1e2}", "/n", "not an integer");
    assert_refused(HEAD ",\"n\":{}}", "/n", "must be a string, a number");
    assert_refused(HEAD ",\"n\":[]}", "/n", "must be a string, a number");
}

static void a_member_of_the_event_occurs_once(void **state) {
    (void)state;
    assert_refused(HEAD ",\"id\":\"j\"}", "/id", "occurs twice");
    assert_refused(HEAD ",\"\\u0069d\":\"i\"}", "/id", "occurs twice");
    assert_refused(HEAD ",\"x\":null,\"x\":null}", "/x", "occurs twice");
    assert_refused(HEAD ",\"data\":1,\"data\":1}", "/data", "occurs twice");
    assert_refused(HEAD ",\"data\":1,\"d\\u0061ta\":1}", "/data", "occurs twice");
    assert_refused(HEAD ",\"data_base64\":null,\"data_base64\":\"\"}", "/data_base64",
                   "occurs twice");
}

static void assert_data(const char *members, enum hg_data_kind kind, const char *expected) {
    char text[400];
    snprintf(text, sizeof(text), HEAD "%s%s}", members[0] != '\0' ? "," : "", members);
    struct hg_event *e = fixture_structured(text);
    enum hg_data_kind actual;
    struct hg_slice data = hg_event_data(e, &actual);
    if (actual != kind) {
        fail_msg("%s: %d", members, actual);
    }
    assert_slice_equal(data, expected);
    hg_event_unref(&e);
}

#define PLAIN "\"datacontenttype\":\"text/plain\","

static void data_is_json_text_or_bytes(void **state) {
    (void)state;
    assert_data("", HG_DATA_NONE, "");
    assert_data("\"data\":null", HG_DATA_JSON, "null");
    assert_data("\"data\":\"a\\u0062\"", HG_DATA_JSON, "\"a\\u0062\"");
    assert_data("\"data\": [1 , {\"a\" : 2}] ", HG_DATA_JSON, "[1 , {\"a\" : 2}]");
    assert_data("\"data\":\"\",\"datacontenttype\":\"application/JSON; a=b\"", HG_DATA_JSON,
                "\"\"");
    assert_data(PLAIN "\"data\":\"h\\u00e9 \\\"q\\\"\"", HG_DATA_TEXT, "h\xC3\xA9 \"q\"");
    assert_data(PLAIN "\"data\":\"\"", HG_DATA_TEXT, "");
    assert_data(PLAIN "\"data\":null", HG_DATA_NONE, "");
    assert_data(PLAIN "\"data\":{\"a\":1}", HG_DATA_JSON, "{\"a\":1}");
    assert_data("\"data_base64\":\"aGk=\"", HG_DATA_BINARY, "hi");
    assert_data("\"data_base64\":\"\"", HG_DATA_BINARY, "");
    assert_data("\"data_base64\":null", HG_DATA_NONE, "");
    assert_data("\"data_base64\":null,\"data\":1", HG_DATA_JSON, "1");
    /* As writers that escape every slash send it. */
    assert_data("\"data_base64\":\"\\/\\/\\/\\/\",\"subject\":\"\\u0061\"", HG_DATA_BINARY,
                "\xff\xff\xff");
    assert_data("\"data\":\"x\",\"datacontenttype\":\"text\\/plain\"", HG_DATA_TEXT, "x");
}

static void data_and_base64_that_do_not_fit_are_refused(void **state) {
    (void)state;
    assert_refused(HEAD ",\"data\":1,\"data_base64\":\"aGk=\"}", "", "not both");
    assert_refused(HEAD ",\"data\":null,\"data_base64\":\"aGk=\"}", "", "not both");
    assert_refused(HEAD ",\"data_base64\":5}", "/data_base64", "must be a string");
    assert_refused(HEAD ",\"data_base64\":\"aGk\"}", "/data_base64", "not base64");
    assert_refused(HEAD ",\"data_base64\":\"aG\\nk=\"}", "/data_base64", "not base64");
    assert_refused(HEAD ",\"data_base64\":\"aG-_\"}", "/data_base64", "not base64");
}

static void data_keeps_its_bytes_unless_strict(void **state) {
    (void)state;
    assert_data("\"data\":{\"a\":1,\"a\":1e999,\"b\":\"\\u0000\",\"c\":123456789012345678901}",
                HG_DATA_JSON,
                "{\"a\":1,\"a\":1e999,\"b\":\"\\u0000\",\"c\":123456789012345678901}");
    assert_refused_with(&strict, HEAD ",\"data\":[{\"a\":1,\"a\":2}]}", "event-invalid", "/data",
                        "twice");
    assert_refused_with(&strict, HEAD ",\"data\":\"\\u0000\"}", "event-invalid", "/data", "U+0000");
    assert_refused_with(&strict, HEAD ",\"data\":9223372036854775808}", "event-invalid", "/data",
                        "number");
    assert_refused_with(&strict, HEAD "," PLAIN "\"data\":5}", "event-invalid", "/data",
                        "must be a string");
}

static void what_is_not_json_or_not_an_object_is_refused(void **state) {
    (void)state;
    assert_refused_with(&lenient, "", "json-invalid", "", "too early, at byte 0");
    assert_refused_with(&lenient, "{\"id\":\"\\ud800\"}", "json-invalid", "", "byte 7");
    assert_refused_with(&lenient, HEAD "} x", "json-invalid", "", "not JSON");
    assert_refused_with(&lenient, HEAD "}{}", "json-invalid", "", "not JSON");
    assert_refused("[]", "", "must be a JSON object");
    assert_refused("null", "", "must be a JSON object");
}

static void data_may_be_nested_64_deep(void **state) {
    (void)state;
    for (int depth = 63; depth <= 66; depth++) {
        char text[400], open[80], close[80];
        memset(open, '[', sizeof(open));
        memset(close, ']', sizeof(close));
        snprintf(text, sizeof(text), HEAD ",\"data\":%.*s%.*s}", depth, open, depth, close);
        if (depth <= 64) {
            struct hg_event *e = fixture_structured(text);
            hg_event_unref(&e);
        } else {
            assert_refused_with(&lenient, text, "json-invalid", "", "nested deeper than 64");
        }
    }
}

static void more_than_64_extensions_are_refused(void **state) {
    (void)state;
    struct hg_buf text = {0};
    HG_BUF_LIT(&text, HEAD);
    for (int i = 0; i < 65; i++) {
        hg_buf_printf(&text, ",\"e%d\":%d", i, i);
    }
    hg_buf_put(&text, "}", 2);
    assert_refused(text.ptr, "", "more than 64");
    hg_buf_fini(&text);
}

static int decode_batch(const char *text, struct hg_events *list, struct hg_problem *p) {
    struct hg_slice body = fixture_copy(text, strlen(text));
    int err = hg_codec_batch(body, &lenient, list, p);
    free((char *)body.ptr);
    return err;
}

static void a_batch_gives_its_events_in_order(void **state) {
    (void)state;
    struct hg_events list = {.max = 100};
    struct hg_problem p;
    assert_int_equal(decode_batch(" [ ] ", &list, &p), 0);
    assert_int_equal(list.n, 0);
    assert_int_equal(decode_batch("[" HEAD "}]", &list, &p), 0);
    assert_int_equal(decode_batch(" [" HEAD ",\"n\":1} ,\n" HEAD ",\"n\":2, \"s\":\"\\n\"} , " HEAD
                                  ",\"n\":3}\t]\n",
                                  &list, &p),
                     HG_EINVAL); /* \n is a control character: and all go */
    assert_int_equal(list.n, 1);
    assert_int_equal(decode_batch(" [" HEAD ",\"n\":1,\"s\":\"\\u0041\"} ,\n" HEAD
                                  ",\"n\":2,\"data_base64\":\"aGk=\"} , " HEAD
                                  ",\"n\":3,\"data\":[1]}\t]\n",
                                  &list, &p),
                     0);
    assert_int_equal(list.n, 4);
    assert_slice_equal(fixture_attr(list.items[1], "n"), "1");
    assert_slice_equal(fixture_attr(list.items[1], "s"), "A");
    assert_slice_equal(fixture_attr(list.items[3], "n"), "3");
    enum hg_data_kind kind;
    assert_slice_equal(hg_event_data(list.items[2], &kind), "hi");
    assert_slice_equal(hg_event_data(list.items[3], &kind), "[1]");
    hg_events_fini(&list);
}

static void assert_batch_refused(const char *text, int status, const char *type, int index,
                                 const char *pointer) {
    struct hg_events list = {.max = 3};
    struct hg_problem p = {0};
    assert_int_equal(decode_batch("[" HEAD "}]", &list, &p), 0);
    assert_int_equal(decode_batch(text, &list, &p), HG_EINVAL);
    if (p.status != status || strcmp(p.type, type) != 0 || p.index != index ||
        strcmp(p.pointer, pointer) != 0) {
        fail_msg("%s: %d %s %d %s %s", text, p.status, p.type, p.index, p.pointer, p.detail);
    }
    assert_int_equal(list.n, 1); /* what was there before stays, nothing is added */
    hg_events_fini(&list);
}

static void a_batch_is_refused_whole_and_names_the_event(void **state) {
    (void)state;
    assert_batch_refused("[" HEAD "}," HEAD ",\"time\":\"x\"}]", 400, "event-invalid", 1,
                         "/1/time");
    assert_batch_refused("[" HEAD "}," HEAD "},{}]", 400, "event-invalid", 2, "/2/specversion");
    assert_batch_refused("[" HEAD "},5]", 400, "event-invalid", 1, "/1");
    assert_batch_refused("[" HEAD "},[" HEAD "}]]", 400, "event-invalid", 1, "/1");
    assert_batch_refused("[" HEAD "},{\"id\"}]", 400, "json-invalid", 1, "/1");
    assert_batch_refused("[" HEAD "},]", 400, "json-invalid", 1, "/1");
    assert_batch_refused("[" HEAD "}", 400, "json-invalid", -1, "");
    assert_batch_refused("[" HEAD "}] x", 400, "json-invalid", -1, "");
    assert_batch_refused("[" HEAD "} " HEAD "}]", 400, "json-invalid", -1, "");
    assert_batch_refused("[", 400, "json-invalid", 0, "/0");
    assert_batch_refused("[] []", 400, "json-invalid", -1, "");
    assert_batch_refused("", 400, "json-invalid", -1, "");
    assert_batch_refused("\xEF\xBB\xBF[]", 400, "json-invalid", -1, "");
    assert_batch_refused(HEAD "}", 400, "event-invalid", -1, "");
    assert_batch_refused("[" HEAD "}," HEAD "}," HEAD "}," HEAD "}]", 413, "batch-too-large", -1,
                         "");
}

static void a_list_that_is_full_ends_a_batch(void **state) {
    (void)state;
    struct hg_events list = {.max = 1};
    struct hg_problem p = {0};
    assert_int_equal(decode_batch("[" HEAD "}," HEAD "}]", &list, &p), HG_EINVAL);
    assert_int_equal(p.status, 413);
    assert_int_equal(list.n, 0);
    hg_events_fini(&list);
}

static void without_memory_nothing_is_left_behind(void **state) {
    (void)state;
    static const char text[] =
        "[" HEAD ",\"s\":\"\\u0041\",\"data_base64\":\"aGk=\"}," HEAD ",\"s\":\"\\u0042\"}]";
    for (int64_t n = 0;; n++) {
        struct hg_events list = {.max = 10};
        struct hg_problem p = {0};
        hg_alloc_fail_after(n);
        int err = decode_batch(text, &list, &p);
        if (hg_alloc_fail_is_pending()) {
            hg_alloc_fail_after(-1);
            assert_int_equal(err, 0);
            assert_int_equal(list.n, 2);
            hg_events_fini(&list);
            break;
        }
        assert_int_equal(err, HG_ENOMEM);
        assert_int_equal(list.n, 0);
        hg_events_fini(&list);
    }
}

static void cut_anywhere_an_event_is_refused(void **state) {
    (void)state;
    static const char text[] =
        HEAD ",\"s\":\"\\u0041\\ud83d\\ude00\",\"n\":1,\"data\":{\"a\":[1,2,\"\xC3\xA9\"]}}";
    for (size_t len = 0; len + 1 < sizeof(text); len++) {
        struct hg_slice body = fixture_copy(text, len);
        struct hg_event *e = NULL;
        struct hg_problem p;
        assert_int_equal(hg_codec_structured(body, &lenient, &e, &p), HG_EINVAL);
        free((char *)body.ptr);
    }
}

static void assert_mode(const char *content_type, enum hg_ce_mode mode, bool is_json) {
    bool actual;
    if (hg_codec_mode(hg_slice_of(content_type), &actual) != mode || actual != is_json) {
        fail_msg("%s", content_type != NULL ? content_type : "none");
    }
}

static void formats_and_charsets_that_are_not_read_are_told(void **state) {
    (void)state;
    assert_mode("application/cloudevents+json", HG_CE_STRUCTURED, true);
    assert_mode(" Application/CloudEvents+JSON ; charset=\"UTF-8\"", HG_CE_STRUCTURED, true);
    assert_mode("application/cloudevents-batch+json", HG_CE_BATCH, true);
    assert_mode("application/cloudevents+json; charset=utf-16", HG_CE_STRUCTURED, false);
    assert_mode("application/cloudevents", HG_CE_STRUCTURED, false);
    assert_mode("application/cloudevents+avro", HG_CE_STRUCTURED, false);
    assert_mode("application/cloudevents-batch", HG_CE_BATCH, false);
    assert_mode("application/cloudevents-batch+protobuf", HG_CE_BATCH, false);
    assert_mode("application/cloudevent+json", HG_CE_BINARY, false);
    assert_mode("", HG_CE_BINARY, false);
    assert_mode(NULL, HG_CE_BINARY, false);
}

static void modes_are_as_the_suite_says(void **state) {
    (void)state;
    char path[512];
    if (!fixture_path("cloudevents/http-mode.json", path, sizeof(path))) {
        skip();
    }
    static const char *const names[] = {"binary", "structured", "batch"};
    json_error_t error;
    json_t *cases = json_load_file(path, 0, &error), *item;
    assert_true(json_array_size(cases) > 10);
    size_t i;
    json_array_foreach(cases, i, item) {
        bool is_json;
        const char *media_type = json_string_value(json_object_get(item, "content_type"));
        enum hg_ce_mode mode = hg_codec_mode(hg_slice_of(media_type), &is_json);
        assert_string_equal(names[mode], json_string_value(json_object_get(item, "mode")));
    }
    json_decref(cases);
}

int test_codec(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_missing_or_wrong_is_named),
        cmocka_unit_test(names_are_checked_even_of_what_is_null),
        cmocka_unit_test(values_of_extensions_have_a_type),
        cmocka_unit_test(a_member_of_the_event_occurs_once),
        cmocka_unit_test(data_is_json_text_or_bytes),
        cmocka_unit_test(data_and_base64_that_do_not_fit_are_refused),
        cmocka_unit_test(data_keeps_its_bytes_unless_strict),
        cmocka_unit_test(what_is_not_json_or_not_an_object_is_refused),
        cmocka_unit_test(data_may_be_nested_64_deep),
        cmocka_unit_test(more_than_64_extensions_are_refused),
        cmocka_unit_test(a_batch_gives_its_events_in_order),
        cmocka_unit_test(a_batch_is_refused_whole_and_names_the_event),
        cmocka_unit_test(a_list_that_is_full_ends_a_batch),
        cmocka_unit_test(without_memory_nothing_is_left_behind),
        cmocka_unit_test(cut_anywhere_an_event_is_refused),
        cmocka_unit_test(formats_and_charsets_that_are_not_read_are_told),
        cmocka_unit_test(modes_are_as_the_suite_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
