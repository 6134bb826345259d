/* SPDX-License-Identifier: Apache-2.0 */
/* test_record.c - what is written as a Kafka message is what the binding says,
 * and is read again as it was. */
#include "../../../modules/log_kafka/record.h"

#include <stdio.h>

#include "modules/log_kafka/tests.h"
#include "unit/unit.h"

static struct hg_event *make(enum hg_data_kind kind, const char *media_type, const char *data,
                             size_t len) {
    struct hg_event_builder *b = hg_event_builder_new();
    struct hg_event *e = NULL;
    const char *missing;
    const struct {
        const char *name, *value;
        enum hg_attr_type type;
    } attrs[] = {
        {"specversion", "1.0", HG_ATTR_STRING},
        {"id", "50% \"off\"", HG_ATTR_STRING},
        {"source", "/shop", HG_ATTR_STRING},
        {"type", "order.made", HG_ATTR_STRING},
        {"subject", "gr\xC3\xBC\xC3\x9F", HG_ATTR_STRING},
        {"time", "2026-01-02T03:04:05.678901Z", HG_ATTR_STRING},
        {"plain", "x", HG_ATTR_STRING},
        {"count", "-7", HG_ATTR_INTEGER},
        {"flag", "true", HG_ATTR_BOOLEAN},
    };
    for (size_t i = 0; i < HG_COUNT(attrs); i++) {
        assert_int_equal(hg_event_builder_set(b, hg_slice_of(attrs[i].name),
                                              hg_slice_of(attrs[i].value), attrs[i].type),
                         0);
    }
    if (media_type != NULL) {
        (void)hg_event_builder_set(b, HG_SLICE("datacontenttype"), hg_slice_of(media_type),
                                   HG_ATTR_STRING);
    }
    hg_event_builder_data(b, kind, (struct hg_slice){data, len});
    assert_int_equal(hg_event_builder_seal(b, &e, &missing), 0);
    hg_event_builder_free(&b);
    return e;
}

static struct kafka_message as_message(const struct kafka_draft *d) {
    return (struct kafka_message){
        .topic = HG_SLICE("orders"),
        .partition = 3,
        .offset = 42,
        .timestamp_ms = 1700000000123,
        .has_key = d->key.len > 0,
        .key = d->key,
        .has_value = d->has_value,
        .value = d->value,
        .headers = d->headers,
        .n_headers = d->n_headers,
    };
}

static struct hg_slice header(const struct kafka_draft *d, const char *name) {
    for (size_t i = 0; i < d->n_headers; i++) {
        if (hg_slice_eq(d->headers[i].name, hg_slice_of(name))) {
            return d->headers[i].value;
        }
    }
    return HG_SLICE("(none)");
}

static char *json_of(const struct hg_event *e) {
    struct hg_buf out = {0};
    hg_event_to_json(e, (struct hg_slice){NULL, 0}, &out);
    hg_buf_put(&out, "", 1);
    return out.ptr;
}

static void assert_same(const struct hg_event *a, const struct hg_event *b) {
    char *one = json_of(a), *other = json_of(b);
    assert_string_equal(one, other);
    hg_free(one);
    hg_free(other);
    enum hg_data_kind of_a, of_b;
    (void)hg_event_data(a, &of_a);
    (void)hg_event_data(b, &of_b);
    assert_int_equal(of_a, of_b);
}

static const struct hg_record_header own[] = {{HG_SLICE("hg_reason"), HG_SLICE("schema")},
                                              {HG_SLICE("hg_ce-id"), {"", 0}}};

static void assert_comes_back(struct hg_event *e, enum kafka_mode mode) {
    struct kafka_draft draft = {0};
    struct kafka_reader *reader = kafka_reader_new();
    enum kafka_reading reading;
    struct hg_record r = {.event = e,
                          .key = HG_SLICE("a key"),
                          .headers = own,
                          .n_headers = HG_COUNT(own),
                          .owner = UINT64_C(0xFEDCBA9876543210)};
    struct hg_record back;
    memcpy(r.digest, "0123456789abcdef", 16);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(kafka_record_write(&r, mode, &draft), 0);
        struct kafka_message m = as_message(&draft);
        assert_int_equal(kafka_record_read(reader, &m, &back, &reading), 0);
        assert_int_equal(reading, KAFKA_EVENT);
        assert_same(e, back.event);
        unit_assert_slice(back.key, "a key");
        assert_true(back.owner == r.owner && back.offset == 42);
        assert_true(back.log_time_ms == 1700000000123);
        assert_memory_equal(back.digest, r.digest, 16);
        assert_int_equal(back.n_headers, 2);
        unit_assert_slice(back.headers[0].name, "hg_reason");
        unit_assert_slice(back.headers[0].value, "schema");
        unit_assert_slice(back.headers[1].name, "hg_ce-id");
        hg_event_unref(&back.event);
    }
    kafka_reader_free(&reader);
    kafka_draft_fini(&draft);
    hg_event_unref(&e);
}

