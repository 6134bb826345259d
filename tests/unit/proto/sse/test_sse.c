/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/sse/sse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/alloc.h"

int test_sse(void);

/* What a parser gave, as JSON of the shape that the conformance data has. */
struct heard {
    struct hg_sse sse;
    json_t *events;
    int64_t retry_ms; /* -1: never told */
};

static json_t *json_of(struct hg_slice s) {
    return json_stringn(s.len ? s.ptr : "", s.len);
}

static void on_event(void *arg, const struct hg_sse_event *event) {
    struct heard *h = arg;
    json_t *seen = json_pack("{s:o, s:o, s:o}", "type", json_of(event->type), "data",
                             json_of(event->data), "id", json_of(event->id));
    assert_non_null(seen);
    json_array_append_new(h->events, seen);
}

static void on_retry(void *arg, int64_t retry_ms) {
    struct heard *h = arg;
    h->retry_ms = retry_ms;
}

static const struct hg_sse_ops ops = {.on_event = on_event, .on_retry = on_retry};

static void heard_init(struct heard *h, size_t event_bytes_max) {
    *h = (struct heard){
        .sse = {.ops = &ops, .arg = h, .event_bytes_max = event_bytes_max},
        .events = json_array(),
        .retry_ms = -1,
    };
}

static void heard_fini(struct heard *h) {
    hg_sse_fini(&h->sse);
    json_decref(h->events);
}

static void check(const json_t *test, const struct heard *h) {
    const char *id = json_string_value(json_object_get(test, "id"));
    json_t *want = json_object_get(test, "events");
    const json_t *last_id = json_object_get(test, "last_event_id");
    const json_t *retry = json_object_get(test, "retry");
    if (!json_equal(h->events, want)) {
        fail_msg("%s: gave %s", id, json_dumps(h->events, 0));
    }
    struct hg_slice want_id = {json_string_value(last_id), json_string_length(last_id)};
    if (!hg_slice_eq(hg_sse_last_id(&h->sse), want_id)) {
        fail_msg("%s: the last id is another", id);
    }
    if (h->retry_ms != (retry ? json_integer_value(retry) : -1)) {
        fail_msg("%s: retry %lld", id, (long long)h->retry_ms);
    }
}

static void check_pieces(const json_t *test, size_t first, size_t each) {
    const json_t *stream = json_object_get(test, "stream");
    struct hg_slice rest = {json_string_value(stream), json_string_length(stream)};
    struct heard h;
    heard_init(&h, 10000);
    for (size_t n = first; rest.len > 0; n = each) {
        n = n < rest.len ? n : rest.len;
        assert_int_equal(hg_sse_feed(&h.sse, rest.ptr, n), 0);
        rest = (struct hg_slice){rest.ptr + n, rest.len - n};
    }
    check(test, &h);
    heard_fini(&h);
}

static void every_stream_is_read_as_the_standard_wants(void **state) {
    const char *dir = getenv("CONFORMANCE_DIR");
    char path[512];
    json_error_t error;
    (void)state;
    if (!dir) {
        printf("SKIP: CONFORMANCE_DIR is not set: sse/parse-cases.json was not tried\n");
        skip();
    }
    snprintf(path, sizeof path, "%s/sse/parse-cases.json", dir);
    json_t *cases = json_load_file(path, JSON_ALLOW_NUL, &error);
    if (!cases) {
        fail_msg("%s: %s", path, error.text);
    }
    assert_true(json_array_size(cases) >= 35);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *test = json_array_get(cases, i);
        size_t n = json_string_length(json_object_get(test, "stream"));
        check_pieces(test, n, n);
        check_pieces(test, 1, 1);
        for (size_t cut = 1; cut < n; cut++) {
            check_pieces(test, cut, n);
        }
    }
    json_decref(cases);
}

static int feed(struct heard *h, const char *text) {
    return hg_sse_feed(&h->sse, text, strlen(text));
}

static void an_id_moves_when_its_block_ends_and_not_before(void **state) {
    struct heard h;
    (void)state;
    heard_init(&h, 1000);
    assert_int_equal(feed(&h, "id: 1\n\nid: 2\n"), 0);
    assert_true(hg_slice_eq(hg_sse_last_id(&h.sse), HG_SLICE("1")));
    assert_int_equal(feed(&h, "\n"), 0);
    assert_true(hg_slice_eq(hg_sse_last_id(&h.sse), HG_SLICE("2")));
    assert_int_equal(json_array_size(h.events), 0);
    heard_fini(&h);
}

static void a_line_beyond_the_limit_ends_the_parser(void **state) {
    struct heard h;
    (void)state;
    heard_init(&h, 16);
    assert_int_equal(feed(&h, "data: 1234567890"), 0);
    assert_int_equal(feed(&h, "1"), HG_E2BIG);
    assert_int_equal(feed(&h, "\n\ndata: a\n\n"), 0);
    assert_int_equal(json_array_size(h.events), 0);
    heard_fini(&h);
}

static void an_event_beyond_the_limit_ends_the_parser(void **state) {
    struct heard h;
    (void)state;
    heard_init(&h, 16);
    assert_int_equal(feed(&h, "data: 1234567\ndata: 1234567\n\n"), 0);
    assert_int_equal(json_array_size(h.events), 1);
    assert_int_equal(feed(&h, "data: 1234567\ndata: 12345678\n\n"), HG_E2BIG);
    assert_int_equal(json_array_size(h.events), 1);
    heard_fini(&h);
}

static void many_events_do_not_add_up_to_the_limit(void **state) {
    struct heard h;
    (void)state;
    heard_init(&h, 16);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(feed(&h, ": comment\nevent: e\nid: 5\nda"), 0);
        assert_int_equal(feed(&h, "ta: 12345678\n\n"), 0);
    }
    assert_int_equal(json_array_size(h.events), 100);
    heard_fini(&h);
}

static void a_retry_too_long_to_count_is_a_very_long_one(void **state) {
    struct heard h;
    (void)state;
    heard_init(&h, 1000);
    assert_int_equal(feed(&h, "retry: 9223372036854775808999\n"), 0);
    assert_true(h.retry_ms > INT64_MAX / 2);
    heard_fini(&h);
}

static void a_lack_of_memory_ends_the_parser(void **state) {
    bool has_failed = true;
    (void)state;
    for (int64_t nth = 0; has_failed; nth++) {
        struct heard h;
        heard_init(&h, 1000);
        hg_alloc_fail_after(nth);
        int err = feed(&h, "event: e\nid: 1\ndata: a\nda");
        err = err ? err : feed(&h, "ta: b\n\n");
        has_failed = !hg_alloc_fail_is_pending();
        hg_alloc_fail_after(-1);
        assert_int_equal(err, has_failed ? HG_ENOMEM : 0);
        assert_int_equal(json_array_size(h.events), has_failed ? 0 : 1);
        heard_fini(&h);
    }
}

int test_sse(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_stream_is_read_as_the_standard_wants),
        cmocka_unit_test(an_id_moves_when_its_block_ends_and_not_before),
        cmocka_unit_test(a_line_beyond_the_limit_ends_the_parser),
        cmocka_unit_test(an_event_beyond_the_limit_ends_the_parser),
        cmocka_unit_test(many_events_do_not_add_up_to_the_limit),
        cmocka_unit_test(a_retry_too_long_to_count_is_a_very_long_one),
        cmocka_unit_test(a_lack_of_memory_ends_the_parser),
    };
    return cmocka_run_group_tests_name("sse/sse", tests, NULL, NULL);
}
