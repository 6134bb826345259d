/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/counters.h"
#include "modules/sink_support.h"
#include "proto/sse/sse.h"

HG_API extern const struct hg_module hg_module_sink_sse;

static const struct hg_sink_ops *sink(void) {
    return hg_module_sink_sse.sink;
}

/* What a client sees of the bytes: the last event, how many, the last id. */
struct seen {
    struct hg_sse sse;
    char type[64];
    struct hg_buf data;
    struct hg_buf id;
    size_t n;
    int64_t retry_ms;
};

static void on_event(void *arg, const struct hg_sse_event *event) {
    struct seen *s = arg;
    snprintf(s->type, sizeof s->type, "%.*s", HG_FMT(event->type));
    hg_buf_clear(&s->data);
    hg_buf_put_slice(&s->data, event->data);
    s->n++;
}

static void on_retry(void *arg, int64_t retry_ms) {
    struct seen *s = arg;
    s->retry_ms = retry_ms;
}

static const struct hg_sse_ops ops = {.on_event = on_event, .on_retry = on_retry};

static void see(struct seen *s, struct hg_slice wire) {
    *s = (struct seen){.sse = {.ops = &ops, .arg = s}, .retry_ms = -1};
    assert_int_equal(hg_sse_feed(&s->sse, wire.ptr, wire.len), 0);
    hg_buf_put_slice(&s->id, hg_sse_last_id(&s->sse));
    /* Each block is whole: what comes next is not taken for a part of it. */
    assert_true(wire.len >= 2 && wire.ptr[wire.len - 1] == '\n' && wire.ptr[wire.len - 2] == '\n');
    assert_null(memchr(wire.ptr, '\r', wire.len));
}

static void seen_fini(struct seen *s) {
    hg_sse_fini(&s->sse);
    hg_buf_fini(&s->data);
    hg_buf_fini(&s->id);
}

static void assert_id(const struct seen *s, const char *want) {
    assert_true(hg_slice_eq(hg_buf_slice(&s->id), hg_slice_of(want)));
}

static struct hg_buf encode(enum hg_data_kind kind, struct hg_slice data, struct hg_slice position,
                            size_t *ret_mark) {
    struct hg_buf out = {0};
    struct hg_event *e = make_event(kind, data);
    sink()->encode(e, position, &out, ret_mark);
    assert_false(out.is_failed);
    hg_event_unref(&e);
    return out;
}

/* Write, parse, compare. */
static void check_text_data(struct hg_slice data) {
    size_t mark = 0;
    struct hg_buf out = encode(HG_DATA_TEXT, data, HG_SLICE("POS"), &mark);
    struct seen s;
    see(&s, hg_buf_slice(&out));
    assert_int_equal(s.n, 1);
    assert_string_equal(s.type, "message");
    assert_id(&s, "POS");
    json_t *e = json_from(hg_buf_slice(&s.data));
    const json_t *got = json_object_get(e, "data");
    struct hg_slice text = {json_string_value(got), json_string_length(got)};
    assert_true(hg_slice_eq(text, data));
    assert_string_equal(json_text(e, "source"), "/shop \"7\"");
    assert_null(json_object_get(e, "hgposition"));
    json_decref(e);
    seen_fini(&s);
    hg_buf_fini(&out);
}

/* A JSON text may hold line ends as white space: what the client sees is that
 * text with LF for each of them. */
static void check_json_data(const char *data, const char *want) {
    size_t mark = 0;
    struct hg_buf out = encode(HG_DATA_JSON, hg_slice_of(data), HG_SLICE("POS"), &mark);
    struct seen s;
    see(&s, hg_buf_slice(&out));
    assert_int_equal(s.n, 1);
    json_decref(json_from(hg_buf_slice(&s.data)));
    struct hg_slice tail = hg_slice_of(want);
    assert_true(s.data.len > tail.len + 1);
    const char *at = s.data.ptr + s.data.len - 1 - tail.len;
    assert_memory_equal(at, want, tail.len);
    seen_fini(&s);
    hg_buf_fini(&out);
}

