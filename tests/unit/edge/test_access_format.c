/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/edge/rig.h"

#include <stdlib.h>

#include "base/clock.h"

/* A visit that is only looked at, and the line it gives. */
struct line {
    struct hg_visit visit;
    struct fake_request request;
    struct hg_arena arena;
    struct hg_buf text;
};

static void line_open(struct line *l, const char *target, const char *name, const char *value) {
    memset(l, 0, sizeof(*l));
    fake_request_init(&l->request, "GET", target, name, value, NULL);
    assert_int_equal(hg_request_init(&l->visit.request, &l->request.head, &l->arena), 0);
    l->visit.peer = "192.0.2.7:4711";
    l->visit.began_us = hg_clock_mono_us();
    l->visit.status = 200;
}

static const char *line_print(struct line *l, const char *format) {
    const struct hg_access_format *f = NULL;
    struct hg_why why = {""};
    if (hg_access_format_new(hg_slice_of(format), &l->arena, &f, &why) != 0) {
        fail_msg("%s", why.text);
    }
    hg_buf_clear(&l->text);
    hg_access_print(f, &l->visit, &l->text);
    hg_buf_put(&l->text, "", 1);
    assert_false(l->text.is_failed);
    return l->text.ptr;
}

static void line_close(struct line *l) {
    hg_arena_fini(&l->arena);
    hg_buf_fini(&l->text);
}

static void assert_line(const char *target, const char *name, const char *value, const char *format,
                        const char *want) {
    struct line l;
    line_open(&l, target, name, value);
    assert_string_equal(line_print(&l, format), want);
    line_close(&l);
}

static void text_and_variables_stand_as_they_are_written(void **state) {
    (void)state;
    assert_line("/a/b?c=d", NULL, NULL, "", "\n");
    assert_line("/a/b?c=d", NULL, NULL, "only text", "only text\n");
    assert_line("/a/b?c=d", NULL, NULL, "$uri", "/a/b\n");
    assert_line("/a/b?c=d", NULL, NULL, "<$uri>", "</a/b>\n");
    assert_line("/a/b?c=d", NULL, NULL, "$uri$uri", "/a/b/a/b\n");
    assert_line("/a/b?c=d", NULL, NULL, "$request_method,$status.$server_protocol",
                "GET,200.HTTP/1.1\n");
    assert_line("/a", NULL, NULL, "$remote_addr \"$http_user_agent\"", "192.0.2.7 \"-\"\n");
    assert_line("/a", NULL, NULL, "$remote_addr|$remote_port", "192.0.2.7|4711\n");
    assert_line("/a", "user-agent", "curl/8", "\"$http_user_agent\"", "\"curl/8\"\n");
    assert_line("/a", "referer", "https://a.test/", "$http_referer", "https://a.test/\n");
    assert_line("/a", NULL, NULL, "$request_length $problem $principal", "0 - -\n");
}

static void assert_format_fault(const char *format, const char *part) {
    struct hg_arena arena = {0};
    struct hg_why why = {""};
    const struct hg_access_format *f = NULL;
    assert_int_equal(hg_access_format_new(hg_slice_of(format), &arena, &f, &why), HG_EINVAL);
    assert_non_null(strstr(why.text, part));
    assert_null(f);
    hg_arena_fini(&arena);
}

static void an_unknown_variable_is_a_fault(void **state) {
    char many[256];
    (void)state;
    assert_format_fault("$nothing", "there is no variable $nothing");
    assert_format_fault("a $uris b", "there is no variable $uris");
    assert_format_fault("$", "there is no variable $");
    assert_format_fault("$$uri", "there is no variable $");
    assert_format_fault("${uri}", "there is no variable $");
    size_t len = 0;
    for (int i = 0; i < 33; i++) {
        len += (size_t)snprintf(many + len, sizeof(many) - len, "$uri ");
    }
    assert_format_fault(many, "more than 32 variables");
}

static void every_variable_of_the_reference_is_there(void **state) {
    struct line l;
    (void)state;
    line_open(&l, "/", NULL, NULL);
    line_print(
        &l, "$remote_addr $remote_port $principal $time_iso8601 $request_method $uri "
            "$server_protocol $status $events $duplicates $request_time $request_length $problem "
            "$http_user_agent $http_referer");
    line_print(&l, hg_access_default_format);
    line_close(&l);
}

