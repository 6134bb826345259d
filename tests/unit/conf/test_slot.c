/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/conf/fixture.h"

static void each_type_is_set(void **state) {
    (void)state;
    struct fx fx;
    fx_open(&fx);
    fx_file(&fx, "c.pem", "a\0b");
    fx_file(&fx, "t.conf",
            "worker_threads 64; keepalive_timeout 600; client_max_body_size 1g; offset -5;\n"
            "sendfile off; mode paranoid; root \"/a b\"; cert c.pem; server { listen a b; }");
    fx_load(&fx);
    fx_assert_good(&fx);
    const struct fx_core *c = fx_core(hg_conf_main(fx.conf));
    assert_int_equal(c->workers, 64);
    assert_int_equal(c->keepalive_ms, 600000);
    assert_int_equal(c->body_bytes, 1 << 30);
    assert_int_equal(c->offset, -5);
    assert_false(c->sendfile);
    assert_int_equal(c->mode, 2);
    assert_int_equal(c->root.len, 4);
    assert_string_equal(c->root.ptr, "/a b");
    assert_int_equal(c->cert.len, 1);
    fx_close(&fx);
}

static void numbers_out_of_bounds_are_told_the_bound(void **state) {
    (void)state;
    fx_expect_error("keepalive_timeout 900s;",
                    "t.conf:1: keepalive_timeout: 900s is above the limit 600s");
    fx_expect_error("keepalive_timeout 1d;",
                    "t.conf:1: keepalive_timeout: 1d is above the limit 10m");
    fx_expect_error("sse_heartbeat 10ms;",
                    "t.conf:1: sse_heartbeat: 10ms is below the minimum 1000ms");
    fx_expect_error("client_max_body_size 2g;",
                    "t.conf:1: client_max_body_size: 2g is above the limit 1g");
    fx_expect_error("worker_threads 0;", "t.conf:1: worker_threads: 0 is below the minimum 1");
    fx_expect_error("worker_threads -1;", "t.conf:1: worker_threads: -1 is below the minimum 1");
    fx_expect_error("offset -6;", "t.conf:1: offset: -6 is below the minimum -5");
    fx_expect_error("keepalive_timeout -5s;",
                    "t.conf:1: keepalive_timeout: -5s is negative; expected 0 or more");
    fx_expect_error("client_max_body_size -1;",
                    "t.conf:1: client_max_body_size: -1 is negative; expected 0 or more");
    fx_expect_error("client_max_body_size 99999999999g;",
                    "t.conf:1: client_max_body_size: 99999999999g is larger than any number can "
                    "be");
    fx_expect_error("sse_heartbeat 99999999999999999999;",
                    "t.conf:1: sse_heartbeat: 99999999999999999999 is larger than any number can "
                    "be");
}

static void values_of_the_wrong_kind_are_told_the_right_one(void **state) {
    (void)state;
    fx_expect_error("keepalive_timeout soon;",
                    "t.conf:1: keepalive_timeout: \"soon\" is not a duration; expected a number "
                    "with ms, s, m, h, d or w, such as 30s");
    fx_expect_error("client_max_body_size 1kb;",
                    "t.conf:1: client_max_body_size: \"1kb\" is not a size; expected a number of "
                    "bytes, or with k, m or g, such as 10m");
    fx_expect_error("worker_threads auto;", "t.conf:1: worker_threads: \"auto\" is not a whole "
                                            "number; expected digits, such as 10");
    fx_expect_error("sendfile true;",
                    "t.conf:1: sendfile: \"true\" is not a switch; expected on or off");
    fx_expect_error("mode parnoid;",
                    "t.conf:1: mode: \"parnoid\" is not known here; expected fast, safe or "
                    "paranoid; did you mean \"paranoid\"?");
    fx_expect_error("cert none.pem;",
                    "t.conf:1: cert: cannot read \"none.pem\": No such file or directory");
}

static void a_secret_comes_from_a_file_or_the_environment(void **state) {
    (void)state;
    static const struct {
        const char *bytes, *want;
    } cases[] = {
        {"hush", "hush"}, {"hush\n", "hush"}, {"hush\r\n", "hush"}, {"a\nb\n\n", "a\nb\n"}};
    for (size_t i = 0; i < HG_COUNT(cases); i++) {
        struct fx fx;
        fx_open(&fx);
        fx_file(&fx, "dir/k", cases[i].bytes);
        fx_file(&fx, "env:K", "e\n");
        fx_file(&fx, "t.conf", "key file:dir/k; server { key env:K; }");
        fx_load(&fx);
        fx_assert_good(&fx);
        const struct hg_conf_block *m = hg_conf_main(fx.conf);
        assert_string_equal(fx_core(m)->key.ptr, cases[i].want);
        assert_int_equal(fx_core(m)->key.len, strlen(cases[i].want));
        assert_string_equal(fx_core(fx_block(m, "server", 0))->key.ptr, "e\n");
        fx_close(&fx);
    }
}