static void the_descriptor_says_what_it_adds(void **state) {
    (void)state;
    check_descriptor(&hg_module_sink_sse, "sink_sse");
    assert_string_equal(sink()->name, "sse");
    assert_int_equal(sink()->framing, HG_SINK_RAW);
    assert_string_equal(sink()->content_type, "text/event-stream");
}

static int choose_accept(const char *accept) {
    return choose_for(sink(), "GET", "accept", accept, NULL);
}

static void who_accepts_an_event_stream_gets_one(void **state) {
    (void)state;
    assert_int_equal(choose_accept("text/event-stream"), 50);
    assert_int_equal(choose_accept("Text/Event-Stream"), 50);
    assert_int_equal(choose_accept("text/event-stream;q=0.001"), 50);
    assert_int_equal(choose_accept("text/event-stream ; charset=utf-8 ;\tQ=1"), 50);
    assert_int_equal(choose_accept("application/json, text/event-stream"), 50);
    assert_int_equal(choose_accept("a/b;c=\"x,\\\",y;z\" , text/event-stream"), 50);
    assert_int_equal(choose_accept("a/b;q=0,text/event-stream"), 50);
    assert_int_equal(
        choose_for(sink(), "GET", "accept", "a/b", "accept", "text/event-stream", NULL), 50);
}

static void who_does_not_ask_for_a_stream_gets_none(void **state) {
    (void)state;
    assert_int_equal(choose_for(sink(), "GET", NULL), 0);
    assert_int_equal(choose_for(sink(), "POST", "accept", "text/event-stream", NULL), 0);
    assert_int_equal(choose_for(sink(), "GET", "x", "text/event-stream", NULL), 0);
    assert_int_equal(choose_accept(""), 0);
    assert_int_equal(choose_accept("*/*"), 0);
    assert_int_equal(choose_accept("text/*"), 0);
    assert_int_equal(choose_accept("text/event-stream-x"), 0);
    assert_int_equal(choose_accept("text/event-stream;q=0"), 0);
    assert_int_equal(choose_accept("text/event-stream; q=0.000"), 0);
    assert_int_equal(choose_accept("text/event-stream; x=1; q=0"), 0);
    assert_int_equal(choose_accept("a/b;c=\",text/event-stream,\""), 0);
    assert_int_equal(choose_accept("a/b;c=\"text/event-stream"), 0);
    assert_int_equal(choose_accept(",,;, ,"), 0);
}

static void awkward_text_comes_back_as_it_was(void **state) {
    static const struct hg_slice texts[] = {
        {"", 0},
        {" leading", 8},
        {"a\nb\rc\r\nd\n", 9},
        {"\n\n\r\r", 4},
        {"data: x\n\nevent: y\nid: z\n", 24},
        {":comment", 8},
        {"a\0b", 3},
        {"\xef\xbb\xbf"
         "bom",
         6},
        {"\xe2\x80\xa8\xe2\x80\xa9\xc2\x85", 8},
    };
    (void)state;
    for (size_t i = 0; i < HG_COUNT(texts); i++) {
        check_text_data(texts[i]);
    }
}

static void each_line_of_the_json_is_a_line_of_the_stream(void **state) {
    (void)state;
    check_json_data("[1,\n2]", "[1,\n2]");
    check_json_data("[1,\r2]", "[1,\n2]");
    check_json_data("[1,\r\n2]", "[1,\n2]");
    check_json_data("[1,\n\r2]", "[1,\n\n2]");
    check_json_data("[1,\r\r\n\n2]", "[1,\n\n\n2]");
    check_json_data("1\n", "1\n");
    check_json_data("1\r", "1\n");
    check_json_data("\r\n 1", "\n 1");
    check_json_data("\"a\\nb\"", "\"a\\nb\"");
}

