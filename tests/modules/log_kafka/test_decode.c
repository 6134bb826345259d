/* SPDX-License-Identifier: Apache-2.0 */
/* test_decode.c - records out of messages that others wrote: right ones, plain
 * ones and broken ones. */
#include <stdio.h>
#include <stdlib.h>

#include "../../../modules/log_kafka/record.h"
#include "modules/log_kafka/tests.h"
#include "unit/unit.h"

enum { HEADERS_MAX = 100 };

struct given {
    struct kafka_message m;
    struct hg_record_header headers[HEADERS_MAX];
    struct kafka_reader *reader;
    struct hg_record got;
    enum kafka_reading reading;
};

static int set_up(void **state) {
    struct given *g = calloc(1, sizeof(*g));
    g->reader = kafka_reader_new();
    g->m = (struct kafka_message){.topic = HG_SLICE("orders.eu"),
                                  .partition = 12,
                                  .offset = 345,
                                  .timestamp_ms = 1767323045006,
                                  .headers = g->headers};
    *state = g;
    return 0;
}

static int tear_down(void **state) {
    struct given *g = *state;
    hg_event_unref(&g->got.event);
    kafka_reader_free(&g->reader);
    free(g);
    return 0;
}

static void header(struct given *g, const char *name, const char *value) {
    assert_true(g->m.n_headers < HEADERS_MAX);
    g->headers[g->m.n_headers++] = (struct hg_record_header){hg_slice_of(name), hg_slice_of(value)};
}

static void value_of(struct given *g, const char *bytes, size_t len) {
    g->m.has_value = true;
    g->m.value = (struct hg_slice){bytes, len};
}

static void required(struct given *g) {
    header(g, "ce_specversion", "1.0");
    header(g, "ce_id", "1234-1234-1234");
    header(g, "ce_type", "com.example.someevent");
    header(g, "ce_source", "/mycontext/subcontext");
}

static void read_it(struct given *g, enum kafka_reading want) {
    hg_event_unref(&g->got.event);
    assert_int_equal(kafka_record_read(g->reader, &g->m, &g->got, &g->reading), 0);
    assert_int_equal(g->reading, want);
}

static void assert_attr(struct given *g, const char *name, const char *want) {
    struct hg_slice value;
    bool has = hg_event_attr(g->got.event, hg_slice_of(name), &value);
    assert_true(has == (want != NULL));
    if (has) {
        unit_assert_slice(value, want);
    }
}

static void assert_data(struct given *g, enum hg_data_kind want_kind, const char *want) {
    enum hg_data_kind kind;
    unit_assert_slice(hg_event_data(g->got.event, &kind), want);
    assert_int_equal(kind, want_kind);
}

/* The two scenarios of the specification's own suite. */
static void the_suites_messages_are_read(void **state) {
    struct given *g = *state;
    static const char *const types[] = {"application/cloudevents+json",
                                        "application/cloudevents+json; charset=utf-8",
                                        "Application/CloudEvents+JSON"};
    static const char json[] =
        "{\"specversion\":\"1.0\",\"type\":\"com.example.someevent\","
        "\"time\":\"2018-04-05T03:56:24Z\",\"id\":\"1234-1234-1234\","
        "\"source\":\"/mycontext/subcontext\",\"datacontenttype\":\"application/json\","
        "\"data\":{\"message\": \"Hello World!\"}}";
    for (size_t i = 0; i <= HG_COUNT(types); i++) {
        g->m.n_headers = 0;
        if (i < HG_COUNT(types)) {
            header(g, "content-type", types[i]);
            value_of(g, json, strlen(json));
        } else {
            required(g);
            header(g, "ce_time", "2018-04-05T03:56:24Z");
            header(g, "content-type", "application/json");
            value_of(g, "{\"message\": \"Hello World!\"}", 27);
        }
        read_it(g, KAFKA_EVENT);
        assert_attr(g, "id", "1234-1234-1234");
        assert_attr(g, "specversion", "1.0");
        assert_attr(g, "type", "com.example.someevent");
        assert_attr(g, "source", "/mycontext/subcontext");
        assert_attr(g, "time", "2018-04-05T03:56:24Z");
        assert_attr(g, "datacontenttype", "application/json");
        assert_data(g, HG_DATA_JSON, "{\"message\": \"Hello World!\"}");
    }
}

static void an_event_without_the_header_is_known_by_its_members(void **state) {
    struct given *g = *state;
    static const char json[] = "{\"specversion\":\"1.0\",\"id\":\"9\",\"source\":\"/s\","
                               "\"type\":\"t\",\"data\":1}";
    value_of(g, json, strlen(json));
    read_it(g, KAFKA_EVENT);
    assert_attr(g, "id", "9");
    header(g, "content-type", "application/json; charset=utf-8");
    read_it(g, KAFKA_EVENT);
    assert_attr(g, "id", "9");
    g->headers[0].value = HG_SLICE("text/plain");
    read_it(g, KAFKA_PLAIN);
    g->m.n_headers = 0;
    static const char part[] = "{\"specversion\":\"1.0\"}";
    value_of(g, part, strlen(part));
    read_it(g, KAFKA_PLAIN);
    assert_attr(g, "id", "orders.eu-12-345");
}

