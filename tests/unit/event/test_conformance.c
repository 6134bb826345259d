/* SPDX-License-Identifier: Apache-2.0 */
/* What SDKs really sent, byte for byte, and the events and messages of the
 * CloudEvents conformance suite, read and written again. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "event/codec.h"
#include "event/events.h"
#include "unit/event/fixture.h"
#include "unit/event/tests.h"

enum { FIELDS_MAX = 64 };

static const struct hg_codec_opts lenient = {0};

/* A recorded request, taken apart in place. */
struct request {
    struct hg_field fields[FIELDS_MAX];
    size_t n;
    struct hg_slice body;
};

static struct hg_slice field(const struct request *r, const char *name) {
    for (size_t i = 0; i < r->n; i++) {
        if (hg_slice_eq(r->fields[i].name, hg_slice_of(name))) {
            return r->fields[i].value;
        }
    }
    return (struct hg_slice){NULL, 0};
}

static struct hg_slice take_line(struct hg_slice *s) {
    const char *end = memchr(s->ptr, '\n', s->len);
    assert_non_null(end);
    size_t len = (size_t)(end - s->ptr);
    struct hg_slice line = {s->ptr, len > 0 && end[-1] == '\r' ? len - 1 : len};
    *s = (struct hg_slice){end + 1, s->len - len - 1};
    return line;
}

static void lower(struct hg_slice s) {
    for (size_t i = 0; i < s.len; i++) {
        char *c = (char *)&s.ptr[i];
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
    }
}

/* The chunks moved together. */
static struct hg_slice join_chunks(struct hg_slice rest) {
    char *to = (char *)rest.ptr;
    struct hg_slice body = {to, 0};
    for (;;) {
        size_t n = strtoul(take_line(&rest).ptr, NULL, 16);
        if (n == 0) {
            return body;
        }
        assert_true(n <= rest.len);
        memmove(to + body.len, rest.ptr, n);
        body.len += n;
        rest = (struct hg_slice){rest.ptr + n, rest.len - n};
        take_line(&rest);
    }
}

static void take_apart(struct hg_slice bytes, struct request *r) {
    r->n = 0;
    take_line(&bytes);
    for (struct hg_slice line = take_line(&bytes); line.len > 0; line = take_line(&bytes)) {
        const char *colon = memchr(line.ptr, ':', line.len);
        assert_true(colon != NULL && r->n < FIELDS_MAX);
        struct hg_slice name = {line.ptr, (size_t)(colon - line.ptr)};
        struct hg_slice value = {colon + 1, line.len - name.len - 1};
        while (value.len > 0 && value.ptr[0] == ' ') {
            value = (struct hg_slice){value.ptr + 1, value.len - 1};
        }
        lower(name);
        r->fields[r->n++] = (struct hg_field){name, value};
    }
    r->body = field(r, "transfer-encoding").len > 0 ? join_chunks(bytes) : bytes;
}

static const char *text_of(json_t *item, const char *member) {
    return json_string_value(json_object_get(item, member));
}

/* The event, written again, is the JSON value that was expected. */
static void assert_event_is(const struct hg_event *e, json_t *expected, const char *what) {
    char *text = fixture_json(e);
    json_error_t error;
    json_t *actual = json_loads(text, 0, &error);
    if (!json_equal(actual, expected)) {
        fail_msg("%s: %s", what, text);
    }
    json_decref(actual);
    free(text);
}

static void assert_attributes(const struct hg_event *e, json_t *expected, const char *what) {
    const char *name;
    json_t *value;
    json_object_foreach(expected, name, value) {
        struct hg_slice want = hg_slice_of(json_string_value(value)), got;
        if (!hg_event_attr(e, hg_slice_of(name), &got) || !hg_slice_eq(got, want)) {
            fail_msg("%s: %s", what, name);
        }
    }
    size_t n = hg_event_extensions(e);
    for (unsigned i = 0; i < HG_CORE_ATTRS; i++) {
        n += hg_event_core(e, (enum hg_core_attr)i).len > 0;
    }
    assert_int_equal(n, json_object_size(expected));
}

static void assert_data_is(const struct hg_event *e, json_t *hex, const char *what) {
    enum hg_data_kind kind;
    struct hg_slice data = hg_event_data(e, &kind);
    if (json_is_null(hex)) {
        assert_int_equal(kind, HG_DATA_NONE);
        return;
    }
    struct hg_buf actual = {0};
    for (size_t i = 0; i < data.len; i++) {
        hg_buf_printf(&actual, "%02x", (unsigned char)data.ptr[i]);
    }
    if (!hg_slice_eq(hg_buf_slice(&actual), hg_slice_of(json_string_value(hex)))) {
        fail_msg("%s: %.*s", what, HG_FMT(hg_buf_slice(&actual)));
    }
    hg_buf_fini(&actual);
}

