/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "unit/conf/fixture.h"

/* The matches of a pattern, each ended by a 0. */
static void put_matches(struct fx *fx, const char *pattern, struct hg_slice matches) {
    char key[64];
    snprintf(key, sizeof(key), "glob:%s", pattern);
    assert_int_equal(hg_conf_files_put(fx->files, hg_slice_of(key), matches), 0);
}

static void included_lines_stand_where_the_include_stands(void **state) {
    (void)state;
    struct fx fx;
    fx_open(&fx);
    fx_file(&fx, "t.conf", "server { listen 1; }\ninclude more.conf;\nserver { listen 3; }");
    fx_file(&fx, "more.conf", "server { include inner.conf; }");
    fx_file(&fx, "inner.conf", "listen 2;\nkeepalive_timeout 5s;");
    fx_load(&fx);
    fx_assert_good(&fx);
    const struct hg_conf_block *m = hg_conf_main(fx.conf);
    const struct hg_conf_block *s = fx_block(m, "server", 1);
    assert_string_equal(fx_core(s)->listen.items[0].ptr, "2");
    assert_int_equal(fx_core(s)->keepalive_ms, 5000);
    assert_string_equal(hg_conf_line_of(s)->file, "more.conf");
    assert_string_equal(fx_core(fx_block(m, "server", 2))->listen.items[0].ptr, "3");
    fx_close(&fx);
}

static void one_file_may_be_included_in_many_blocks(void **state) {
    (void)state;
    struct fx fx;
    fx_open(&fx);
    fx_file(&fx, "t.conf", "server { include i; } server { include i; keepalive_timeout 1s; }");
    fx_file(&fx, "i", "listen 7;");
    fx_load(&fx);
    fx_assert_good(&fx);
    const struct hg_conf_block *m = hg_conf_main(fx.conf);
    assert_int_equal(fx_core(fx_block(m, "server", 0))->listen.n, 1);
    assert_int_equal(fx_core(fx_block(m, "server", 1))->listen.n, 1);
    fx_close(&fx);
}

static void a_pattern_includes_every_match_in_order(void **state) {
    (void)state;
    struct fx fx;
    fx_open(&fx);
    fx_file(&fx, "t.conf", "server { include d/*; }");
    put_matches(&fx, "d/*", HG_SLICE("d/a\0d/b\0"));
    fx_file(&fx, "d/a", "server_name one;");
    fx_file(&fx, "d/b", "server_name two;");
    fx_load(&fx);
    fx_assert_good(&fx);
    const struct fx_core *c = fx_core(fx_block(hg_conf_main(fx.conf), "server", 0));
    assert_int_equal(c->names.n, 2);
    assert_string_equal(c->names.items[0].ptr, "one");
    assert_string_equal(c->names.items[1].ptr, "two");
    fx_close(&fx);
}

static void a_pattern_without_match_includes_nothing(void **state) {
    (void)state;
    struct fx fx;
    fx_open(&fx);
    fx_file(&fx, "t.conf", "include d/[ab]?;");
    put_matches(&fx, "d/[ab]?", HG_SLICE(""));
    fx_load(&fx);
    fx_assert_good(&fx);
    fx_close(&fx);
}

static void a_missing_or_misused_include_is_an_error(void **state) {
    (void)state;
    fx_expect_error("\ninclude none.conf;",
                    "t.conf:2: include: cannot read \"none.conf\": No such file or directory");
    fx_expect_error("include;",
                    "t.conf:1: include: takes one path or pattern; expected include PATH;");
    fx_expect_error("include a b;",
                    "t.conf:1: include: takes one path or pattern; expected include PATH;");
    fx_expect_error("include a { listen 1; }",
                    "t.conf:1: include: takes one path or pattern; expected include PATH;");
    fx_expect_error("include \"\";",
                    "t.conf:1: include: the path is empty; expected include PATH;");
}

static void files_that_include_each_other_are_an_error(void **state) {
    (void)state;
    struct fx fx;
    fx_expect_error("include t.conf;", "t.conf:1: include: \"t.conf\" includes itself");
    fx_open(&fx);
    fx_file(&fx, "t.conf", "include a;");
    fx_file(&fx, "a", "\n\ninclude t.conf;");
    fx_load(&fx);
    assert_string_equal(fx.errors.ptr,
                        "a:3: include: \"t.conf\" includes itself, by way of others\n");
    fx_close(&fx);
}