static void a_secret_in_clear_is_refused_and_not_shown(void **state) {
    (void)state;
    fx_expect_error("key hunter2;",
                    "t.conf:1: key: a secret must not stand in the configuration itself; expected "
                    "file:PATH or env:NAME");
    fx_expect_error("limit 1k secret=hunter2;",
                    "t.conf:1: limit: a secret must not stand in the configuration itself; "
                    "expected file:PATH or env:NAME");
    fx_expect_error("key env:NOT_SET_ANYWHERE;",
                    "t.conf:1: key: cannot read the secret env:NOT_SET_ANYWHERE: the variable is "
                    "not set");
    fx_expect_error("key file:gone;", "t.conf:1: key: cannot read the secret file:gone: No such "
                                      "file or directory");
}

static void an_empty_secret_is_refused(void **state) {
    (void)state;
    struct fx fx;
    fx_open(&fx);
    fx_file(&fx, "k", "\n");
    fx_file(&fx, "env:K", "");
    fx_file(&fx, "t.conf", "key file:k;\nserver { key env:K; }");
    fx_load(&fx);
    assert_string_equal(fx.errors.ptr, "t.conf:1: key: the secret file:k is empty\n"
                                       "t.conf:2: key: the secret env:K is empty\n");
    fx_close(&fx);
}

static void a_secret_that_everybody_may_read_is_refused(void **state) {
    (void)state;
    char path[] = "/tmp/hg-key-XXXXXX", text[64], want[128];
    struct fx fx;
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "x", 1), 1);
    assert_int_equal(fchmod(fd, 0644), 0);
    snprintf(text, sizeof(text), "key file:%s;", path);
    snprintf(want, sizeof(want),
             "t.conf:1: key: everybody may read the secret file:%s; expected a mode such as 0600\n",
             path);
    for (int round = 0; round < 2; round++) {
        fx_open(&fx);
        hg_conf_files_free(&fx.files);
        fx.files = fx.setup.files = hg_conf_files_new(true);
        fx_file(&fx, "t.conf", text);
        fx_load(&fx);
        assert_string_equal(fx.errors.ptr, round == 0 ? want : "");
        fx_close(&fx);
        assert_int_equal(fchmod(fd, 0640), 0);
    }
    close(fd);
    unlink(path);
}

static void repeated_strings_add_up(void **state) {
    (void)state;
    struct fx fx;
    struct hg_buf text = {0};
    HG_BUF_LIT(&text, "server { server_name a b; listen 1; ");
    for (int i = 0; i < 20000; i++) {
        hg_buf_printf(&text, "server_name n%d;", i);
    }
    HG_BUF_LIT(&text, "}");
    hg_buf_put(&text, "", 1);
    fx_text(&fx, text.ptr);
    fx_assert_good(&fx);
    const struct fx_core *c = fx_core(fx_block(hg_conf_main(fx.conf), "server", 0));
    assert_int_equal(c->names.n, 20002);
    assert_string_equal(c->names.items[1].ptr, "b");
    assert_string_equal(c->names.items[20001].ptr, "n19999");
    hg_buf_fini(&text);
    fx_close(&fx);
}

static void a_custom_setter_reports_and_changes_nothing(void **state) {
    (void)state;
    fx_expect_error("allow nobody;", "t.conf:1: allow: nobody is nobody; expected somebody");
    fx_expect_error("allow mute;", "t.conf:1: allow: it was refused: not allowed");
    fx_expect_error("limit 5q;", "t.conf:1: limit: \"5q\" is not a size; expected a number of "
                                 "bytes, or with k, m or g, such as 10m");
    fx_expect_error("limit 5k wait=5q;",
                    "t.conf:1: limit: \"5q\" is not a duration; expected a number with ms, s, m, "
                    "h, d or w, such as 30s");
}

static void a_named_argument_is_found_by_its_whole_name(void **state) {
    (void)state;
    struct hg_slice args[] = {HG_SLICE("max"), HG_SLICE("maxi=1"), HG_SLICE("max="),
                              HG_SLICE("max=2"), HG_SLICE("m=a=b")};
    const struct hg_conf_line line = {.args = args, .n_args = HG_COUNT(args)};
    struct hg_slice value = HG_SLICE("untouched");
    assert_false(hg_conf_arg_named(&line, "min", &value));
    assert_false(hg_conf_arg_named(&line, "ma", &value));
    assert_string_equal(value.ptr, "untouched");
    assert_true(hg_conf_arg_named(&line, "max", &value));
    assert_int_equal(value.len, 0);
    assert_true(hg_conf_arg_named(&line, "m", &value));
    assert_string_equal(value.ptr, "a=b");
}

int test_slot(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_is_set),
        cmocka_unit_test(numbers_out_of_bounds_are_told_the_bound),
        cmocka_unit_test(values_of_the_wrong_kind_are_told_the_right_one),
        cmocka_unit_test(a_secret_comes_from_a_file_or_the_environment),
        cmocka_unit_test(a_secret_in_clear_is_refused_and_not_shown),
        cmocka_unit_test(an_empty_secret_is_refused),
        cmocka_unit_test(a_secret_that_everybody_may_read_is_refused),
        cmocka_unit_test(repeated_strings_add_up),
        cmocka_unit_test(a_custom_setter_reports_and_changes_nothing),
        cmocka_unit_test(a_named_argument_is_found_by_its_whole_name),
    };
    return cmocka_run_group_tests_name("slot", tests, NULL, NULL);
}