static void the_wire_is_what_it_was_agreed_to_be(void **state) {
    size_t mark = 0;
    (void)state;
    struct hg_buf out = encode(HG_DATA_JSON, HG_SLICE("[\n1]"), HG_SLICE("POS"), &mark);
    const char *want =
        "data: {\"specversion\":\"1.0\",\"id\":\"e-1\",\"source\":\"/shop \\\"7\\\"\","
        "\"type\":\"com.acme.x\",\"subject\":\"s/1\",\"partitionkey\":\"p\",\"data\":[\n"
        "data: 1]}\n"
        "id: POS\n"
        "\n";
    assert_true(hg_slice_eq(hg_buf_slice(&out), hg_slice_of(want)));
    assert_int_equal(mark, strlen(want) - strlen("id: POS\n\n"));
    hg_buf_fini(&out);
}

static void an_event_cut_at_its_mark_is_closed_with_a_cursor_or_none(void **state) {
    size_t mark = 0;
    struct seen s;
    (void)state;
    struct hg_buf shared = encode(HG_DATA_JSON, HG_SLICE("1"), HG_SLICE("POS"), &mark);
    struct hg_buf wire = {0};
    hg_buf_put(&wire, shared.ptr, mark);
    sink()->close_event((struct hg_slice){NULL, 0}, &wire);
    see(&s, hg_buf_slice(&wire));
    assert_int_equal(s.n, 1);
    assert_id(&s, "");
    seen_fini(&s);
    hg_buf_put(&wire, shared.ptr, mark);
    sink()->close_event(HG_SLICE("CUR"), &wire);
    see(&s, hg_buf_slice(&wire));
    assert_int_equal(s.n, 2);
    assert_id(&s, "CUR");
    seen_fini(&s);
    hg_buf_fini(&wire);
    hg_buf_fini(&shared);
}

static void an_event_may_follow_others_in_the_buffer(void **state) {
    struct hg_buf out = {0};
    struct hg_event *e = make_event(HG_DATA_JSON, HG_SLICE("[\r\n1]"));
    size_t first = 0, second = 0;
    struct seen s;
    (void)state;
    sink()->encode(e, HG_SLICE("P1"), &out, &first);
    size_t end = out.len;
    sink()->encode(e, HG_SLICE("P2"), &out, &second);
    assert_int_equal(second, end + first);
    see(&s, hg_buf_slice(&out));
    assert_int_equal(s.n, 2);
    assert_id(&s, "P2");
    seen_fini(&s);
    hg_event_unref(&e);
    hg_buf_fini(&out);
}

/* Whatever the limit, an event is whole or the buffer has failed. */
static void an_event_beyond_the_limit_fails_the_buffer(void **state) {
    struct hg_event *e = make_event(HG_DATA_JSON, HG_SLICE("[\n\n\n1]"));
    bool has_fitted = false;
    (void)state;
    for (size_t max = 1; !has_fitted; max++) {
        struct hg_buf out = {.max = max};
        size_t mark = 0;
        struct seen s;
        sink()->encode(e, HG_SLICE("POS"), &out, &mark);
        assert_true(out.len <= max);
        has_fitted = !out.is_failed;
        if (has_fitted) {
            see(&s, hg_buf_slice(&out));
            assert_int_equal(s.n, 1);
            json_decref(json_from(hg_buf_slice(&s.data)));
            seen_fini(&s);
        }
        hg_buf_fini(&out);
    }
    hg_event_unref(&e);
}

static void an_event_without_memory_fails_the_buffer(void **state) {
    struct hg_event *e = make_event(HG_DATA_JSON, HG_SLICE("[\n\n\n1]"));
    bool has_failed = true;
    (void)state;
    for (int64_t nth = 0; has_failed; nth++) {
        struct hg_buf out = {0};
        size_t mark = 0;
        hg_alloc_fail_after(nth);
        sink()->encode(e, HG_SLICE("POS"), &out, &mark);
        has_failed = !hg_alloc_fail_is_pending();
        hg_alloc_fail_after(-1);
        assert_int_equal(out.is_failed, has_failed);
        hg_buf_fini(&out);
    }
    hg_event_unref(&e);
}

