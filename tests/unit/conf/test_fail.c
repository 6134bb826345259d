/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "conf/tree.h"
#include "unit/conf/fixture.h"

static unsigned count(const char *text, const char *part) {
    unsigned n = 0;
    while ((text = strstr(text, part)) != NULL) {
        n++;
        text++;
    }
    return n;
}

static void errors_end_at_a_hundred(void **state) {
    (void)state;
    for (unsigned n = 100; n <= 101; n++) {
        struct fx fx;
        struct hg_buf text = {0};
        for (unsigned i = 0; i < n; i++) {
            HG_BUF_LIT(&text, "zzzzzzzz;\n");
        }
        hg_buf_put(&text, "", 1);
        fx_text(&fx, text.ptr);
        assert_int_equal(fx.err, HG_EINVAL);
        assert_int_equal(count(fx.errors.ptr, "unknown directive"), 100);
        assert_int_equal(count(fx.errors.ptr, "t.conf:1: main: there are more than 100 errors; the "
                                              "others are not shown\n"),
                         n - 100);
        hg_buf_fini(&text);
        fx_close(&fx);
    }
}

static void warnings_are_told_and_do_no_harm(void **state) {
    (void)state;
    struct fx fx;
    struct hg_buf text = {0};
    fx_text(&fx, "allow everybody;\nserver { location / { } location /x { } }");
    assert_int_equal(fx.err, 0);
    /* The blocks inside inherit the line, not the warning. */
    assert_string_equal(fx.errors.ptr, "t.conf:1: allow: warning: that is many\n");
    fx_close(&fx);
    for (int i = 0; i < 300; i++) {
        HG_BUF_LIT(&text, "allow everybody;\n");
    }
    HG_BUF_LIT(&text, "mode odd;");
    hg_buf_put(&text, "", 1);
    fx_text(&fx, text.ptr);
    assert_int_equal(count(fx.errors.ptr, "warning:"), 100);
    assert_int_equal(count(fx.errors.ptr, "t.conf:301: mode:"), 1);
    hg_buf_fini(&text);
    fx_close(&fx);
}

static void assert_fault(const struct hg_conf *conf, const char *name, const char *arg,
                         const char *text, const char *wanted) {
    struct hg_buf out = {0};
    hg_conf_fault(conf, name, hg_slice_of(arg), &out, "%s", text);
    hg_buf_put(&out, "", 1);
    assert_string_equal(out.ptr, wanted);
    hg_buf_fini(&out);
}

static void a_fault_that_is_found_later_has_the_line_or_the_whole(void **state) {
    (void)state;
    struct fx fx;
    fx_text(&fx, "mode fast;\nserver {\n location /a {\n limit 1k;\n }\n }\n limit 2k;");
    assert_int_equal(fx.err, 0);
    assert_fault(fx.conf, "mode", "", "no", "t.conf:1: mode: no\n");
    assert_fault(fx.conf, "limit", "1k", "no", "t.conf:4: limit: no\n");
    assert_fault(fx.conf, "limit", "2k", "no", "t.conf:7: limit: no\n");
    assert_fault(fx.conf, "limit", "3k", "no", "t.conf:1: main: limit: no\n");
    assert_fault(fx.conf, "root", "", "a\nb", "t.conf:1: main: root: a?b\n");
    assert_fault(fx.conf, NULL, "", "no", "t.conf:1: main: no\n");
    char text[1000];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    struct hg_buf out = {0};
    hg_conf_fault(fx.conf, "root", (struct hg_slice){0}, &out, "%s", text);
    assert_true(out.len < 600 && out.ptr[out.len - 1] == '\n');
    hg_buf_fini(&out);
    fx_close(&fx);
}

static void a_fault_can_be_said_of_a_line(void **state) {
    (void)state;
    struct fx fx;
    struct hg_buf out = {0};
    bool is_own;
    fx_text(&fx, "mode fast;\nlimit 2k;");
    assert_int_equal(fx.err, 0);
    hg_conf_fault_at(hg_conf_line_for(hg_conf_main(fx.conf), "limit", &is_own), &out, "%d\n is", 2);
    hg_buf_put(&out, "", 1);
    assert_string_equal(out.ptr, "t.conf:2: limit: 2? is\n");
    hg_buf_fini(&out);
    fx_close(&fx);
}