static void an_event_comes_back_in_both_modes(void **state) {
    (void)state;
    for (int mode = KAFKA_BINARY; mode <= KAFKA_STRUCTURED; mode++) {
        enum kafka_mode m = (enum kafka_mode)mode;
        assert_comes_back(make(HG_DATA_JSON, "application/json", "{\"a\": 1}", 8), m);
        assert_comes_back(make(HG_DATA_JSON, NULL, "{\"a\": 1}", 8), m);
        assert_comes_back(make(HG_DATA_JSON, "application/vnd.x+json", "[]", 2), m);
        assert_comes_back(make(HG_DATA_TEXT, "text/plain", "h\xC3\xA9", 3), m);
        assert_comes_back(make(HG_DATA_TEXT, "application/xml", "<a/>", 4), m);
        assert_comes_back(make(HG_DATA_BINARY, "image/png", "\x89\0\xFF", 3), m);
        assert_comes_back(make(HG_DATA_BINARY, NULL, "abc", 3), m);
        assert_comes_back(make(HG_DATA_BINARY, "text/plain", "abc", 3), m);
        assert_comes_back(make(HG_DATA_BINARY, "application/json", "{}", 2), m);
        assert_comes_back(make(HG_DATA_BINARY, NULL, "", 0), m);
        assert_comes_back(make(HG_DATA_NONE, NULL, "", 0), m);
        assert_comes_back(make(HG_DATA_NONE, "text/plain", "", 0), m);
    }
}

/* A dead letter has the media type of what was refused. In binary mode every
 * reader would take it for a message in structured mode. */
static void an_event_inside_an_event_comes_back_as_it_was(void **state) {
    (void)state;
    static const char *const types[] = {"application/cloudevents+json; charset=utf-8",
                                        "Application/CloudEvents-batch+json"};
    const char inner[] = "{\"specversion\":\"1.0\",\"id\":\"i\",\"source\":\"s\",\"type\":\"t\"}";
    for (size_t i = 0; i < HG_COUNT(types); i++) {
        struct kafka_draft d = {0};
        struct hg_record r = {.event = make(HG_DATA_BINARY, types[i], "rubbish", 7)};
        assert_int_equal(kafka_record_write(&r, KAFKA_BINARY, &d), 0);
        assert_true(d.is_structured);
        unit_assert_slice(header(&d, "content-type"), "application/cloudevents+json");
        hg_event_unref(&r.event);
        kafka_draft_fini(&d);
        assert_comes_back(make(HG_DATA_BINARY, types[i], "rubbish", 7), KAFKA_BINARY);
        assert_comes_back(make(HG_DATA_BINARY, types[i], inner, sizeof(inner) - 1), KAFKA_BINARY);
        assert_comes_back(make(HG_DATA_JSON, types[i], inner, sizeof(inner) - 1), KAFKA_BINARY);
    }
}

static void binary_mode_is_as_the_binding_says(void **state) {
    (void)state;
    struct kafka_draft d = {0};
    struct hg_record r = {.event = make(HG_DATA_JSON, "application/json", "{\"a\":1}", 7),
                          .owner = 77};
    assert_int_equal(kafka_record_write(&r, KAFKA_BINARY, &d), 0);
    unit_assert_slice(d.value, "{\"a\":1}");
    assert_true(d.has_value);
    unit_assert_slice(header(&d, "content-type"), "application/json");
    unit_assert_slice(header(&d, "ce_datacontenttype"), "(none)");
    unit_assert_slice(header(&d, "ce_specversion"), "1.0");
    unit_assert_slice(header(&d, "ce_id"), "50% \"off\""); /* as it is, not percent-encoded */
    unit_assert_slice(header(&d, "ce_subject"), "gr\xC3\xBC\xC3\x9F");
    unit_assert_slice(header(&d, "ce_time"), "2026-01-02T03:04:05.678901Z");
    unit_assert_slice(header(&d, "ce_count"), "-7");
    unit_assert_slice(header(&d, "hg_types"), "count:i flag:b");
    unit_assert_slice(header(&d, "hg_data"), "(none)");
    unit_assert_slice(header(&d, "hg_owner"), "000000000000004d");
    unit_assert_slice(header(&d, "hg_digest"), "00000000000000000000000000000000");
    hg_event_unref(&r.event);
    r.event = make(HG_DATA_JSON, NULL, "1", 1);
    assert_int_equal(kafka_record_write(&r, KAFKA_BINARY, &d), 0);
    unit_assert_slice(header(&d, "content-type"), "application/json");
    unit_assert_slice(header(&d, "hg_data"), "untyped");
    hg_event_unref(&r.event);
    r.event = make(HG_DATA_NONE, NULL, NULL, 0);
    assert_int_equal(kafka_record_write(&r, KAFKA_BINARY, &d), 0);
    assert_false(d.has_value);
    hg_event_unref(&r.event);
    kafka_draft_fini(&d);
}

