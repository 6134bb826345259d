/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "unit/conf/fixture.h"

/* The list of `allow` as "a b c". */
static void expect_allow(const struct hg_conf_block *b, const char *want) {
    struct hg_buf out = {0};
    for (const struct fx_allow *a = fx_core(b)->allow; a != NULL; a = a->next) {
        hg_buf_printf(&out, "%s%.*s", out.len > 0 ? " " : "", HG_FMT(a->who));
    }
    hg_buf_put(&out, "", 1);
    assert_string_equal(out.ptr, want);
    hg_buf_fini(&out);
}

static bool is_set(const void *conf, const struct hg_directive *rows, const char *name) {
    const struct hg_conf_head *head = conf;
    size_t i = 0;
    while (strcmp(rows[i].name, name) != 0) {
        i++;
    }
    return (head->set[i / 64] >> (i % 64) & 1) != 0;
}

static void what_a_block_does_not_set_comes_from_around_it(void **state) {
    (void)state;
    struct fx fx;
    fx_text(&fx, "server { location / { } location /b { keepalive_timeout 3s; } mode fast; }\n"
                 "keepalive_timeout 1s; server { keepalive_timeout 2s; location / { } }");
    fx_assert_good(&fx);
    const struct hg_conf_block *m = hg_conf_main(fx.conf);
    const struct hg_conf_block *a = fx_block(m, "server", 0), *b = fx_block(m, "server", 1);
    assert_int_equal(fx_core(a)->keepalive_ms, 1000);
    assert_int_equal(fx_core(fx_block(a, "location", 0))->keepalive_ms, 1000);
    assert_int_equal(fx_core(fx_block(a, "location", 1))->keepalive_ms, 3000);
    assert_int_equal(fx_core(b)->keepalive_ms, 2000);
    assert_int_equal(fx_core(fx_block(b, "location", 0))->keepalive_ms, 2000);
    /* A row reaches inner blocks in which it may not stand itself. */
    assert_int_equal(fx_core(fx_block(a, "location", 0))->mode, 0);
    assert_int_equal(fx_core(fx_block(b, "location", 0))->mode, 1);
    fx_close(&fx);
}

static void the_default_is_what_nobody_set(void **state) {
    (void)state;
    struct fx fx;
    const struct hg_directive *rows = fx_core_owner.directives;
    fx_text(&fx, "keepalive_timeout 75s; server { location / { } }");
    fx_assert_good(&fx);
    const struct hg_conf_block *m = hg_conf_main(fx.conf);
    const struct hg_conf_block *l = fx_block(fx_block(m, "server", 0), "location", 0);
    assert_int_equal(fx_core(l)->heartbeat_ms, 15000);
    assert_true(fx_core(l)->sendfile);
    assert_int_equal(fx_core(l)->limit_bytes, 5120);
    assert_int_equal(fx_core(l)->keepalive_ms, 75000);
    assert_true(is_set(fx_core(l), rows, "keepalive_timeout"));
    assert_false(is_set(fx_core(l), rows, "sse_heartbeat"));
    assert_false(is_set(fx_core(m), rows, "limit"));
    assert_null(fx_core(m)->root.ptr);
    fx_close(&fx);
}

static void a_local_row_stays_in_its_block(void **state) {
    (void)state;
    struct fx fx;
    fx_text(&fx, "root /a; server { listen 1; location / { } location /b { root /c; } }");
    fx_assert_good(&fx);
    const struct hg_conf_block *m = hg_conf_main(fx.conf);
    const struct hg_conf_block *s = fx_block(m, "server", 0);
    assert_string_equal(fx_core(m)->root.ptr, "/a");
    assert_null(fx_core(s)->root.ptr);
    assert_false(is_set(fx_core(s), fx_core_owner.directives, "root"));
    assert_int_equal(fx_core(fx_block(s, "location", 0))->listen.n, 0);
    assert_string_equal(fx_core(fx_block(s, "location", 1))->root.ptr, "/c");
    fx_close(&fx);
}

static void a_repeated_row_replaces_what_came_from_around(void **state) {
    (void)state;
    struct fx fx;
    fx_text(&fx, "server { server_name a; server_name b;\n"
                 "location / { } location /x { server_name c; server_name d; } }");
    fx_assert_good(&fx);
    const struct hg_conf_block *s = fx_block(hg_conf_main(fx.conf), "server", 0);
    const struct fx_core *first = fx_core(fx_block(s, "location", 0));
    const struct fx_core *second = fx_core(fx_block(s, "location", 1));
    assert_int_equal(first->names.n, 2);
    assert_string_equal(first->names.items[1].ptr, "b");
    assert_int_equal(second->names.n, 2);
    assert_string_equal(second->names.items[0].ptr, "c");
    fx_close(&fx);
}