static void an_error_is_one_line_whatever_was_written(void **state) {
    (void)state;
    fx_expect_error("mode \"a\nb\t\";",
                    "t.conf:1: mode: \"a?b?\" is not known here; expected fast, safe or paranoid");
    fx_expect_error("\"a\nb\" 1;", "t.conf:1: a?b: unknown directive; expected one that may stand "
                                   "in \"main\", or a load_module line for it");
}

static void an_error_shows_no_secret_written_in_the_wrong_place(void **state) {
    (void)state;
    fx_expect_error("mode secret=canary;", "t.conf:1: mode: \"secret=***\" is not known here; "
                                           "expected fast, safe or paranoid");
    fx_expect_error("mode my_token=c;", "t.conf:1: mode: \"my_token=*\" is not known here; "
                                        "expected fast, safe or paranoid");
    fx_expect_error("sendfile https://me:canary@host/x;",
                    "t.conf:1: sendfile: \"https://me:***@host/x\" is not a switch; expected on "
                    "or off");
    fx_expect_error("mode secret=env:K;", "t.conf:1: mode: \"secret=env:K\" is not known here; "
                                          "expected fast, safe or paranoid");
}

static void a_long_error_is_cut_at_a_character(void **state) {
    (void)state;
    struct fx fx;
    struct hg_buf text = {0};
    HG_BUF_LIT(&text, "include \"");
    for (int i = 0; i < 600; i++) {
        HG_BUF_LIT(&text, "\xc3\xa4");
    }
    HG_BUF_LIT(&text, "\";");
    for (int i = 0; i < 5000; i++) {
        HG_BUF_LIT(&text, "long");
    }
    HG_BUF_LIT(&text, ";");
    hg_buf_put(&text, "", 1);
    fx_text(&fx, text.ptr);
    assert_int_equal(count(fx.errors.ptr, "\n"), 2);
    assert_true(fx.errors.len < 1500);
    assert_null(strchr(fx.errors.ptr, '?'));
    hg_buf_fini(&text);
    fx_close(&fx);
}

static const char *guess_of(const char *wanted, const char *const *names) {
    struct hg_conf_guess g = {.wanted = wanted};
    for (; *names != NULL; names++) {
        hg_conf__guess(&g, *names);
    }
    return g.best;
}

static void the_nearest_name_is_guessed(void **state) {
    (void)state;
    static const char *const names[] = {"sse_heartbeat", "listen", "location", "log", "ssl", NULL};
    assert_string_equal(guess_of("sse_hearbeat", names), "sse_heartbeat");
    assert_string_equal(guess_of("sse_haertbeat", names), "sse_heartbeat");
    assert_string_equal(guess_of("lisen", names), "listen");
    assert_string_equal(guess_of("locations", names), "location");
    assert_string_equal(guess_of("lgo", names), "log");
    assert_null(guess_of("proxy_pass", names));
    assert_null(guess_of("x", names));
    assert_null(guess_of("", names));
}

static void a_name_too_long_for_any_is_not_guessed(void **state) {
    (void)state;
    char name[200];
    const char *names[] = {name, NULL};
    memset(name, 'a', sizeof(name));
    name[65] = '\0';
    assert_null(guess_of("aaaaaaaaaaaa", names));
    assert_null(guess_of(name, names));
    name[64] = '\0';
    assert_string_equal(guess_of(name, names), name);
}

static void a_check_without_a_line_speaks_of_its_block(void **state) {
    (void)state;
    fx_expect_error("worker_threads 13;", "t.conf:1: main: 13 workers bring bad luck");
    fx_expect_error("\nserver { root /etc; }", "t.conf:2: server: root may not be /etc");
    fx_expect_error("\nserver { root /dev; }",
                    "t.conf:2: server: core refuses this and does not say why");
}

int test_fail(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_end_at_a_hundred),
        cmocka_unit_test(warnings_are_told_and_do_no_harm),
        cmocka_unit_test(a_fault_that_is_found_later_has_the_line_or_the_whole),
        cmocka_unit_test(a_fault_can_be_said_of_a_line),
        cmocka_unit_test(an_error_is_one_line_whatever_was_written),
        cmocka_unit_test(an_error_shows_no_secret_written_in_the_wrong_place),
        cmocka_unit_test(a_long_error_is_cut_at_a_character),
        cmocka_unit_test(the_nearest_name_is_guessed),
        cmocka_unit_test(a_name_too_long_for_any_is_not_guessed),
        cmocka_unit_test(a_check_without_a_line_speaks_of_its_block),
    };
    return cmocka_run_group_tests_name("fail", tests, NULL, NULL);
}