static void structured_mode_is_one_json_value(void **state) {
    (void)state;
    struct kafka_draft d = {0};
    struct hg_record r = {.event = make(HG_DATA_NONE, NULL, NULL, 0)};
    assert_int_equal(kafka_record_write(&r, KAFKA_STRUCTURED, &d), 0);
    unit_assert_slice(header(&d, "content-type"), "application/cloudevents+json");
    assert_true(d.has_value); /* an event without data is no tombstone here [KB 3.3] */
    char *json = json_of(r.event);
    unit_assert_slice(d.value, json);
    hg_free(json);
    hg_event_unref(&r.event);
    kafka_draft_fini(&d);
}

/* JSON data of an event without a media type: others must see that it is JSON. */
static void json_without_a_media_type_gets_one(void **state) {
    (void)state;
    struct kafka_draft d = {0};
    struct hg_record r = {.event = make(HG_DATA_JSON, NULL, "1", 1)};
    assert_int_equal(kafka_record_write(&r, KAFKA_BINARY, &d), 0);
    unit_assert_slice(header(&d, "content-type"), "application/json");
    hg_event_unref(&r.event);
    kafka_draft_fini(&d);
}

static void a_tombstone_has_neither_value_nor_attributes(void **state) {
    (void)state;
    struct kafka_draft d = {0};
    struct kafka_reader *reader = kafka_reader_new();
    enum kafka_reading reading;
    struct hg_record back, r = {.key = HG_SLICE("k"), .owner = 5};
    for (int mode = KAFKA_BINARY; mode <= KAFKA_STRUCTURED; mode++) {
        assert_int_equal(kafka_record_write(&r, (enum kafka_mode)mode, &d), 0);
        assert_false(d.has_value);
        unit_assert_slice(header(&d, "content-type"), "(none)");
        struct kafka_message m = as_message(&d);
        assert_int_equal(kafka_record_read(reader, &m, &back, &reading), 0);
        assert_int_equal(reading, KAFKA_TOMBSTONE);
        assert_null(back.event);
        unit_assert_slice(back.key, "k");
        assert_true(back.owner == 5);
    }
    kafka_reader_free(&reader);
    kafka_draft_fini(&d);
}

/* 61 of the batch, 1 or 2 of the record's length, 3 fixed, 1 for no key, 1 for the
 * number of headers; lengths take a second byte from 64 on. */
static void the_size_is_the_one_that_brokers_count(void **state) {
    static char value[64];
    struct kafka_draft d = {.has_value = true, .value = {value, 0}};
    (void)state;
    assert_int_equal(kafka_draft_bytes(&d), 61 + 1 + 3 + 1 + 1 + 1);
    d.value.len = 57;
    assert_int_equal(kafka_draft_bytes(&d), 61 + 1 + 3 + 1 + (1 + 57) + 1);
    d.value.len = 58; /* the record has 64 bytes now */
    assert_int_equal(kafka_draft_bytes(&d), 61 + 2 + 3 + 1 + (1 + 58) + 1);
    d.value.len = 64;
    d.key = HG_SLICE("key");
    d.headers[d.n_headers++] = (struct hg_record_header){HG_SLICE("ce_id"), HG_SLICE("1")};
    assert_int_equal(kafka_draft_bytes(&d), 61 + 2 + 3 + 4 + (2 + 64) + 1 + 6 + 2);
}

static void headers_that_cannot_be_kept_are_refused(void **state) {
    (void)state;
    struct kafka_draft d = {0};
    struct hg_record_header many[KAFKA_RECORD_HEADERS_MAX + 1];
    struct hg_record r = {.event = make(HG_DATA_NONE, NULL, NULL, 0), .headers = many};
    for (size_t i = 0; i < HG_COUNT(many); i++) {
        many[i] = (struct hg_record_header){HG_SLICE("mine"), HG_SLICE("1")};
    }
    r.n_headers = KAFKA_RECORD_HEADERS_MAX;
    assert_int_equal(kafka_record_write(&r, KAFKA_BINARY, &d), 0);
    unit_assert_slice(header(&d, "hg_mine"), "1");
    r.n_headers++;
    assert_int_equal(kafka_record_write(&r, KAFKA_BINARY, &d), HG_E2BIG);
    r.n_headers = 1;
    many[0].name = HG_SLICE("hg_owner");
    assert_int_equal(kafka_record_write(&r, KAFKA_BINARY, &d), HG_EINVAL);
    hg_event_unref(&r.event);
    kafka_draft_fini(&d);
}

int test_record(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_comes_back_in_both_modes),
        cmocka_unit_test(an_event_inside_an_event_comes_back_as_it_was),
        cmocka_unit_test(binary_mode_is_as_the_binding_says),
        cmocka_unit_test(structured_mode_is_one_json_value),
        cmocka_unit_test(json_without_a_media_type_gets_one),
        cmocka_unit_test(a_tombstone_has_neither_value_nor_attributes),
        cmocka_unit_test(the_size_is_the_one_that_brokers_count),
        cmocka_unit_test(headers_that_cannot_be_kept_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
