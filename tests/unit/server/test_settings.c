/* SPDX-License-Identifier: Apache-2.0 */
#include "server/settings.h"

#include <stdio.h>

#include "headgate/logline.h"
#include "support/conf_text.h"
#include "unit/server/rig.h"

static const struct hg_conf_owner *const owners[] = {&hg_server_owner, NULL};

static void open_text(struct conf_text *t, const char *text) {
    conf_text_open(t, owners, NULL, NULL, text);
    conf_text_assert_good(t);
}

static void what_nobody_said_has_its_default(void **state) {
    struct conf_text t;
    (void)state;
    open_text(&t, "");
    const struct hg_server_conf *c = hg_server_conf(t.conf);
    assert_int_equal(c->worker_threads, 0);
    assert_false(c->is_daemon);
    assert_int_equal(c->user.len, 0);
    unit_assert_slice(c->pid_path, "run/headgate.pid");
    unit_assert_slice(c->admin, "127.0.0.1:9180");
    assert_int_equal(c->shutdown_timeout_ms, 30000);
    assert_int_equal(c->reload_timeout_ms, 50000);
    assert_int_equal(hg_server_log_level(c), HG_NOTICE);
    conf_text_close(&t);
}

static void threads_are_a_number_or_one_for_each_processor(void **state) {
    struct conf_text t;
    char text[64];
    (void)state;
    open_text(&t, "worker_threads auto;");
    unsigned n = hg_server_threads(hg_server_conf(t.conf));
    assert_true(n >= 1 && n <= 64);
    conf_text_close(&t);
    for (unsigned i = 1; i <= 64; i += 21) {
        snprintf(text, sizeof(text), "worker_threads %u;", i);
        open_text(&t, text);
        assert_int_equal(hg_server_threads(hg_server_conf(t.conf)), i);
        conf_text_close(&t);
    }
    static const char *const bad[] = {"0", "65", "-1", "1.5", "many", "4294967297", "\"\"", "1k"};
    for (size_t i = 0; i < HG_COUNT(bad); i++) {
        snprintf(text, sizeof(text), "worker_threads %s;", bad[i]);
        conf_text_assert_fault(owners, text, "t.conf:1: worker_threads: ");
    }
}

static void every_level_has_its_name_and_no_other_word_is_one(void **state) {
    static const char *const levels[] = {"debug", "info", "notice", "warn", "error", "crit"};
    struct conf_text t;
    char text[64];
    (void)state;
    for (size_t i = 0; i < HG_COUNT(levels); i++) {
        snprintf(text, sizeof(text), "error_log x %s;", levels[i]);
        open_text(&t, text);
        assert_int_equal(hg_server_log_level(hg_server_conf(t.conf)), i);
        conf_text_close(&t);
    }
    conf_text_assert_fault(owners, "\nerror_log x loud;",
                           "t.conf:2: error_log: \"loud\" is no level; expected debug");
    conf_text_assert_fault(owners, "error_log x Info;", "is no level");
}

static void a_reload_may_change_the_log_and_not_the_process(void **state) {
    static const char *const fixed[] = {
        "worker_threads 3;", "worker_connections 17;", "daemon on;", "user x;", "pid x;",
        "admin off;"};
    static const char *const free_rows[] = {"error_log x;", "worker_shutdown_timeout 1s;",
                                            "reload_timeout 1s;"};
    struct conf_text now, next;
    (void)state;
    open_text(&now, "worker_threads 1; worker_connections 16;");
    for (size_t i = 0; i < HG_COUNT(fixed) + HG_COUNT(free_rows); i++) {
        struct hg_buf errors = {0};
        bool is_fixed = i < HG_COUNT(fixed);
        char text[128];
        snprintf(text, sizeof(text), "%s%s%s", i == 0 ? "" : "worker_threads 1;",
                 i == 1 ? "" : "worker_connections 16;",
                 is_fixed ? fixed[i] : free_rows[i - HG_COUNT(fixed)]);
        open_text(&next, text);
        assert_int_equal(hg_conf_needs_restart(now.conf, next.conf, &errors), is_fixed);
        conf_text_close(&next);
        hg_buf_fini(&errors);
    }
    conf_text_close(&now);
}

int test_settings(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_nobody_said_has_its_default),
        cmocka_unit_test(threads_are_a_number_or_one_for_each_processor),
        cmocka_unit_test(every_level_has_its_name_and_no_other_word_is_one),
        cmocka_unit_test(a_reload_may_change_the_log_and_not_the_process),
    };
    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