static void values_are_taken_as_they_are(void **state) {
    struct given *g = *state;
    required(g);
    header(g, "ce_a", "100%25 \"x\"");
    header(g, "traceparent", "nobody's");
    value_of(g, "\0\1", 2);
    read_it(g, KAFKA_EVENT);
    assert_attr(g, "a", "100%25 \"x\"");
    assert_attr(g, "datacontenttype", NULL);
    assert_attr(g, "partitionkey", NULL); /* an event is as its producer wrote it */
    enum hg_data_kind kind;
    assert_int_equal(hg_event_data(g->got.event, &kind).len, 2);
    assert_int_equal(kind, HG_DATA_BINARY);
}

static void the_media_type_may_stand_where_sdks_put_it(void **state) {
    struct given *g = *state;
    required(g);
    header(g, "ce_datacontenttype", "application/json");
    value_of(g, "[1]", 3);
    read_it(g, KAFKA_EVENT);
    assert_attr(g, "datacontenttype", "application/json");
    assert_data(g, HG_DATA_JSON, "[1]");
    header(g, "Content-Type", "text/plain"); /* this one is the binding's */
    read_it(g, KAFKA_EVENT);
    assert_attr(g, "datacontenttype", "text/plain");
    assert_data(g, HG_DATA_TEXT, "[1]");
}

static void an_event_without_value_has_no_data(void **state) {
    struct given *g = *state;
    required(g);
    header(g, "content-type", "application/json");
    read_it(g, KAFKA_EVENT);
    assert_data(g, HG_DATA_NONE, "");
}

static void null_without_attributes_is_a_tombstone(void **state) {
    struct given *g = *state;
    header(g, "content-type", "application/json");
    header(g, "x", "y");
    g->m.has_key = true;
    g->m.key = HG_SLICE("k");
    read_it(g, KAFKA_TOMBSTONE);
    assert_null(g->got.event);
    unit_assert_slice(g->got.key, "k");
}

static void a_plain_record_becomes_an_event(void **state) {
    struct given *g = *state;
    g->m.has_key = true;
    g->m.key = HG_SLICE("customer-7");
    header(g, "X-Request-Id", "r1");
    header(g, "--", "no name is left of it");
    header(g, "bad", "a\nb");
    value_of(g, " {\"a\":1}", 8);
    read_it(g, KAFKA_PLAIN);
    assert_attr(g, "id", "orders.eu-12-345");
    assert_attr(g, "source", "/kafka/orders.eu");
    assert_attr(g, "type", "kafka.record");
    assert_attr(g, "time", "2026-01-02T03:04:05.006Z");
    assert_attr(g, "partitionkey", "customer-7");
    assert_attr(g, "kafkaheaderxrequestid", "r1");
    assert_attr(g, "kafkaheaderbad", NULL);
    assert_attr(g, "datacontenttype", "application/json");
    assert_data(g, HG_DATA_JSON, " {\"a\":1}");
    assert_true(g->got.offset == 345 && g->got.log_time_ms == 1767323045006);
}

static void a_plain_records_content_type_is_believed(void **state) {
    struct given *g = *state;
    header(g, "content-type", "application/avro");
    value_of(g, "{}", 2);
    read_it(g, KAFKA_PLAIN);
    assert_attr(g, "datacontenttype", "application/avro");
    assert_data(g, HG_DATA_BINARY, "{}");
    header(g, "content-type", "application/json"); /* the last one */
    value_of(g, "{", 1);
    read_it(g, KAFKA_BROKEN);
    assert_data(g, HG_DATA_BINARY, "{");
}

static void odd_keys_and_times_are_left_out(void **state) {
    struct given *g = *state;
    static const int64_t odd[] = {-1, INT64_MAX, INT64_MIN};
    value_of(g, "x", 1);
    g->m.has_key = true;
    g->m.key = (struct hg_slice){"\0\0\0\7", 4};
    for (size_t i = 0; i < HG_COUNT(odd); i++) {
        g->m.timestamp_ms = odd[i];
        read_it(g, KAFKA_PLAIN);
        assert_attr(g, "time", NULL);
        assert_attr(g, "partitionkey", NULL);
        assert_int_equal(g->got.key.len, 4);
    }
}

