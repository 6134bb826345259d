/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "modules/sink_support.h"

HG_API extern const struct hg_module hg_module_sink_pull;

static const struct hg_sink_ops *sink(void) {
    return hg_module_sink_pull.sink;
}

static void the_descriptor_says_what_it_adds(void **state) {
    (void)state;
    check_descriptor(&hg_module_sink_pull, "sink_pull");
    assert_string_equal(sink()->name, "pull");
    assert_int_equal(sink()->framing, HG_SINK_ANSWER);
    assert_string_equal(sink()->content_type, "application/cloudevents-batch+json");
    assert_null(sink()->close_event);
}

static void any_get_falls_back_to_it(void **state) {
    (void)state;
    assert_int_equal(choose_for(sink(), "GET", NULL), 1);
    assert_int_equal(choose_for(sink(), "GET", "accept", "text/html", NULL), 1);
    assert_int_equal(choose_for(sink(), "POST", NULL), 0);
}

/* Prefix, events with separators, suffix, as the core puts them together. */
static json_t *batch_of(size_t n) {
    struct hg_buf out = {0};
    hg_buf_put_slice(&out, sink()->prefix);
    for (size_t i = 0; i < n; i++) {
        struct hg_event *e = make_event(HG_DATA_JSON, HG_SLICE("{\"n\": 1}"));
        size_t mark = 0;
        if (i > 0) {
            hg_buf_put_slice(&out, sink()->separator);
        }
        sink()->encode(e, HG_SLICE("POS"), &out, &mark);
        assert_int_equal(mark, out.len);
        hg_event_unref(&e);
    }
    hg_buf_put_slice(&out, sink()->suffix);
    assert_false(out.is_failed);
    json_t *batch = json_from(hg_buf_slice(&out));
    hg_buf_fini(&out);
    return batch;
}

static void an_answer_is_a_batch_of_events_with_positions(void **state) {
    (void)state;
    for (size_t n = 0; n < 4; n++) {
        json_t *batch = batch_of(n);
        assert_true(json_is_array(batch));
        assert_int_equal(json_array_size(batch), n);
        for (size_t i = 0; i < n; i++) {
            const json_t *e = json_array_get(batch, i);
            assert_string_equal(json_text(e, "id"), "e-1");
            assert_string_equal(json_text(e, "source"), "/shop \"7\"");
            assert_string_equal(json_text(e, "hgposition"), "POS");
        }
        json_decref(batch);
    }
}

static void a_batch_has_no_place_for_notices(void **state) {
    (void)state;
    for (int kind = HG_NOTICE_OPENED; kind <= HG_NOTICE_HEARTBEAT; kind++) {
        struct hg_buf out = {0};
        sink()->notice(&(struct hg_notice){.kind = (enum hg_notice_kind)kind}, &out);
        assert_int_equal(out.len, 0);
        hg_buf_fini(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_descriptor_says_what_it_adds),
        cmocka_unit_test(any_get_falls_back_to_it),
        cmocka_unit_test(an_answer_is_a_batch_of_events_with_positions),
        cmocka_unit_test(a_batch_has_no_place_for_notices),
    };
    return cmocka_run_group_tests_name("sink_pull", tests, NULL, NULL);
}