static void a_peer_of_each_kind_has_its_address_and_port(void **state) {
    static const char *const kinds[][2] = {{"192.0.2.7:80", "192.0.2.7|80\n"},
                                           {"[2001:db8::7]:80", "2001:db8::7|80\n"},
                                           {"unix:", "unix:|-\n"},
                                           {"unix:/run/a:1", "unix:/run/a:1|-\n"},
                                           {"unknown", "unknown|-\n"}};
    (void)state;
    for (size_t i = 0; i < HG_COUNT(kinds); i++) {
        struct line l;
        line_open(&l, "/", NULL, NULL);
        l.visit.peer = kinds[i][0];
        assert_string_equal(line_print(&l, "$remote_addr|$remote_port"), kinds[i][1]);
        line_close(&l);
    }
}

/* Whatever bytes a field may hold, the line stays one line, its quoted text is
 * closed by the format alone, and it is printable ASCII. */
static void no_value_breaks_its_line(void **state) {
    (void)state;
    for (int c = 1; c < 256; c++) {
        char value[8], want[16];
        snprintf(value, sizeof(value), "a%cb", c);
        bool is_plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
        snprintf(want, sizeof(want), is_plain ? "\"a%cb\"\n" : "\"a\\x%02Xb\"\n", c);
        assert_line("/", "user-agent", value, "\"$http_user_agent\"", want);
        assert_line("/", "referer", value, "\"$http_referer\"", want);
    }
}

/* The path is decoded, so it may hold what the request line could not. */
static void no_path_breaks_its_line(void **state) {
    (void)state;
    assert_line("/a%22b", NULL, NULL, "\"$uri\"", "\"/a\\x22b\"\n");
    assert_line("/%20%C3%A9", NULL, NULL, "\"$uri\"", "\"/ \\xC3\\xA9\"\n");
    struct line l;
    line_open(&l, "/", NULL, NULL);
    l.visit.request.path = HG_SLICE("/a\nb\0c\\");
    l.visit.request.method = HG_SLICE("GE\"T");
    assert_string_equal(line_print(&l, "$uri $request_method"), "/a\\x0Ab\\x00c\\x5C GE\\x22T\n");
    line_close(&l);
}

static void no_principal_breaks_its_line(void **state) {
    struct line l;
    (void)state;
    line_open(&l, "/", NULL, NULL);
    l.visit.principal = hg_principal_new("key", HG_SLICE("i"), HG_SLICE("eve\"\n\\"), 0);
    assert_string_equal(line_print(&l, "$principal"), "eve\\x22\\x0A\\x5C\n");
    hg_principal_unref(&l.visit.principal);
    line_close(&l);
}

static void the_problem_is_named(void **state) {
    struct line l;
    (void)state;
    line_open(&l, "/", NULL, NULL);
    l.visit.problem = "not-found";
    assert_string_equal(line_print(&l, "$problem"), "not-found\n");
    l.visit.problem = NULL;
    struct hg_visit_work work = {.exchange.problem.type = "forbidden"};
    l.visit.work = &work;
    l.visit.has_exchange = true;
    assert_string_equal(line_print(&l, "$problem"), "forbidden\n");
    line_close(&l);
}

static void a_websocket_s_events_are_counted(void **state) {
    struct line l;
    (void)state;
    line_open(&l, "/", NULL, NULL);
    l.visit.n_stored = 12;
    l.visit.n_before = 3;
    l.visit.is_h2 = true;
    assert_string_equal(line_print(&l, "$events $duplicates $server_protocol"), "12 3 HTTP/2\n");
    line_close(&l);
}

static void times_can_be_read(void **state) {
    struct line l;
    int64_t now = hg_clock_wall_ms(), said = 0;
    (void)state;
    line_open(&l, "/", NULL, NULL);
    l.visit.began_us = hg_clock_mono_us() - 1500000;
    const char *text = line_print(&l, "$time_iso8601");
    assert_int_equal(hg_clock_parse((struct hg_slice){text, strlen(text) - 1}, &said), 0);
    assert_in_range(said, now, now + 10000);
    double ms = strtod(line_print(&l, "$request_time"), NULL);
    assert_true(ms >= 1500.0 && ms < 60000.0);
    line_close(&l);
}

int test_access_format(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_and_variables_stand_as_they_are_written),
        cmocka_unit_test(an_unknown_variable_is_a_fault),
        cmocka_unit_test(every_variable_of_the_reference_is_there),
        cmocka_unit_test(a_peer_of_each_kind_has_its_address_and_port),
        cmocka_unit_test(no_value_breaks_its_line),
        cmocka_unit_test(no_path_breaks_its_line),
        cmocka_unit_test(no_principal_breaks_its_line),
        cmocka_unit_test(the_problem_is_named),
        cmocka_unit_test(a_websocket_s_events_are_counted),
        cmocka_unit_test(times_can_be_read),
    };
    return cmocka_run_group_tests_name("access_format", tests, NULL, NULL);
}