static void custom_rows_are_inherited_without_sharing(void **state) {
    (void)state;
    struct fx fx;
    fx_text(&fx, "allow a; allow b; limit 7k;\n"
                 "server { location / { } location /x { allow c; limit 8k; } }\n"
                 "server { allow d; allow e; location / { location_free off; } }");
    assert_int_equal(fx.err, HG_EINVAL);
    fx_close(&fx);
    fx_text(&fx, "allow a; allow b; limit 7k;\n"
                 "server { location / { } location /x { allow c; limit 8k; } }\n"
                 "server { allow d; allow e; location / { } }");
    fx_assert_good(&fx);
    const struct hg_conf_block *m = hg_conf_main(fx.conf);
    const struct hg_conf_block *s = fx_block(m, "server", 0), *t = fx_block(m, "server", 1);
    expect_allow(m, "a b");
    expect_allow(s, "a b");
    expect_allow(fx_block(s, "location", 0), "a b");
    expect_allow(fx_block(s, "location", 1), "c");
    expect_allow(t, "d e");
    expect_allow(fx_block(t, "location", 0), "d e");
    assert_int_equal(fx_core(fx_block(s, "location", 0))->limit_bytes, 7168);
    assert_int_equal(fx_core(fx_block(s, "location", 1))->limit_bytes, 8192);
    fx_close(&fx);
}

struct bad {
    struct hg_conf_head head;
    int64_t n;
};

static void a_default_that_cannot_be_is_reported_once(void **state) {
    (void)state;
    static const struct hg_directive rows[] = {{.name = "speed",
                                                .in = "main server location",
                                                .type = HG_SLOT_INT,
                                                .at = offsetof(struct bad, n),
                                                .def = "fast",
                                                .is_local = true},
                                               HG_DIRECTIVES_END};
    static const struct hg_conf_owner bad_owner = {"mine", rows, sizeof(struct bad), NULL};
    const struct hg_conf_owner *const owners[] = {&fx_core_owner, &bad_owner, NULL};
    struct fx fx;
    fx_open(&fx);
    fx.setup.owners = owners;
    fx_file(&fx, "t.conf", "server { location / { } location /a { } }");
    fx_load(&fx);
    assert_string_equal(fx.errors.ptr, "mine:0: speed: \"fast\" is not a whole number; expected "
                                       "digits, such as 10\n");
    fx_close(&fx);
}

struct text {
    struct hg_conf_head head;
    struct hg_slice value;
};

/* A load whose one owner beside the core has this default. */
static void load_default(struct fx *fx, const char *def, struct hg_slice *ret_value) {
    const struct hg_directive rows[] = {{.name = "kind",
                                         .in = "main server",
                                         .type = HG_SLOT_STRING,
                                         .at = offsetof(struct text, value),
                                         .def = def},
                                        HG_DIRECTIVES_END};
    const struct hg_conf_owner owner = {"mine", rows, sizeof(struct text), NULL};
    const struct hg_conf_owner *const owners[] = {&fx_core_owner, &owner, NULL};
    fx_open(fx);
    fx->setup.owners = owners;
    fx_file(fx, "t.conf", "server { }");
    fx_load(fx);
    if (fx->conf != NULL) {
        const struct text *t = hg_conf_of(hg_conf_main(fx->conf), &owner);
        *ret_value = t->value;
    }
}

static void a_default_is_written_as_a_line_would_have_it(void **state) {
    (void)state;
    struct fx fx;
    struct hg_slice value = {0};
    load_default(&fx, "\"text/html; charset=utf-8\"", &value);
    fx_assert_good(&fx);
    assert_true(hg_slice_eq(value, HG_SLICE("text/html; charset=utf-8")));
    fx_close(&fx);
    static const char *const cut[] = {"text/html; charset=utf-8", "a;", "a { b }", "a }"};
    for (size_t i = 0; i < HG_COUNT(cut); i++) {
        load_default(&fx, cut[i], &value);
        assert_string_equal(fx.errors.ptr, "mine:0: kind: its default is not the arguments of one "
                                           "line; what has \";\" or a brace in it stands in "
                                           "quotes\n");
        fx_close(&fx);
    }
}

static void checks_run_for_each_block_of_the_owner(void **state) {
    (void)state;
    struct fx fx;
    fx_text(&fx, "server { location / { } location /x { } } topic a { }");
    fx_assert_good(&fx);
    assert_int_equal(fx_checks, 4);
    fx_close(&fx);
}

static void checks_do_not_run_for_an_owner_whose_lines_failed(void **state) {
    (void)state;
    struct fx fx;
    fx_text(&fx, "mode odd; worker_threads 13;");
    assert_int_equal(fx_checks, 0);
    fx_close(&fx);
    fx_text(&fx, "mod fast;");
    assert_int_equal(fx_checks, 0);
    fx_close(&fx);
    fx_text(&fx, "retention x; worker_threads 13;");
    assert_int_equal(fx_checks, 1);
    assert_non_null(strstr(fx.errors.ptr, "13 workers"));
    assert_non_null(strstr(fx.errors.ptr, "retention"));
    fx_close(&fx);
}

int test_inherit(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_block_does_not_set_comes_from_around_it),
        cmocka_unit_test(the_default_is_what_nobody_set),
        cmocka_unit_test(a_local_row_stays_in_its_block),
        cmocka_unit_test(a_repeated_row_replaces_what_came_from_around),
        cmocka_unit_test(custom_rows_are_inherited_without_sharing),
        cmocka_unit_test(a_default_that_cannot_be_is_reported_once),
        cmocka_unit_test(a_default_is_written_as_a_line_would_have_it),
        cmocka_unit_test(checks_run_for_each_block_of_the_owner),
        cmocka_unit_test(checks_do_not_run_for_an_owner_whose_lines_failed),
    };
    return cmocka_run_group_tests_name("inherit", tests, NULL, NULL);
}