static void includes_stand_ten_deep_and_no_deeper(void **state) {
    (void)state;
    for (int deep = 10; deep <= 11; deep++) {
        struct fx fx;
        char name[8], text[32];
        fx_open(&fx);
        fx_file(&fx, "t.conf", "include f1;");
        for (int i = 1; i < deep; i++) {
            snprintf(name, sizeof(name), "f%d", i);
            snprintf(text, sizeof(text), "include f%d;", i + 1);
            fx_file(&fx, name, text);
        }
        snprintf(name, sizeof(name), "f%d", deep);
        fx_file(&fx, name, "worker_threads 3;");
        fx_load(&fx);
        if (deep == 10) {
            fx_assert_good(&fx);
        } else {
            assert_string_equal(fx.errors.ptr,
                                "f10:1: include: \"f11\" is included more than 10 files deep\n");
        }
        fx_close(&fx);
    }
}

static void includes_that_multiply_are_stopped(void **state) {
    (void)state;
    struct fx fx;
    struct hg_buf many = {0};
    fx_open(&fx);
    fx_file(&fx, "t.conf", "include f1;");
    for (char i = '1'; i < '9'; i++) {
        const char name[] = {'f', i, '\0'};
        hg_buf_clear(&many);
        for (int n = 0; n < 50; n++) {
            hg_buf_printf(&many, "include f%c;", i + 1);
        }
        hg_buf_put(&many, "", 1);
        fx_file(&fx, name, many.ptr);
    }
    fx_file(&fx, "f9", "");
    fx_load(&fx);
    assert_non_null(strstr(fx.errors.ptr, ":1: main: all files together are larger than 64 MiB\n"));
    hg_buf_fini(&many);
    fx_close(&fx);
}

static void a_statement_without_end_is_found(void **state) {
    (void)state;
    fx_expect_error(
        "worker_threads 4",
        "t.conf:1: worker_threads: the file ends inside this directive; expected \";\"");
    fx_expect_error("server {\n listen 80\n}",
                    "t.conf:3: listen: column 1: unexpected \"}\"; expected \";\" before it");
    fx_expect_error("server {\n listen 80\n server_name a;\n}",
                    "t.conf:2: listen: takes 1 to 2 arguments, not 3; expected \"listen ADDRESS "
                    "[ssl];\"; is a \";\" missing at the end of line 2?");
}

static void a_block_without_end_is_found_where_it_begins(void **state) {
    (void)state;
    fx_expect_error("\nserver {\n listen 80;\n",
                    "t.conf:2: server: the block is never closed; expected \"}\" before the end of "
                    "the file");
    fx_expect_error("server { location / {", "t.conf:1: location: the block is never closed; "
                                             "expected \"}\" before the end of the file\n"
                                             "t.conf:1: server: the block is never closed; "
                                             "expected \"}\" before the end of the file");
}

static void marks_out_of_place_are_found(void **state) {
    (void)state;
    fx_expect_error("server { } }", "t.conf:1: column 12: unexpected \"}\"; no block is open here");
    fx_expect_error(" ;", "t.conf:1: column 2: unexpected \";\"; expected a directive before it");
    fx_expect_error("server { };",
                    "t.conf:1: column 11: unexpected \";\"; expected a directive before it");
    fx_expect_error("{ worker_threads x; }",
                    "t.conf:1: column 1: unexpected \"{\"; expected the name of a block before it");
}

static void quotes_out_of_place_are_found(void **state) {
    (void)state;
    fx_expect_error("worker_threads 4;\nroot \"/var;\nmode fast;",
                    "t.conf:2: root: column 6: the quote is never closed; expected another \"");
    fx_expect_error("root \"/var\"x;", "t.conf:1: root: column 6: something follows the closing "
                                       "quote; expected a blank, ;, { or }");
}

