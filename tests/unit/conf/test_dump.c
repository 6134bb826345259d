/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "unit/conf/fixture.h"

static void dump(const struct fx *fx, struct hg_buf *out) {
    hg_conf_dump(fx->conf, out);
    hg_buf_put(out, "", 1);
}

static void every_file_is_written_once_as_it_was_read(void **state) {
    (void)state;
    struct fx fx;
    struct hg_buf out = {0};
    fx_open(&fx);
    fx_file(&fx, "t.conf",
            "mode   fast ; # why\nserver{listen 80;include i;location = /{}}server{ include i; }");
    fx_file(&fx, "i", "root \"a b\"; server_name \"\" '\"x\\\\'  a\\;b;");
    fx_load(&fx);
    fx_assert_good(&fx);
    dump(&fx, &out);
    assert_string_equal(out.ptr, "# configuration file t.conf:\n"
                                 "mode fast;\n"
                                 "server {\n"
                                 "    listen 80;\n"
                                 "    include i;\n"
                                 "    location = / {\n"
                                 "    }\n"
                                 "}\n"
                                 "server {\n"
                                 "    include i;\n"
                                 "}\n"
                                 "\n"
                                 "# configuration file i:\n"
                                 "root \"a b\";\n"
                                 "server_name \"\" \"\\\"x\\\\\" \"a\\\\;b\";\n");
    hg_buf_fini(&out);
    fx_close(&fx);
}

static void a_dump_loads_as_the_same_configuration(void **state) {
    (void)state;
    struct fx fx, again;
    struct hg_buf out = {0}, second = {0};
    fx_text(&fx, "root \"\\d+\\n\\t {};#'\"; allow ${x}; allow $y;\n"
                 "server { listen 1 ssl; location \"\" { allow \"two\nlines\"; } } topic a.b { }");
    fx_assert_good(&fx);
    dump(&fx, &out);
    fx_text(&again, out.ptr);
    fx_assert_good(&again);
    dump(&again, &second);
    assert_string_equal(second.ptr, out.ptr);
    assert_string_equal(fx_core(hg_conf_main(again.conf))->root.ptr, "\\d+\n\t {};#'");
    hg_buf_fini(&out);
    hg_buf_fini(&second);
    fx_close(&fx);
    fx_close(&again);
}

static void no_secret_is_shown(void **state) {
    (void)state;
    struct fx fx;
    struct hg_buf out = {0};
    fx_open(&fx);
    fx_file(&fx, "k", "canary1");
    fx_file(&fx, "c", "canary2");
    fx_file(&fx, "env:K", "canary3");
    fx_file(&fx, "t.conf",
            "key file:k; cert c; limit 1k secret=env:K;\n"
            "server { key env:K; server_name client_secret=canary4 password=canary5 "
            "token=file:c https://u:canary6@h/p?a=b https://u:@h token_url=https://h:80/a@b; }");
    fx_load(&fx);
    fx_assert_good(&fx);
    dump(&fx, &out);
    assert_null(strstr(out.ptr, "canary"));
    assert_string_equal(out.ptr, "# configuration file t.conf:\n"
                                 "key file:k;\n"
                                 "cert c;\n"
                                 "limit 1k secret=env:K;\n"
                                 "server {\n"
                                 "    key env:K;\n"
                                 "    server_name client_secret=*** password=*** token=file:c "
                                 "https://u:***@h/p?a=b https://u:@h token_url=https://h:80/a@b;\n"
                                 "}\n");
    hg_buf_fini(&out);
    fx_close(&fx);
}

static void a_file_without_statements_has_its_heading(void **state) {
    (void)state;
    struct fx fx;
    struct hg_buf out = {0};
    fx_text(&fx, "# nothing\n");
    fx_assert_good(&fx);
    dump(&fx, &out);
    assert_string_equal(out.ptr, "# configuration file t.conf:\n");
    hg_buf_fini(&out);
    fx_close(&fx);
}

int test_dump(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_is_written_once_as_it_was_read),
        cmocka_unit_test(a_dump_loads_as_the_same_configuration),
        cmocka_unit_test(no_secret_is_shown),
        cmocka_unit_test(a_file_without_statements_has_its_heading),
    };
    return cmocka_run_group_tests_name("dump", tests, NULL, NULL);
}
