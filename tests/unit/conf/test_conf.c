/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/conf/fixture.h"

#include <string.h>

static void a_whole_configuration_loads(void **state) {
    (void)state;
    struct fx fx;
    fx_text(&fx, "worker_threads 4; # loops\n"
                 "load_module extra;\n"
                 "topic orders.created { retention 1h30m; compact on; }\n"
                 "server {\n"
                 "    listen 8443 ssl;\n"
                 "    location = /events { client_max_body_size 10m; }\n"
                 "    location /stream { keepalive_timeout 5m; }\n"
                 "}\n"
                 "server { listen 80; }\n");
    fx_assert_good(&fx);
    const struct hg_conf_block *m = hg_conf_main(fx.conf);
    assert_int_equal(fx_core(m)->workers, 4);
    const struct hg_conf_block *s = fx_block(m, "server", 0);
    assert_int_equal(fx_core(s)->listen.n, 2);
    assert_string_equal(fx_core(s)->listen.items[1].ptr, "ssl");
    const struct hg_conf_block *l = fx_block(s, "location", 0);
    assert_int_equal(fx_core(l)->body_bytes, 10 << 20);
    assert_int_equal(hg_conf_line_of(l)->n_args, 2);
    assert_int_equal(hg_conf_line_of(l)->number, 6);
    assert_int_equal(fx_core(fx_block(s, "location", 1))->keepalive_ms, 300000);
    const struct fx_topic *t = hg_conf_of(fx_block(m, "topic", 0), &fx_topic_owner);
    assert_int_equal(t->retention_ms, 5400000);
    assert_true(t->compact);
    fx_close(&fx);
}

static void an_empty_file_is_a_configuration_of_defaults(void **state) {
    (void)state;
    struct fx fx;
    fx_text(&fx, "");
    fx_assert_good(&fx);
    assert_int_equal(fx_core(hg_conf_main(fx.conf))->keepalive_ms, 75000);
    fx_close(&fx);
}

static void blocks_of_one_name_come_in_the_order_written(void **state) {
    (void)state;
    struct fx fx;
    fx_text(&fx, "server { listen 1; } topic a { } server { listen 2; } topic b { }");
    fx_assert_good(&fx);
    const struct hg_conf_block *m = hg_conf_main(fx.conf);
    const struct hg_conf_block *one = hg_conf_next_block(m, "server", NULL);
    const struct hg_conf_block *two = hg_conf_next_block(m, "server", one);
    assert_string_equal(fx_core(one)->listen.items[0].ptr, "1");
    assert_string_equal(fx_core(two)->listen.items[0].ptr, "2");
    assert_null(hg_conf_next_block(m, "server", two));
    assert_null(hg_conf_next_block(m, "location", NULL));
    assert_ptr_equal(hg_conf_parent(two), m);
    assert_null(hg_conf_parent(m));
    assert_null(hg_conf_line_of(m));
    assert_ptr_equal(hg_conf_line_of(two)->opened, two);
    fx_close(&fx);
}

static void an_owner_has_no_struct_where_no_row_of_it_may_stand(void **state) {
    (void)state;
    struct fx fx;
    fx_text(&fx, "server { location / { } } topic a { }");
    fx_assert_good(&fx);
    const struct hg_conf_block *m = hg_conf_main(fx.conf);
    assert_non_null(hg_conf_of(m, &fx_topic_owner));
    assert_null(hg_conf_of(fx_block(m, "server", 0), &fx_topic_owner));
    assert_null(hg_conf_of(fx_block(m, "topic", 0), &fx_core_owner));
    assert_null(hg_conf_of(m, &fx_module_owner));
    fx_close(&fx);
}