static void bytes_that_are_no_text_are_found(void **state) {
    (void)state;
    struct fx fx;
    fx_expect_error("\nroot \x01;\n", "t.conf:2: column 6: byte 0x01 is no text");
    fx_expect_error("root \x7f/;\n", "t.conf:1: column 6: byte 0x7f is no text");
    fx_expect_error("\n\nroot \xff;\n", "t.conf:3: this line is not UTF-8");
    fx_expect_error("root \xc0\xaf;", "t.conf:1: this line is not UTF-8");
    fx_open(&fx);
    hg_conf_files_put(fx.files, HG_SLICE("t.conf"), HG_SLICE("a;\nb \0; no; such; thing;"));
    fx_load(&fx);
    assert_string_equal(fx.errors.ptr, "t.conf:2: column 3: byte 0x00 is no text\n");
    fx_close(&fx);
}

static void a_text_from_elsewhere_is_read_too(void **state) {
    (void)state;
    struct fx fx;
    fx_text(&fx, "\xef\xbb\xbfworker_threads 3;\r\nserver {\r\n\tlisten 80;\r\n}\r\n");
    fx_assert_good(&fx);
    assert_int_equal(fx_core(hg_conf_main(fx.conf))->workers, 3);
    fx_close(&fx);
}

static void blocks_have_a_greatest_depth(void **state) {
    (void)state;
    struct fx fx;
    struct hg_buf text = {0};
    for (int i = 0; i < 1000; i++) {
        HG_BUF_LIT(&text, "server {\n");
    }
    for (int i = 0; i < 1000; i++) {
        HG_BUF_LIT(&text, "}");
    }
    HG_BUF_LIT(&text, "\nworker_threads 100;");
    hg_buf_put(&text, "", 1);
    fx_text(&fx, text.ptr);
    assert_non_null(
        strstr(fx.errors.ptr, "t.conf:33: server: blocks stand more than 32 deep in each other\n"));
    assert_non_null(
        strstr(fx.errors.ptr, "t.conf:1002: worker_threads: 100 is above the limit 64"));
    hg_buf_fini(&text);
    fx_close(&fx);
}

static void one_run_finds_the_faults_of_all_files(void **state) {
    (void)state;
    struct fx fx;
    fx_open(&fx);
    fx_file(&fx, "t.conf",
            "worker_threads x;\ninclude a;\nserver {\n listen 80\n}\ninclude b;\n"
            "root \"/;\nkeepalive_timeout 5;\nmode odd;");
    fx_file(&fx, "a", "}\nsendfile maybe;");
    fx_file(&fx, "b", "server {\n listn 3;");
    fx_load(&fx);
    assert_string_equal(
        fx.errors.ptr,
        "t.conf:1: worker_threads: \"x\" is not a whole number; expected digits, such as 10\n"
        "t.conf:5: listen: column 1: unexpected \"}\"; expected \";\" before it\n"
        "t.conf:7: root: column 6: the quote is never closed; expected another \"\n"
        "t.conf:9: mode: \"odd\" is not known here; expected fast, safe or paranoid\n"
        "a:1: column 1: unexpected \"}\"; no block is open here\n"
        "a:2: sendfile: \"maybe\" is not a switch; expected on or off\n"
        "b:1: server: the block is never closed; expected \"}\" before the end of the file\n"
        "b:2: listn: unknown directive; did you mean \"listen\"?\n");
    fx_close(&fx);
}

int test_parse(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(included_lines_stand_where_the_include_stands),
        cmocka_unit_test(one_file_may_be_included_in_many_blocks),
        cmocka_unit_test(a_pattern_includes_every_match_in_order),
        cmocka_unit_test(a_pattern_without_match_includes_nothing),
        cmocka_unit_test(a_missing_or_misused_include_is_an_error),
        cmocka_unit_test(files_that_include_each_other_are_an_error),
        cmocka_unit_test(includes_stand_ten_deep_and_no_deeper),
        cmocka_unit_test(includes_that_multiply_are_stopped),
        cmocka_unit_test(a_statement_without_end_is_found),
        cmocka_unit_test(a_block_without_end_is_found_where_it_begins),
        cmocka_unit_test(marks_out_of_place_are_found),
        cmocka_unit_test(quotes_out_of_place_are_found),
        cmocka_unit_test(bytes_that_are_no_text_are_found),
        cmocka_unit_test(a_text_from_elsewhere_is_read_too),
        cmocka_unit_test(blocks_have_a_greatest_depth),
        cmocka_unit_test(one_run_finds_the_faults_of_all_files),
    };
    return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