static int64_t refused(void) {
    return hg_counter_read(hg_module_sink_sse.counters[0]);
}

static void an_id_that_would_break_the_stream_is_left_out_and_counted(void **state) {
    static const struct hg_slice bad[] = {
        {"a\nb", 3}, {"a\rb", 3}, {"a\0b", 3}, {"a b", 3}, {"a\xc3\xa4", 3}, {"a\x7f", 2},
    };
    (void)state;
    for (size_t i = 0; i < HG_COUNT(bad); i++) {
        size_t mark = 0;
        struct seen s;
        int64_t before = refused();
        struct hg_buf out = encode(HG_DATA_JSON, HG_SLICE("1"), bad[i], &mark);
        see(&s, hg_buf_slice(&out));
        assert_int_equal(s.n, 1);
        assert_id(&s, "");
        assert_int_equal(refused(), before + 1);
        seen_fini(&s);
        hg_buf_fini(&out);
    }
}

static void check_notice(const struct hg_notice *n, const char *type) {
    struct hg_buf out = {0};
    struct seen s;
    sink()->notice(n, &out);
    see(&s, hg_buf_slice(&out));
    assert_int_equal(s.n, 1);
    assert_string_equal(s.type, type);
    assert_true(hg_slice_eq(hg_buf_slice(&s.id), n->cursor));
    assert_int_equal(s.retry_ms, n->retry_ms > 0 ? n->retry_ms : -1);
    json_t *body = json_from(hg_buf_slice(&s.data));
    check_notice_json(n, body);
    json_decref(body);
    seen_fini(&s);
    hg_buf_fini(&out);
}

static void a_notice_is_a_named_event(void **state) {
    const struct hg_slice cur = HG_SLICE("CUR");
    (void)state;
    check_notice(
        &(struct hg_notice){
            .kind = HG_NOTICE_OPENED, .cursor = cur, .is_resumed = true, .retry_ms = 1500},
        "headgate.stream.opened");
    check_notice(&(struct hg_notice){.kind = HG_NOTICE_OPENED}, "headgate.stream.opened");
    check_notice(&(struct hg_notice){.kind = HG_NOTICE_POSITION, .cursor = cur},
                 "headgate.stream.position");
    check_notice(&(struct hg_notice){.kind = HG_NOTICE_GAP,
                                     .cursor = cur,
                                     .gap_from = HG_SLICE("O\"LD\n"),
                                     .reason = "trimmed",
                                     .topic = HG_SLICE("a.b\r\n")},
                 "headgate.stream.gap");
    check_notice(&(struct hg_notice){.kind = HG_NOTICE_EXPIRING, .cursor = cur},
                 "headgate.stream.expiring");
    check_notice(
        &(struct hg_notice){
            .kind = HG_NOTICE_CLOSING, .cursor = cur, .reason = "drain", .retry_ms = 10},
        "headgate.stream.closing");
}

static void a_heartbeat_moves_the_id_and_shows_nothing(void **state) {
    struct hg_buf out = {0};
    struct seen s;
    (void)state;
    sink()->notice(&(struct hg_notice){.kind = HG_NOTICE_HEARTBEAT, .cursor = {"CUR", 3}}, &out);
    assert_true(hg_slice_eq(hg_buf_slice(&out), HG_SLICE("id: CUR\n\n")));
    see(&s, hg_buf_slice(&out));
    assert_int_equal(s.n, 0);
    assert_id(&s, "CUR");
    seen_fini(&s);
    hg_buf_fini(&out);
}

