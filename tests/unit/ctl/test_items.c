/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/items.h"

#include <stdio.h>

#include "unit/ctl/tests.h"

/* "2:{...}" for an object, "3!text" for a fault, one a line. */
static void on_item(void *arg, struct hg_slice json, size_t line) {
    hg_buf_printf(arg, "%zu:", line);
    hg_buf_put_slice(arg, json);
    HG_BUF_LIT((struct hg_buf *)arg, "\n");
}

static void on_fault(void *arg, size_t line, const char *text) {
    hg_buf_printf(arg, "%zu!%s\n", line, text);
}

static const struct hg_ctl_items_ops ops = {.on_item = on_item, .on_fault = on_fault};

static void feed_in_pieces(struct hg_slice input, size_t piece, size_t max, struct hg_buf *got) {
    struct hg_ctl_items it = {.ops = &ops, .arg = got, .item_bytes_max = max};
    for (size_t i = 0; i < input.len; i += piece) {
        size_t n = input.len - i < piece ? input.len - i : piece;
        hg_ctl_items_feed(&it, input.ptr + i, n);
    }
    hg_ctl_items_end(&it);
    hg_ctl_items_fini(&it);
}

/* Cut anywhere, the same comes out. */
static void expect(const char *input, const char *want) {
    struct hg_slice text = hg_slice_of(input);
    for (size_t piece = 1; piece <= text.len + 1; piece++) {
        struct hg_buf got = {0};
        feed_in_pieces(text, piece, 0, &got);
        unit_assert_slice(hg_buf_slice(&got), want);
        hg_buf_fini(&got);
    }
}

static void nothing_gives_nothing(void **state) {
    (void)state;
    expect("", "");
    expect(" \r\n\n\t ", "");
    expect("\xef\xbb\xbf", "");
    expect("[]", "");
    expect(" [ ] \n", "");
}

static void one_object_is_one_event(void **state) {
    (void)state;
    expect("{\"a\":1}", "1:{\"a\":1}\n");
    expect("\xef\xbb\xbf {\"a\":1}\n", "1:{\"a\":1}\n");
    expect("\n\n{\n \"a\": [1,\n {}]\n}\n", "3:{\n \"a\": [1,\n {}]\n}\n");
}

static void a_line_each_is_read(void **state) {
    (void)state;
    expect("{\"a\":1}\n{\"b\":2}\r\n\n  {\"c\":3}  \n{}",
           "1:{\"a\":1}\n2:{\"b\":2}\n4:{\"c\":3}\n5:{}\n");
    expect("{\"a\":1} {\"b\":2}{\"c\":3}\n", "1:{\"a\":1}\n1:{\"b\":2}\n1:{\"c\":3}\n");
}

static void brackets_and_quotes_in_strings_count_for_nothing(void **state) {
    (void)state;
    expect("{\"a\":\"}]\\\"}\\\\\"}\n{\"b\":\"{[\"}\n",
           "1:{\"a\":\"}]\\\"}\\\\\"}\n2:{\"b\":\"{[\"}\n");
}

static void a_broken_line_costs_only_itself(void **state) {
    (void)state;
    expect("{\"a\":1}\n{\"b\":\n{\"c\":3}\n",
           "1:{\"a\":1}\n2!the line ends inside the event\n3:{\"c\":3}\n");
    expect("{\"a\":1}\n{\"b\":\"\n{\"c\":3}\n",
           "1:{\"a\":1}\n2!the line ends inside the event\n3:{\"c\":3}\n");
    expect("{\"a\":1}\nhello {}\n{\"c\":3}\n",
           "1:{\"a\":1}\n2!expected an event, a JSON object\n3:{\"c\":3}\n");
    expect("{\"a\":1},\n{\"c\":3}\n",
           "1:{\"a\":1}\n1!expected an event, a JSON object\n2:{\"c\":3}\n");
    expect("{\"a\":1}\n{\"b\" 2}\n{\"c\":3}\n",
           "1:{\"a\":1}\n2!not JSON at byte 6 of the event\n3:{\"c\":3}\n");
    expect("{\"a\":1}\n{\"b\":[}\n{\"c\":3}\n",
           "1:{\"a\":1}\n2!the line ends inside the event\n3:{\"c\":3}\n");
    expect("{\"a\":1}\n[{}]\n", "1:{\"a\":1}\n2!expected an event, a JSON object\n");
    expect("id,type\n{\"c\":3}\n", "1!expected an event, a JSON object\n2:{\"c\":3}\n");
    expect("{\"a\":1}\n{\"b\"", "1:{\"a\":1}\n2!the input ends inside the event\n");
}

