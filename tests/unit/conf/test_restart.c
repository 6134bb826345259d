/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "unit/conf/fixture.h"

/* What a reload from one text to another is told; "" if it may be. */
static void expect_change(const char *now, const char *next, const char *want) {
    struct fx a, b;
    struct hg_buf out = {0};
    fx_text(&a, now);
    fx_assert_good(&a);
    fx_text(&b, next);
    fx_assert_good(&b);
    const bool is_needed = hg_conf_needs_restart(a.conf, b.conf, &out);
    hg_buf_put(&out, "", 1);
    assert_string_equal(out.ptr, want);
    assert_true(is_needed == (want[0] != '\0'));
    hg_buf_fini(&out);
    fx_close(&a);
    fx_close(&b);
}

#define DIFFERS                                                                                    \
    ": differs from what the running server was started with; only a restart can apply it\n"

static void a_changed_value_needs_a_restart(void **state) {
    (void)state;
    expect_change("worker_threads 4;", "\nworker_threads 5;", "t.conf:2: worker_threads" DIFFERS);
    expect_change("worker_threads 4;", "mode fast;", "t.conf:1: worker_threads" DIFFERS);
    expect_change("", "worker_threads 2;", "t.conf:1: worker_threads" DIFFERS);
    expect_change("limit 5k;", "limit 5k wait=1s;", "t.conf:1: limit" DIFFERS);
    expect_change("", "limit 6k; worker_threads 2;",
                  "t.conf:1: worker_threads" DIFFERS "t.conf:1: limit" DIFFERS);
}

static void the_same_value_written_otherwise_does_not(void **state) {
    (void)state;
    expect_change("", "worker_threads 1;", "");
    expect_change("worker_threads 1;", "", "");
    expect_change("worker_threads 4;", "# more\n\"worker_threads\" 04;", "");
    expect_change("limit 5k;", "", "");
    expect_change("limit 5k; mode fast;", "mode safe; server { } limit \"5k\";", "");
}

static void a_value_in_an_inner_block_counts_where_it_stands(void **state) {
    (void)state;
    const char *with = "server { location /a { limit 7k; } }";
    expect_change(with, "server { listen 1; location /a { limit 7k; allow x; } }", "");
    expect_change("server { }", with, "t.conf:1: limit" DIFFERS);
    expect_change(with, "server { location /b { limit 7k; } }", "t.conf:1: limit" DIFFERS);
}

static void a_module_that_is_new_needs_none(void **state) {
    (void)state;
    expect_change("", "load_module extra; extra_leeway 3s;", "");
    expect_change("load_module extra;", "", "");
}

/* The same text of the configuration, with a file that holds something else. */
static void expect_kept(const char *text, const char *now, const char *next, const char *want) {
    struct fx a, b;
    struct hg_buf out = {0};
    fx_open(&a);
    fx_file(&a, "t.conf", text);
    fx_file(&a, "k", now);
    fx_load(&a);
    fx_assert_good(&a);
    fx_open(&b);
    fx_file(&b, "t.conf", text);
    fx_file(&b, "k", next);
    fx_load(&b);
    fx_assert_good(&b);
    assert_true(hg_conf_needs_restart(a.conf, b.conf, &out) == (want[0] != '\0'));
    hg_buf_put(&out, "", 1);
    assert_string_equal(out.ptr, want);
    hg_buf_fini(&out);
    fx_close(&a);
    fx_close(&b);
}

static void a_secret_that_changed_behind_its_name_is_a_change(void **state) {
    (void)state;
    expect_kept("\nlimit 5k secret=file:k;", "one", "two",
                "t.conf:2: limit: what file:k holds differs from what the running server was "
                "started with; only a restart can apply it\n");
    expect_kept("limit 5k secret=file:k;", "one", "one\n", ""); /* an editor's newline */
    expect_kept("key file:k;", "one", "two", "");               /* a reload applies it */
}

static void one_that_a_running_server_can_be_given_is_none(void **state) {
    (void)state;
    expect_kept("limit 5k live_secret=file:k;", "one", "two", "");
    expect_kept("limit 5k secret=file:k live_secret=file:k;", "one", "two",
                "t.conf:1: limit: what file:k holds differs from what the running server was "
                "started with; only a restart can apply it\n");
    expect_change("limit 5k;", "limit 6k;", "t.conf:1: limit" DIFFERS);
}

int test_restart(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_changed_value_needs_a_restart),
        cmocka_unit_test(the_same_value_written_otherwise_does_not),
        cmocka_unit_test(a_value_in_an_inner_block_counts_where_it_stands),
        cmocka_unit_test(a_module_that_is_new_needs_none),
        cmocka_unit_test(a_secret_that_changed_behind_its_name_is_a_change),
        cmocka_unit_test(one_that_a_running_server_can_be_given_is_none),
    };
    return cmocka_run_group_tests_name("restart", tests, NULL, NULL);
}