static int decode(const struct request *r, struct hg_events *list, struct hg_problem *p) {
    bool is_json;
    struct hg_event *e = NULL;
    enum hg_ce_mode mode = hg_codec_mode(field(r, "content-type"), &is_json);
    if (mode == HG_CE_BATCH) {
        return hg_codec_batch(r->body, &lenient, list, p);
    }
    int err = mode == HG_CE_STRUCTURED ? hg_codec_structured(r->body, &lenient, &e, p)
                                       : hg_codec_binary(r->fields, r->n, r->body, &lenient, &e, p);
    return err != 0 ? err : hg_events_add(list, &e);
}

static void try_sdk_case(const char *dir, json_t *item) {
    const char *name = text_of(item, "file");
    char path[600];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    struct hg_slice bytes = fixture_read(path);
    struct request r;
    take_apart(bytes, &r);
    struct hg_events list = {.max = 10};
    struct hg_problem p = {0};
    int err = decode(&r, &list, &p);
    if (!json_is_true(json_object_get(item, "accept"))) {
        assert_int_equal(err, HG_EINVAL);
        assert_int_equal(p.status, 400);
        assert_non_null(strstr(p.detail, "header ce-subject"));
        assert_non_null(strstr(p.detail, "percent-encode"));
    } else if (err != 0) {
        fail_msg("%s: %s", name, p.detail);
    } else if (json_object_get(item, "events") != NULL) {
        json_t *events = json_object_get(item, "events");
        assert_int_equal(list.n, json_array_size(events));
        for (size_t i = 0; i < list.n; i++) {
            assert_event_is(list.items[i], json_array_get(events, i), name);
        }
    } else {
        assert_int_equal(list.n, 1);
        assert_attributes(list.items[0], json_object_get(item, "attributes"), name);
        assert_data_is(list.items[0], json_object_get(item, "data_hex"), name);
    }
    hg_events_fini(&list);
    free((char *)bytes.ptr);
}

static void what_the_sdks_send_is_read_as_it_was_meant(void **state) {
    (void)state;
    char dir[512], path[600];
    if (!fixture_path("cloudevents-sdk", dir, sizeof(dir))) {
        skip();
    }
    snprintf(path, sizeof(path), "%s/cases.json", dir);
    json_error_t error;
    json_t *cases = json_load_file(path, 0, &error), *item;
    assert_true(json_array_size(cases) >= 32);
    size_t i;
    json_array_foreach(cases, i, item) {
        try_sdk_case(dir, item);
    }
    json_decref(cases);
}

/* An attribute for a header, in memory that lives as long as out. */
static void add_field(struct request *r, struct hg_buf *out, const char *name, const char *value) {
    size_t at = out->len;
    hg_buf_printf(out, "ce-%s", name);
    size_t middle = out->len;
    hg_codec_header_value(hg_slice_of(value), out);
    assert_true(!out->is_failed && r->n < FIELDS_MAX);
    r->fields[r->n++] =
        (struct hg_field){{out->ptr + at, middle - at}, {out->ptr + middle, out->len - middle}};
}

static void add_fields(struct request *r, struct hg_buf *out, json_t *attributes) {
    const char *name;
    json_t *value;
    json_object_foreach(attributes, name, value) {
        if (json_is_object(value)) {
            add_fields(r, out, value);
        } else if (strcmp(name, "datacontenttype") == 0) {
            struct hg_slice media_type = hg_slice_of(json_string_value(value));
            r->fields[r->n++] = (struct hg_field){HG_SLICE("content-type"), media_type};
        } else {
            add_field(r, out, name, json_string_value(value));
        }
    }
}

/* Why the event must be refused, or NULL: this is version 1.0, and an
 * attribute holds no line feed, which one event of the suite has. */
static const char *reason_to_refuse(json_t *attributes) {
    if (strcmp(text_of(attributes, "specversion"), "1.0") != 0) {
        return "specversion must be 1.0";
    }
    const char *extension =
        text_of(json_object_get(attributes, "Extensions"), "comexampleextension2");
    return extension != NULL && strchr(extension, '\n') != NULL
               ? "comexampleextension2 has a control character"
               : NULL;
}

/* White space around a JSON text is not part of the value. */
static size_t data_len(const char *text, enum hg_data_kind kind) {
    size_t len = strlen(text);
    return kind == HG_DATA_JSON && text[len - 1] == '\n' ? len - 1 : len;
}