static void a_line_is_found_only_in_the_block_where_it_stands(void **state) {
    (void)state;
    struct fx fx;
    fx_text(&fx, "keepalive_timeout 1s;\nserver { }");
    fx_assert_good(&fx);
    const struct hg_directive *row = fx_core_owner.directives;
    while (strcmp(row->name, "keepalive_timeout") != 0) {
        row++;
    }
    const struct hg_conf_block *m = hg_conf_main(fx.conf);
    assert_int_equal(hg_conf_set_here(m, row)->number, 1);
    assert_null(hg_conf_set_here(fx_block(m, "server", 0), row));
    fx_close(&fx);
}

static void a_line_counts_in_the_blocks_inside_until_one_has_its_own(void **state) {
    (void)state;
    struct fx fx;
    bool is_own = true;
    fx_text(&fx, "keepalive_timeout 1s;\nserver { }\nserver {\nkeepalive_timeout 2s; }");
    fx_assert_good(&fx);
    const struct hg_conf_block *m = hg_conf_main(fx.conf), *first = fx_block(m, "server", 0);
    assert_int_equal(hg_conf_line_for(first, "keepalive_timeout", &is_own)->number, 1);
    assert_false(is_own);
    const struct hg_conf_block *second = fx_block(m, "server", 1);
    assert_int_equal(hg_conf_line_for(second, "keepalive_timeout", &is_own)->number, 4);
    assert_true(is_own);
    assert_null(hg_conf_line_for(second, "root", &is_own));
    assert_false(is_own);
    fx_close(&fx);
}

static void a_reference_keeps_a_configuration_after_its_files_are_gone(void **state) {
    (void)state;
    struct fx fx;
    fx_open(&fx);
    fx_file(&fx, "k", "hush\n");
    fx_file(&fx, "c.pem", "CERT\n");
    fx_file(&fx, "t.conf", "key file:k; cert c.pem; root /var;");
    fx_load(&fx);
    fx_assert_good(&fx);
    struct hg_conf *kept = hg_conf_ref(fx.conf);
    fx_close(&fx);
    const struct fx_core *c = fx_core(hg_conf_main(kept));
    assert_string_equal(c->key.ptr, "hush");
    assert_string_equal(c->cert.ptr, "CERT\n");
    assert_string_equal(c->root.ptr, "/var");
    hg_conf_unref(&kept);
    assert_null(kept);
}

static int load_kept(struct fx *fx, const char *text) {
    fx_open(fx);
    fx->setup.keeps_faulty = true;
    fx_file(fx, "t.conf", text);
    return hg_conf_load(&fx->setup, &fx->conf, &fx->errors);
}

static void a_faulty_configuration_may_be_kept_to_be_looked_at(void **state) {
    (void)state;
    struct fx fx;
    assert_int_equal(load_kept(&fx,
                               "worker_threads 4;\n"
                               "server { listen 1; nonsense_of_nobody 1; location /a { } }\n"
                               "server { listen 2; location /b { client_max_body_size x; } }\n"),
                     HG_EINVAL);
    assert_non_null(fx.conf);
    const struct hg_conf_block *m = hg_conf_main(fx.conf);
    const struct hg_conf_block *one = fx_block(m, "server", 0), *two = fx_block(m, "server", 1);
    assert_true(hg_conf_is_whole(m));
    assert_false(hg_conf_is_whole(one));
    assert_true(hg_conf_is_whole(fx_block(one, "location", 0)));
    assert_true(hg_conf_is_whole(two));
    assert_false(hg_conf_is_whole(fx_block(two, "location", 0)));
    assert_int_equal(fx_core(m)->workers, 4);
    fx_close(&fx);
}

static void what_has_lost_lines_or_modules_is_not_kept(void **state) {
    (void)state;
    static const char *const torn[] = {"include nothing.conf;", "server { listen 1;",
                                       "load_module nothing;"};
    for (size_t i = 0; i < sizeof(torn) / sizeof(torn[0]); i++) {
        struct fx fx;
        assert_int_equal(load_kept(&fx, torn[i]), HG_EINVAL);
        assert_null(fx.conf);
        fx_close(&fx);
    }
}

