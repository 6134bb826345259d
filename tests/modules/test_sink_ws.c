/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "event/codec.h"
#include "modules/sink_support.h"

HG_API extern const struct hg_module hg_module_sink_ws;

static const struct hg_sink_ops *sink(void) {
    return hg_module_sink_ws.sink;
}

static void the_descriptor_says_what_it_adds(void **state) {
    (void)state;
    check_descriptor(&hg_module_sink_ws, "sink_ws");
    assert_string_equal(sink()->name, "ws");
    assert_int_equal(sink()->framing, HG_SINK_MESSAGE);
    assert_string_equal(sink()->subprotocol, "cloudevents.json");
    assert_null(sink()->close_event);
}

static void an_upgrade_to_websocket_is_chosen(void **state) {
    (void)state;
    assert_int_equal(choose_for(sink(), "GET", "upgrade", "websocket", NULL), 100);
    assert_int_equal(choose_for(sink(), "GET", "upgrade", "WebSocket", NULL), 100);
    assert_int_equal(choose_for(sink(), "GET", "upgrade", "h2c,\twebsocket , x", NULL), 100);
    assert_int_equal(choose_for(sink(), "GET", "upgrade", "h2c", "upgrade", "websocket", NULL),
                     100);
    assert_int_equal(choose_for(sink(), "CONNECT", NULL), 100);
}

static void another_request_is_not_chosen(void **state) {
    (void)state;
    assert_int_equal(choose_for(sink(), "GET", NULL), 0);
    assert_int_equal(choose_for(sink(), "GET", "upgrade", "h2c", NULL), 0);
    assert_int_equal(choose_for(sink(), "GET", "upgrade", "", NULL), 0);
    assert_int_equal(choose_for(sink(), "GET", "upgrade", "websockets, web socket", NULL), 0);
    assert_int_equal(choose_for(sink(), "GET", "x-upgrade", "websocket", NULL), 0);
}

static void an_event_travels_with_its_position(void **state) {
    struct hg_buf out = {0};
    struct hg_event *e = make_event(HG_DATA_TEXT, HG_SLICE("two\nlines"));
    size_t mark = 0;
    (void)state;
    sink()->encode(e, HG_SLICE("POS-1"), &out, &mark);
    assert_int_equal(mark, out.len);
    json_t *got = json_from(hg_buf_slice(&out));
    assert_string_equal(json_text(got, "hgposition"), "POS-1");
    assert_string_equal(json_text(got, "data"), "two\nlines");
    assert_string_equal(json_text(got, "partitionkey"), "p");
    json_decref(got);
    hg_buf_fini(&out);
    hg_event_unref(&e);
}

static json_t *notice_of(const struct hg_notice *n) {
    struct hg_buf out = {0};
    sink()->notice(n, &out);
    assert_false(out.is_failed);
    json_t *got = json_from(hg_buf_slice(&out));
    /* The codec of the gate must take it for an event. */
    struct hg_codec_opts opts = {.is_strict_data = true};
    struct hg_event *e = NULL;
    struct hg_problem problem;
    assert_int_equal(hg_codec_structured(hg_buf_slice(&out), &opts, &e, &problem), 0);
    hg_event_unref(&e);
    hg_buf_fini(&out);
    return got;
}

static const struct hg_notice notices[] = {
    {.kind = HG_NOTICE_OPENED, .cursor = {"CUR", 3}, .is_resumed = true, .retry_ms = 1500},
    {.kind = HG_NOTICE_OPENED},
    {.kind = HG_NOTICE_POSITION, .cursor = {"CUR", 3}},
    {.kind = HG_NOTICE_GAP,
     .cursor = {"CUR", 3},
     .gap_from = {"OLD", 3},
     .reason = "trimmed",
     .topic = {"a.b", 3}},
    {.kind = HG_NOTICE_EXPIRING, .cursor = {"CUR", 3}},
    {.kind = HG_NOTICE_CLOSING, .cursor = {"CUR", 3}, .reason = "drain", .retry_ms = 12},
};

static void a_notice_is_an_event_of_its_own_type(void **state) {
    static const char *const types[] = {
        "headgate.stream.opened", "headgate.stream.opened",   "headgate.stream.position",
        "headgate.stream.gap",    "headgate.stream.expiring", "headgate.stream.closing",
    };
    (void)state;
    for (size_t i = 0; i < HG_COUNT(notices); i++) {
        json_t *got = notice_of(&notices[i]);
        assert_string_equal(json_text(got, "specversion"), "1.0");
        assert_string_equal(json_text(got, "source"), "/headgate");
        assert_string_equal(json_text(got, "type"), types[i]);
        check_notice_json(&notices[i], json_object_get(got, "data"));
        json_decref(got);
    }
}

/* Written at once and read afterwards: many fall on one tick of any clock. */
static void no_two_notices_have_one_id(void **state) {
    enum { NOTICES = 1000 };
    struct hg_buf out = {0};
    size_t ends[NOTICES + 1] = {0};
    json_t *ids = json_object();
    (void)state;
    for (size_t i = 0; i < NOTICES; i++) {
        sink()->notice(&notices[1], &out);
        ends[i + 1] = out.len;
    }
    for (size_t i = 0; i < NOTICES; i++) {
        json_t *got = json_from((struct hg_slice){out.ptr + ends[i], ends[i + 1] - ends[i]});
        json_object_set_new(ids, json_text(got, "id"), json_true());
        json_decref(got);
    }
    assert_int_equal(json_object_size(ids), NOTICES);
    json_decref(ids);
    hg_buf_fini(&out);
}

static void a_heartbeat_is_left_to_pings(void **state) {
    struct hg_buf out = {0};
    (void)state;
    sink()->notice(&(struct hg_notice){.kind = HG_NOTICE_HEARTBEAT, .cursor = {"CUR", 3}}, &out);
    assert_int_equal(out.len, 0);
    hg_buf_fini(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_descriptor_says_what_it_adds),
        cmocka_unit_test(an_upgrade_to_websocket_is_chosen),
        cmocka_unit_test(another_request_is_not_chosen),
        cmocka_unit_test(an_event_travels_with_its_position),
        cmocka_unit_test(a_notice_is_an_event_of_its_own_type),
        cmocka_unit_test(no_two_notices_have_one_id),
        cmocka_unit_test(a_heartbeat_is_left_to_pings),
    };
    return cmocka_run_group_tests_name("sink_ws", tests, NULL, NULL);
}