static void try_event(json_t *item, const char *what) {
    json_t *attributes = json_object_get(item, "ContextAttributes");
    struct request r = {.body = hg_slice_of(text_of(item, "Data"))};
    struct hg_buf out = {0};
    assert_int_equal(hg_buf_reserve(&out, 4096), 0);
    add_fields(&r, &out, attributes);
    struct hg_problem p = {0};
    struct hg_event *e = NULL;
    const char *reason = reason_to_refuse(attributes);
    int err = hg_codec_binary(r.fields, r.n, r.body, &lenient, &e, &p);
    if (reason != NULL) {
        assert_int_equal(err, HG_EINVAL);
        assert_non_null(strstr(p.detail, reason));
    } else if (err != 0) {
        fail_msg("%s: %s", what, p.detail);
    } else {
        enum hg_data_kind kind, kind_back;
        assert_attributes(e, attributes, what);
        assert_slice_equal(hg_event_data(e, &kind), text_of(item, "Data"));
        /* And through structured mode. */
        char *text = fixture_json(e);
        struct hg_event *back = fixture_structured(text);
        assert_attributes(back, attributes, what);
        struct hg_slice data = hg_event_data(back, &kind_back);
        assert_int_equal(kind, kind_back);
        assert_int_equal(data.len, data_len(text_of(item, "Data"), kind));
        assert_memory_equal(data.ptr, text_of(item, "Data"), data.len);
        free(text);
        hg_event_unref(&back);
    }
    hg_event_unref(&e);
    hg_buf_fini(&out);
}

static void events_of_the_suite_pass_both_modes_or_are_refused(void **state) {
    (void)state;
    static const char *const files[] = {"v1.json", "v1_minimum.json", "v03.json",
                                        "v03_minimum.json"};
    for (size_t i = 0; i < HG_COUNT(files); i++) {
        char dir[512], path[600];
        if (!fixture_path("cloudevents/events", dir, sizeof(dir))) {
            skip();
        }
        snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
        json_error_t error;
        json_t *events = json_load_file(path, 0, &error), *item;
        assert_true(json_array_size(events) > 0);
        size_t at;
        json_array_foreach(events, at, item) {
            try_event(item, files[i]);
        }
        json_decref(events);
    }
}

/* The message between the first pair of triple quotes after `from`, without
 * the eight blanks of its indent. */
static struct hg_slice message_after(struct hg_slice feature, const char *from, char *out) {
    const char *at = strstr(strstr(feature.ptr, from), "\"\"\"\n") + 4;
    const char *end = strstr(at, "        \"\"\"");
    size_t len = 0;
    while (at < end) {
        const char *line_end = strchr(at, '\n') + 1;
        at += strncmp(at, "        ", 8) == 0 ? 8 : 0;
        memcpy(out + len, at, (size_t)(line_end - at));
        len += (size_t)(line_end - at);
        at = line_end;
    }
    return (struct hg_slice){out, len};
}

static void put_media_type(struct request *r, const char *media_type) {
    for (size_t i = 0; i < r->n; i++) {
        if (hg_slice_eq(r->fields[i].name, HG_SLICE("content-type"))) {
            r->fields[i].value = hg_slice_of(media_type);
        }
    }
}

static void try_message(struct hg_slice feature, const char *from, const char *media_type) {
    char text[2048];
    struct request r;
    take_apart(message_after(feature, from, text), &r);
    put_media_type(&r, media_type);
    struct hg_events list = {.max = 1};
    struct hg_problem p = {0};
    assert_int_equal(decode(&r, &list, &p), 0);
    const struct hg_event *e = list.items[0];
    assert_slice_equal(fixture_attr(e, "id"), "1234-1234-1234");
    assert_slice_equal(fixture_attr(e, "specversion"), "1.0");
    assert_slice_equal(fixture_attr(e, "type"), "com.example.someevent");
    assert_slice_equal(fixture_attr(e, "source"), "/mycontext/subcontext");
    assert_slice_equal(fixture_attr(e, "time"), "2018-04-05T03:56:24Z");
    bool is_json;
    bool is_binary = hg_codec_mode(hg_slice_of(media_type), &is_json) == HG_CE_BINARY;
    assert_slice_equal(fixture_attr(e, "datacontenttype"),
                       is_binary ? media_type : "application/json");
    enum hg_data_kind kind;
    struct hg_slice data = hg_event_data(e, &kind);
    json_error_t error;
    json_t *actual = json_loadb(data.ptr, data.len, 0, &error);
    json_t *expected = json_pack("{s:s}", "message", "Hello World!");
    assert_true(json_equal(actual, expected));
    json_decref(actual);
    json_decref(expected);
    hg_events_fini(&list);
}

static void messages_of_the_http_feature_are_read(void **state) {
    (void)state;
    char path[512];
    if (!fixture_path("cloudevents/features/http-protocol-binding.feature", path, sizeof(path))) {
        skip();
    }
    struct hg_slice bytes = fixture_read(path);
    char *text = calloc(bytes.len + 1, 1);
    memcpy(text, bytes.ptr, bytes.len);
    struct hg_slice feature = {text, bytes.len};
    try_message(feature, "Binary content mode", "application/json");
    try_message(feature, "Binary content mode", "application/json; charset=utf-8");
    try_message(feature, "Structured content mode", "application/cloudevents+json");
    try_message(feature, "Structured content mode", "application/cloudevents+json; charset=utf-8");
    free(text);
    free((char *)bytes.ptr);
}

int test_conformance(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_sdks_send_is_read_as_it_was_meant),
        cmocka_unit_test(events_of_the_suite_pass_both_modes_or_are_refused),
        cmocka_unit_test(messages_of_the_http_feature_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