static void what_is_legal_of_a_broken_event_is_kept(void **state) {
    struct given *g = *state;
    header(g, "ce_specversion", "0.3");
    header(g, "ce_type", "order.made");
    header(g, "ce_time", "yesterday");
    header(g, "ce_Bad-Name", "x");
    header(g, "ce_subject", "");
    header(g, "ce_ext", "kept");
    header(g, "ce_ext", "twice");
    header(g, "content-type", "application/json");
    value_of(g, "{oops", 5);
    read_it(g, KAFKA_BROKEN);
    assert_attr(g, "id", "orders.eu-12-345");
    assert_attr(g, "source", "/kafka/orders.eu");
    assert_attr(g, "type", "order.made");
    assert_attr(g, "time", "2026-01-02T03:04:05.006Z");
    assert_attr(g, "ext", "kept");
    assert_attr(g, "subject", NULL);
    assert_attr(g, "datacontenttype", "application/json");
    assert_data(g, HG_DATA_BINARY, "{oops");
}

static void each_fault_alone_makes_an_event_broken(void **state) {
    struct given *g = *state;
    static const char *const faults[][2] = {
        {"ce_time", "x"},  {"ce_Upper", "x"}, {"ce_id", "twice"},       {"ce_data", "x"},
        {"ce_x", "a\x01"}, {"ce_x", "\xFF"},  {"content-type", "a\nb"}, {"ce_", "x"}};
    for (size_t i = 0; i < HG_COUNT(faults); i++) {
        g->m.n_headers = 0;
        required(g);
        read_it(g, KAFKA_EVENT);
        header(g, faults[i][0], faults[i][1]);
        read_it(g, KAFKA_BROKEN);
        assert_attr(g, "id", "1234-1234-1234");
    }
}

static void a_broken_structured_event_is_kept_as_bytes(void **state) {
    struct given *g = *state;
    static const char *const values[] = {"{}", "nonsense", "", "[{\"id\":\"1\"}]"};
    static const char *const types[] = {"application/cloudevents+json",
                                        "application/cloudevents-batch+json",
                                        "application/cloudevents+avro"};
    for (size_t i = 0; i < HG_COUNT(values); i++) {
        for (size_t k = 0; k < HG_COUNT(types); k++) {
            g->m.n_headers = 0;
            header(g, "content-type", types[k]);
            value_of(g, values[i], strlen(values[i]));
            read_it(g, KAFKA_BROKEN);
            assert_attr(g, "id", "orders.eu-12-345");
            assert_attr(g, "datacontenttype", types[k]);
        }
    }
}

static void no_number_of_headers_is_too_many(void **state) {
    struct given *g = *state;
    static char names[HEADERS_MAX][16];
    required(g);
    for (int i = 0; i < 90; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "ce_n%d", i);
        header(g, names[i], "v");
    }
    read_it(g, KAFKA_BROKEN);
    assert_int_equal(hg_event_extensions(g->got.event), 64);
    g->m.n_headers = 0;
    for (int i = 0; i < 90; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "hg_n%d", i);
        header(g, names[i], "v");
    }
    required(g);
    read_it(g, KAFKA_EVENT);
    assert_int_equal(g->got.n_headers, KAFKA_RECORD_HEADERS_MAX);
}

static void headers_of_ours_that_lie_do_no_harm(void **state) {
    struct given *g = *state;
    static const char *const values[] = {"",     "zz",   "00000000000000zz", ":",      " ", "n:i",
                                         "json", "text", "untyped",          "x:b y:i"};
    for (size_t i = 0; i < HG_COUNT(values); i++) {
        g->m.n_headers = 0;
        required(g);
        header(g, "hg_owner", values[i]);
        header(g, "hg_digest", values[i]);
        header(g, "hg_types", values[i]);
        header(g, "hg_data", values[i]);
        header(g, "ce_n", "word"); /* "n:i": it is no integer */
        value_of(g, "\xFF{", 2);
        hg_event_unref(&g->got.event);
        assert_int_equal(kafka_record_read(g->reader, &g->m, &g->got, &g->reading), 0);
        enum hg_data_kind kind;
        (void)hg_event_data(g->got.event, &kind);
        assert_int_equal(kind, HG_DATA_BINARY);
        assert_true(g->got.owner == 0);
    }
}

int test_decode(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_suites_messages_are_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_event_without_the_header_is_known_by_its_members, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(values_are_taken_as_they_are, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_media_type_may_stand_where_sdks_put_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_event_without_value_has_no_data, set_up, tear_down),
        cmocka_unit_test_setup_teardown(null_without_attributes_is_a_tombstone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_plain_record_becomes_an_event, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_plain_records_content_type_is_believed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(odd_keys_and_times_are_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_legal_of_a_broken_event_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_fault_alone_makes_an_event_broken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_broken_structured_event_is_kept_as_bytes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(no_number_of_headers_is_too_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(headers_of_ours_that_lie_do_no_harm, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
