/* SPDX-License-Identifier: Apache-2.0 */
#include "event/trace.h"

#include <jansson.h>
#include <stdio.h>

#include "unit/event/fixture.h"
#include "unit/event/tests.h"

#define TRACE "12345678901234567890123456789012-1234567890123456"

static void a_traceparent_has_four_fields(void **state) {
    (void)state;
    static const char *const good[] = {"00-" TRACE "-00", "00-" TRACE "-ff", "01-" TRACE "-01",
                                       "cc-" TRACE "-01-what else"};
    static const char *const bad[] = {"",
                                      "00-" TRACE,
                                      "00-" TRACE "-0",
                                      "00-" TRACE "-01-",
                                      "00-" TRACE "-01x",
                                      "01-" TRACE "-01.x",
                                      "ff-" TRACE "-01",
                                      "00-" TRACE "-0G",
                                      "0G-" TRACE "-00"};
    for (size_t i = 0; i < HG_COUNT(good); i++) {
        assert_true(hg_trace_parent_is_valid(hg_slice_of(good[i])));
    }
    for (size_t i = 0; i < HG_COUNT(bad); i++) {
        assert_false(hg_trace_parent_is_valid(hg_slice_of(bad[i])));
    }
}

static void fields_are_joined_without_empty_members_and_white_space(void **state) {
    (void)state;
    struct hg_buf out = {0};
    struct hg_trace_state s = {.out = &out};
    assert_true(hg_trace_state_add(&s, HG_SLICE(" \t,a=1 , ,b= 2\t")));
    assert_true(hg_trace_state_add(&s, HG_SLICE("")));
    assert_true(hg_trace_state_add(&s, HG_SLICE("c@d=3,")));
    assert_slice_equal(hg_buf_slice(&out), "a=1,b= 2,c@d=3");
    assert_int_equal(s.n, 3);
    hg_buf_fini(&out);
}

/* The members as the suite has them, joined. */
static void put_expected(json_t *pairs, struct hg_buf *out) {
    json_t *pair;
    size_t i;
    json_array_foreach(pairs, i, pair) {
        hg_buf_printf(out, "%s%s=%s", i > 0 ? "," : "", json_string_value(json_array_get(pair, 0)),
                      json_string_value(json_array_get(pair, 1)));
    }
}

static void try_state(json_t *item, json_t *fields) {
    struct hg_buf out = {0}, expected = {0};
    struct hg_trace_state s = {.out = &out};
    bool is_valid = true;
    json_t *field;
    size_t i;
    json_array_foreach(fields, i, field) {
        struct hg_slice value = {json_string_value(field), json_string_length(field)};
        is_valid = is_valid && hg_trace_state_add(&s, value);
    }
    if (is_valid != json_is_true(json_object_get(item, "tracestate_valid"))) {
        fail_msg("%s", json_string_value(json_object_get(item, "id")));
    }
    json_t *pairs = json_object_get(item, "pairs");
    if (is_valid && pairs != NULL) {
        put_expected(pairs, &expected);
        assert_int_equal(out.len, expected.len);
        assert_true(out.len == 0 || memcmp(out.ptr, expected.ptr, out.len) == 0);
    }
    hg_buf_fini(&out);
    hg_buf_fini(&expected);
}

/* As every field value comes: without white space around. */
static struct hg_slice field_value(json_t *text) {
    struct hg_slice s = {json_string_value(text), json_string_length(text)};
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
        s = (struct hg_slice){s.ptr + 1, s.len - 1};
    }
    while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t')) {
        s.len--;
    }
    return s;
}

static void try_case(json_t *item) {
    json_t *parent = json_object_get(item, "traceparent");
    json_t *state = json_object_get(item, "tracestate");
    bool is_valid = json_is_string(parent) && hg_trace_parent_is_valid(field_value(parent));
    if (is_valid != json_is_true(json_object_get(item, "valid"))) {
        fail_msg("%s", json_string_value(json_object_get(item, "id")));
    }
    if (is_valid && json_is_array(state)) {
        try_state(item, state);
    } else if (is_valid && json_is_string(state)) {
        json_t *one = json_pack("[O]", state);
        try_state(item, one);
        json_decref(one);
    }
}

static void every_case_of_the_suite_is_judged_so(void **state) {
    (void)state;
    char path[512];
    if (!fixture_path("trace-context/cases.json", path, sizeof(path))) {
        skip();
    }
    json_error_t error;
    json_t *cases = json_load_file(path, JSON_ALLOW_NUL, &error), *item;
    assert_true(json_array_size(cases) > 90);
    size_t i;
    json_array_foreach(cases, i, item) {
        try_case(item);
    }
    json_decref(cases);
}

int test_trace(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_traceparent_has_four_fields),
        cmocka_unit_test(fields_are_joined_without_empty_members_and_white_space),
        cmocka_unit_test(every_case_of_the_suite_is_judged_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