static void a_heartbeat_without_a_cursor_is_a_comment(void **state) {
    struct hg_buf out = {0};
    struct seen s;
    (void)state;
    sink()->notice(&(struct hg_notice){.kind = HG_NOTICE_HEARTBEAT}, &out);
    assert_true(hg_slice_eq(hg_buf_slice(&out), HG_SLICE(":\n\n")));
    see(&s, hg_buf_slice(&out));
    assert_int_equal(s.n, 0);
    seen_fini(&s);
    hg_buf_fini(&out);
}

/* The rules of server-framing.json. Those without a check here speak of
 * status, fields and HTTP/2, which no sink sees: the scenario s01 holds them. */
static const struct {
    const char *id;
    void (*check)(void **state);
} rules[] = {
    {"media-type", the_descriptor_says_what_it_adds},
    {"no-204", NULL},
    {"no-store", NULL},
    {"data-split", each_line_of_the_json_is_a_line_of_the_stream},
    {"data-cr", each_line_of_the_json_is_a_line_of_the_stream},
    {"data-crlf", each_line_of_the_json_is_a_line_of_the_stream},
    {"data-empty", awkward_text_comes_back_as_it_was},
    {"data-trailing-lf", each_line_of_the_json_is_a_line_of_the_stream},
    {"data-leading-space", awkward_text_comes_back_as_it_was},
    {"id-clean", an_id_that_would_break_the_stream_is_left_out_and_counted},
    {"id-header-safe", an_id_that_would_break_the_stream_is_left_out_and_counted},
    {"retry-digits", a_notice_is_a_named_event},
    {"comment", a_heartbeat_without_a_cursor_is_a_comment},
    {"resume", an_event_cut_at_its_mark_is_closed_with_a_cursor_or_none},
    {"block-end", the_wire_is_what_it_was_agreed_to_be},
    {"h2", NULL},
};

static void check_rule(const json_t *rule, const char *id) {
    const json_t *data = json_object_get(json_object_get(rule, "event"), "data");
    if (data) {
        check_text_data((struct hg_slice){json_string_value(data), json_string_length(data)});
    }
    for (size_t i = 0; i < HG_COUNT(rules); i++) {
        if (strcmp(rules[i].id, id) != 0) {
            continue;
        }
        if (rules[i].check) {
            rules[i].check(NULL);
        }
        return;
    }
    fail_msg("%s: a rule that no test knows", id);
}

static void every_rule_for_servers_is_kept(void **state) {
    json_t *list = load_conformance("sse/server-framing.json");
    (void)state;
    if (!list) {
        skip();
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *rule = json_array_get(list, i);
        check_rule(rule, json_text(rule, "id"));
    }
    assert_true(json_array_size(list) >= HG_COUNT(rules));
    json_decref(list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_descriptor_says_what_it_adds),
        cmocka_unit_test(who_accepts_an_event_stream_gets_one),
        cmocka_unit_test(who_does_not_ask_for_a_stream_gets_none),
        cmocka_unit_test(awkward_text_comes_back_as_it_was),
        cmocka_unit_test(each_line_of_the_json_is_a_line_of_the_stream),
        cmocka_unit_test(the_wire_is_what_it_was_agreed_to_be),
        cmocka_unit_test(an_event_cut_at_its_mark_is_closed_with_a_cursor_or_none),
        cmocka_unit_test(an_event_may_follow_others_in_the_buffer),
        cmocka_unit_test(an_event_beyond_the_limit_fails_the_buffer),
        cmocka_unit_test(an_event_without_memory_fails_the_buffer),
        cmocka_unit_test(an_id_that_would_break_the_stream_is_left_out_and_counted),
        cmocka_unit_test(a_notice_is_a_named_event),
        cmocka_unit_test(a_heartbeat_moves_the_id_and_shows_nothing),
        cmocka_unit_test(a_heartbeat_without_a_cursor_is_a_comment),
        cmocka_unit_test(every_rule_for_servers_is_kept),
    };
    return cmocka_run_group_tests_name("sink_sse", tests, NULL, NULL);
}
