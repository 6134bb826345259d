/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "unit/conf/fixture.h"

static void a_directive_stands_once_in_a_block(void **state) {
    (void)state;
    fx_expect_error("mode fast;\nserver { mode safe; }\nmode safe;",
                    "t.conf:3: mode: duplicate; it stands in this block at t.conf:1 already");
    /* Also when the first has a fault of its own. */
    fx_expect_error("mode odd;\nmode safe;",
                    "t.conf:1: mode: \"odd\" is not known here; expected fast, safe or paranoid\n"
                    "t.conf:2: mode: duplicate; it stands in this block at t.conf:1 already");
}

static void a_block_and_a_plain_directive_are_not_confused(void **state) {
    (void)state;
    fx_expect_error("server;",
                    "t.conf:1: server: it opens a block; expected \"{\" instead of \";\"");
    fx_expect_error("mode fast { listen 1; }",
                    "t.conf:1: mode: it opens no block; expected \";\" instead of \"{\"");
}

static void faults_inside_a_faulty_block_are_found_too(void **state) {
    (void)state;
    fx_expect_error("server {\nlocation {\nmode fast;\nkeepalive_timeout x;\n}\n}",
                    "t.conf:2: location: takes 1 to 2 arguments, not 0; expected \"location [=] "
                    "PATH { ... }\"\n"
                    "t.conf:3: mode: it may not stand in a block location; expected in main, "
                    "server\n"
                    "t.conf:4: keepalive_timeout: \"x\" is not a duration; expected a number with "
                    "ms, s, m, h, d or w, such as 30s");
    fx_expect_error("sever {\nlisten;\n}",
                    "t.conf:1: sever: unknown directive; did you mean \"server\"?\n"
                    "t.conf:2: listen: takes 1 to 2 arguments, not 0; expected \"listen ADDRESS "
                    "[ssl];\"");
    fx_expect_error("location / {\nroot;\n}",
                    "t.conf:1: location: it may not stand in the main block; expected in server\n"
                    "t.conf:2: root: takes 1 argument, not 0; expected \"root TEXT;\"");
}

static void the_inside_of_an_unknown_block_is_passed_by(void **state) {
    (void)state;
    fx_expect_error("upstream_group x {\nserver a;\nnothing;\n}\nmode odd;",
                    "t.conf:1: upstream_group: unknown directive; expected one that may stand in "
                    "\"main\", or a load_module line for it\n"
                    "t.conf:5: mode: \"odd\" is not known here; expected fast, safe or paranoid");
}

static void a_module_is_loaded_before_other_lines_are_judged(void **state) {
    (void)state;
    struct fx fx;
    fx_text(&fx, "extra_leeway 5s; server { extra { } extra_leeway 6s; }\n"
                 "load_module plain; load_module extra;");
    fx_assert_good(&fx);
    const struct hg_conf_block *m = hg_conf_main(fx.conf);
    assert_int_equal(fx_core(m)->modules.n, 2);
    const struct hg_conf_block *s = fx_block(m, "server", 0);
    assert_non_null(hg_conf_of_table(fx_block(s, "extra", 0), fx_module_owner.directives));
    fx_close(&fx);
}

static void a_module_in_an_included_file_is_loaded_too(void **state) {
    (void)state;
    struct fx fx;
    fx_open(&fx);
    fx_file(&fx, "t.conf", "extra_leeway 5s; include m;");
    fx_file(&fx, "m", "load_module extra;");
    fx_load(&fx);
    fx_assert_good(&fx);
    fx_close(&fx);
}

static void a_module_that_does_not_load_hides_only_names_like_no_other(void **state) {
    (void)state;
    fx_expect_error("load_module gone;\ngone_leeway 3s;\nkeepalive_timout 3s;\ngone { a; }",
                    "t.conf:1: load_module: there is no module \"gone\"\n"
                    "t.conf:3: keepalive_timout: unknown directive; did you mean "
                    "\"keepalive_timeout\"?");
}

static void a_module_loaded_twice_is_an_error(void **state) {
    (void)state;
    fx_expect_error("load_module extra;\nload_module extra;",
                    "t.conf:2: load_module: extra: its directives are there already");
}

static void a_faulty_load_module_line_is_judged_like_any_other(void **state) {
    (void)state;
    fx_expect_error("load_module;", "t.conf:1: load_module: takes 1 argument, not 0; expected "
                                    "\"load_module NAME;\"");
    fx_expect_error("server { load_module extra; }", "t.conf:1: load_module: it may not stand in a "
                                                     "block server; expected in main");
}

static void a_load_without_loader_keeps_the_lines(void **state) {
    (void)state;
    struct fx fx;
    fx_open(&fx);
    fx.setup.load_module = NULL;
    fx_file(&fx, "t.conf", "load_module extra;");
    fx_load(&fx);
    fx_assert_good(&fx);
    assert_string_equal(fx_core(hg_conf_main(fx.conf))->modules.items[0].ptr, "extra");
    fx_close(&fx);
}

static void a_thousand_blocks_are_bound(void **state) {
    (void)state;
    struct fx fx;
    struct hg_buf text = {0};
    for (int i = 0; i < 5000; i++) {
        hg_buf_printf(&text, "topic t%d { retention %dm; }\n", i, i);
    }
    hg_buf_put(&text, "", 1);
    fx_text(&fx, text.ptr);
    fx_assert_good(&fx);
    int n = 0;
    struct hg_conf_block *b = NULL;
    while ((b = hg_conf_next_block(hg_conf_main(fx.conf), "topic", b)) != NULL) {
        const struct fx_topic *t = hg_conf_of(b, &fx_topic_owner);
        assert_int_equal(t->retention_ms, n * 60000);
        n++;
    }
    assert_int_equal(n, 5000);
    hg_buf_fini(&text);
    fx_close(&fx);
}

int test_bind(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_directive_stands_once_in_a_block),
        cmocka_unit_test(a_block_and_a_plain_directive_are_not_confused),
        cmocka_unit_test(faults_inside_a_faulty_block_are_found_too),
        cmocka_unit_test(the_inside_of_an_unknown_block_is_passed_by),
        cmocka_unit_test(a_module_is_loaded_before_other_lines_are_judged),
        cmocka_unit_test(a_module_in_an_included_file_is_loaded_too),
        cmocka_unit_test(a_module_that_does_not_load_hides_only_names_like_no_other),
        cmocka_unit_test(a_module_loaded_twice_is_an_error),
        cmocka_unit_test(a_faulty_load_module_line_is_judged_like_any_other),
        cmocka_unit_test(a_load_without_loader_keeps_the_lines),
        cmocka_unit_test(a_thousand_blocks_are_bound),
    };
    return cmocka_run_group_tests_name("bind", tests, NULL, NULL);
}