static void mismatched_brackets_are_not_json(void **state) {
    (void)state;
    expect("{\"a\":[1}}\n{\"b\":2}\n", "1!not JSON at byte 8 of the event\n2:{\"b\":2}\n");
    expect("{\"a\":1]\n{}\n", "1!not JSON at byte 7 of the event\n2:{}\n");
}

static void objects_over_several_lines_may_follow_each_other(void **state) {
    (void)state;
    expect("{\n}\n{\"b\":\n2}\n{}", "1:{\n}\n3:{\"b\":\n2}\n5:{}\n");
    expect("{\n}\nnonsense\n{}\n", "1:{\n}\n3!expected an event, a JSON object\n");
    expect("{\n\"a\":1\n", "1!the input ends inside the event\n");
}

static void the_elements_of_an_array_are_events(void **state) {
    (void)state;
    expect("[{\"a\":1},{\"b\":[2,{}]}]", "1:{\"a\":1}\n1:{\"b\":[2,{}]}\n");
    expect("[\n {\"a\":\n1}\n,\n {}\n]\n", "2:{\"a\":\n1}\n5:{}\n");
    expect("[{}]\n[{\"b\":2}] {}", "1:{}\n2:{\"b\":2}\n2:{}\n");
}

static void a_broken_array_ends_the_reading(void **state) {
    (void)state;
    const char *stray = "expected an event, a comma or the end of the array\n";
    char want[200];
    snprintf(want, sizeof(want), "1:{}\n1!%s", stray);
    expect("[{} {\"b\":2}]", want);
    expect("[{},5,{}]", want);
    expect("[{},,{}]", want);
    expect("[{}", "1:{}\n1!the input ends inside the array\n");
    expect("[{},{\"a\":", "1:{}\n1!the input ends inside the event\n");
    expect("[{},{\"a\" 1},{\"b\":2}]", "1:{}\n1!not JSON at byte 6 of the event\n1:{\"b\":2}\n");
}

static void an_object_above_the_limit_is_left_out(void **state) {
    (void)state;
    for (size_t piece = 1; piece < 40; piece++) {
        struct hg_buf got = {0};
        feed_in_pieces(HG_SLICE("{\"a\":1}\n{\"a\":12345}\n{\"b\":2}\n"), piece, 8, &got);
        unit_assert_slice(hg_buf_slice(&got),
                          "1:{\"a\":1}\n2!the event is too large or too deep\n3:{\"b\":2}\n");
        hg_buf_fini(&got);
    }
}

static void depth_has_a_limit(void **state) {
    (void)state;
    char text[600] = "{\"a\":";
    size_t n = strlen(text);
    memset(text + n, '[', 200);
    memset(text + n + 200, ']', 200);
    text[n + 400] = '}';
    struct hg_buf got = {0};
    feed_in_pieces(hg_slice_of(text), 7, 0, &got);
    unit_assert_slice(hg_buf_slice(&got), "1!the event is too large or too deep\n");
    hg_buf_fini(&got);
}

int test_items(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_gives_nothing),
        cmocka_unit_test(one_object_is_one_event),
        cmocka_unit_test(a_line_each_is_read),
        cmocka_unit_test(brackets_and_quotes_in_strings_count_for_nothing),
        cmocka_unit_test(a_broken_line_costs_only_itself),
        cmocka_unit_test(mismatched_brackets_are_not_json),
        cmocka_unit_test(objects_over_several_lines_may_follow_each_other),
        cmocka_unit_test(the_elements_of_an_array_are_events),
        cmocka_unit_test(a_broken_array_ends_the_reading),
        cmocka_unit_test(an_object_above_the_limit_is_left_out),
        cmocka_unit_test(depth_has_a_limit),
    };
    return cmocka_run_group_tests_name("items", tests, NULL, NULL);
}