static void a_missing_main_file_is_an_error(void **state) {
    (void)state;
    struct fx fx;
    fx_open(&fx);
    fx_load(&fx);
    assert_string_equal(fx.errors.ptr,
                        "t.conf:1: main: cannot read this file: No such file or directory\n");
    fx_close(&fx);
}

/* Sound text of every construct, to be spoilt. */
static const char sample[] =
    "load_module extra; worker_threads 2;\n"
    "include more.conf; include d/*.conf;\n"
    "topic \"a b\" { retention 2h; compact on; } # note\n"
    "server {\n"
    "    listen '80'; server_name a b; server_name \"c\\\"d\";\n"
    "    key file:k; allow x; allow y; mode fast; extra { extra_leeway 1s; }\n"
    "    location = /x { limit 10k wait=5s secret=env:S; client_max_body_size 1m; allow ${v}; }\n"
    "}\n";

static void load_spoilt(const char *text, size_t len) {
    struct fx fx;
    fx_open(&fx);
    fx_file(&fx, "more.conf", "keepalive_timeout 2m;");
    fx_file(&fx, "k", "secret");
    fx_file(&fx, "env:S", "secret");
    assert_int_equal(hg_conf_files_put(fx.files, HG_SLICE("glob:d/*.conf"), HG_SLICE("more2\0")),
                     0);
    fx_file(&fx, "more2", "root /;");
    assert_int_equal(hg_conf_files_put(fx.files, HG_SLICE("t.conf"), (struct hg_slice){text, len}),
                     0);
    fx_load(&fx);
    if (fx.err != 0) {
        assert_int_equal(strncmp(fx.errors.ptr, "t.conf:", 7), 0);
    } else {
        struct hg_buf out = {0};
        hg_conf_dump(fx.conf, &out);
        hg_buf_fini(&out);
    }
    fx_close(&fx);
}

static void a_configuration_cut_at_any_byte_is_judged_without_harm(void **state) {
    (void)state;
    for (size_t n = 0; n < sizeof(sample); n++) {
        /* A copy of exactly n bytes: a read behind it is seen. */
        char *cut = hg_alloc(n + 1);
        memcpy(cut, sample, n);
        load_spoilt(cut, n);
        hg_free(cut);
    }
}

static uint32_t next_random(uint32_t *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void a_configuration_with_spoilt_bytes_is_judged_without_harm(void **state) {
    (void)state;
    static const char marks[] = "{};\"'\\#$ \n*:=e";
    uint32_t seed = 20260101;
    for (int round = 0; round < 3000; round++) {
        char text[sizeof(sample) - 1];
        memcpy(text, sample, sizeof(text));
        for (uint32_t n = next_random(&seed) % 6 + 1; n > 0; n--) {
            const uint32_t r = next_random(&seed);
            text[next_random(&seed) % sizeof(text)] =
                r & 1 ? marks[(r >> 1) % (sizeof(marks) - 1)] : (char)(r >> 1);
        }
        load_spoilt(text, sizeof(text));
    }
}

int test_conf(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_configuration_loads),
        cmocka_unit_test(an_empty_file_is_a_configuration_of_defaults),
        cmocka_unit_test(blocks_of_one_name_come_in_the_order_written),
        cmocka_unit_test(an_owner_has_no_struct_where_no_row_of_it_may_stand),
        cmocka_unit_test(a_line_is_found_only_in_the_block_where_it_stands),
        cmocka_unit_test(a_line_counts_in_the_blocks_inside_until_one_has_its_own),
        cmocka_unit_test(a_reference_keeps_a_configuration_after_its_files_are_gone),
        cmocka_unit_test(a_faulty_configuration_may_be_kept_to_be_looked_at),
        cmocka_unit_test(what_has_lost_lines_or_modules_is_not_kept),
        cmocka_unit_test(a_missing_main_file_is_an_error),
        cmocka_unit_test(a_configuration_cut_at_any_byte_is_judged_without_harm),
        cmocka_unit_test(a_configuration_with_spoilt_bytes_is_judged_without_harm),
    };
    return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
