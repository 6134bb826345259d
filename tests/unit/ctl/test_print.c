/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/print.h"

#include "unit/ctl/rig.h"

#define POSITION "AWypl8u7reW6AAAAAQAAAAAAAAAAAABzFIt8mPgU5g"

static void expect_as(enum hg_ctl_format format, const char *json, const char *position,
                      const char *want) {
    struct rig r;
    rig_open(&r, "");
    struct hg_ctl_printer p = {.ctl = &r.ctl, .format = format, .left = -1};
    assert_true(hg_ctl_print(&p, hg_slice_of(json), hg_slice_of(position)));
    rig_read(&r);
    assert_string_equal(r.out, want);
    hg_ctl_print_fini(&p);
    rig_close(&r);
}

static void json_is_one_line_and_otherwise_as_it_came(void **state) {
    (void)state;
    expect_as(HG_CTL_JSON, "{\"a\":12345678901234567890.10,\n \"b\" :\r\n[1]}", "",
              "{\"a\":12345678901234567890.10,  \"b\" :  [1]}\n");
    expect_as(HG_CTL_JSON, " {\"a\":\"\\n\"} ", "", "{\"a\":\"\\n\"}\n");
}

static void an_event_is_shown_with_its_position(void **state) {
    (void)state;
    expect_as(HG_CTL_JSON, "{\"a\":1}", POSITION, "{\"a\":1,\"hgposition\":\"" POSITION "\"}\n");
    expect_as(HG_CTL_JSON, "{\"hgposition\":\"own\"}", POSITION, "{\"hgposition\":\"own\"}\n");
    expect_as(HG_CTL_JSON, "{\"a\":1}", POSITION "." POSITION, "{\"a\":1}\n");
    expect_as(HG_CTL_JSON, "{}", POSITION, "{}\n");
    expect_as(HG_CTL_PRETTY, "{\"a\":1}", POSITION,
              "{\n  \"a\": 1,\n  \"hgposition\": \"" POSITION "\"\n}\n");
    expect_as(HG_CTL_PRETTY, "{}", POSITION, "{}\n");
    expect_as(HG_CTL_DATA, "{\"data\":1}", POSITION, "1\n");
}

static void pretty_is_a_member_a_line(void **state) {
    (void)state;
    expect_as(HG_CTL_PRETTY, "{\"a\":{\"b\":[1,[],{},\"x\\\"y\",null]},\"c\":1.50}", "",
              "{\n  \"a\": {\n    \"b\": [\n      1,\n      [],\n      {},\n      \"x\\\"y\",\n"
              "      null\n    ]\n  },\n  \"c\": 1.50\n}\n");
}

static void data_alone_is_what_the_producer_sent(void **state) {
    (void)state;
    expect_as(HG_CTL_DATA, "{\"id\":\"1\",\"data\":{\"n\":\n1}}", "", "{\"n\": 1}\n");
    expect_as(HG_CTL_DATA, "{\"datacontenttype\":\"application/json\",\"data\":\"a\\nb\"}", "",
              "\"a\\nb\"\n");
    expect_as(HG_CTL_DATA, "{\"data\":\"x\"}", "", "\"x\"\n");
    expect_as(HG_CTL_DATA, "{\"datacontenttype\":\"text/plain\",\"data\":\"a\\tb\\u00e9\"}", "",
              "a\tb\xc3\xa9\n");
    expect_as(HG_CTL_DATA, "{\"datacontenttype\":\"x/y\",\"data_base64\":\"YWJj\"}", "", "abc\n");
    expect_as(HG_CTL_DATA, "{\"datacontenttype\":\"text/plain\",\"data\":{\"a\":1}}", "",
              "{\"a\":1}\n");
    expect_as(HG_CTL_DATA, "{\"data\":null}", "", "null\n");
    expect_as(HG_CTL_DATA, "{\"id\":\"1\",\"x\":{\"data\":5}}", "", "\n");
}

static void counting_ends_at_the_last_one_wanted(void **state) {
    (void)state;
    struct rig r;
    rig_open(&r, "");
    struct hg_ctl_printer p = {.ctl = &r.ctl, .left = 2};
    assert_true(hg_ctl_print(&p, HG_SLICE("{\"a\":1}"), HG_SLICE("")));
    assert_false(hg_ctl_print(&p, HG_SLICE("{\"a\":2}"), HG_SLICE("x.y")));
    assert_false(hg_ctl_print(&p, HG_SLICE("{\"a\":3}"), HG_SLICE("z")));
    rig_read(&r);
    assert_string_equal(r.out, "{\"a\":1}\n{\"a\":2}\n");
    unit_assert_slice(hg_buf_slice(&p.position), "x.y");
    hg_ctl_print_fini(&p);
    rig_close(&r);
}

static void what_is_no_event_is_left_out_and_told(void **state) {
    (void)state;
    static const char *const bad[] = {"", "[]", "1", "{", "{\"a\":}", "\xff"};
    struct rig r;
    rig_open(&r, "");
    struct hg_ctl_printer p = {.ctl = &r.ctl, .left = 1};
    for (size_t i = 0; i < HG_COUNT(bad); i++) {
        assert_true(hg_ctl_print(&p, hg_slice_of(bad[i]), HG_SLICE("x")));
    }
    assert_true(hg_ctl_print(&p, (struct hg_slice){NULL, 0}, HG_SLICE("x")));
    rig_read(&r);
    assert_string_equal(r.out, "");
    assert_has(r.err, "no event");
    assert_int_equal(p.left, 1);
    assert_int_equal(p.position.len, 0);
    hg_ctl_print_fini(&p);
    rig_close(&r);
}

int test_print(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_one_line_and_otherwise_as_it_came),
        cmocka_unit_test(an_event_is_shown_with_its_position),
        cmocka_unit_test(pretty_is_a_member_a_line),
        cmocka_unit_test(data_alone_is_what_the_producer_sent),
        cmocka_unit_test(counting_ends_at_the_last_one_wanted),
        cmocka_unit_test(what_is_no_event_is_left_out_and_told),
    };
    return cmocka_run_group_tests_name("print", tests, NULL, NULL);
}
