/* SPDX-License-Identifier: Apache-2.0 */
#include "server/service.h"

#include <stdio.h>
#include <sys/stat.h>

#include "unit/server/rig.h"

/* A service in this process, with the sockets that a master would give it. */
struct fixture {
    struct rig rig;
    struct hg_sockets bound; /* the master's */
    struct hg_service service;
    struct hg_buf errors;
};

static void open_fixture(struct fixture *f) {
    *f = (struct fixture){.bound = {.is_owner = true}};
    rig_open(&f->rig);
    f->service.registry = f->rig.registry;
}

static void shut(struct fixture *f) {
    if (f->service.is_started) {
        hg_service_end(&f->service);
    }
    hg_sockets_fini(&f->bound);
    hg_buf_fini(&f->errors);
    rig_close(&f->rig);
}

/* What was written, as a bundle of what the service has not got yet. */
static int take(struct fixture *f) {
    struct hg_conf_files *files = hg_conf_files_new(true);
    struct hg_bundle_socket given[64];
    struct hg_plan plan;
    struct hg_why why = {""};
    size_t first = f->bound.n;
    hg_buf_clear(&f->errors);
    if (hg_plan_read(&f->rig.args, f->rig.registry, &plan, &f->errors) == 0) {
        assert_int_equal(hg_sockets_open(&f->bound, plan.site, plan.server->admin, 2, &why), 0);
        hg_plan_fini(&plan);
    }
    hg_buf_clear(&f->errors);
    size_t n = f->bound.n - first;
    for (size_t i = 0; i < n; i++) {
        given[i] = f->bound.items[first + i];
        given[i].fd = dup(given[i].fd);
    }
    struct hg_bundle b = {.conf_path = hg_slice_of(f->rig.conf_path),
                          .files = files,
                          .sockets = given,
                          .n_sockets = n};
    int err = hg_service_take(&f->service, &b, &f->errors);
    hg_conf_files_free(&files);
    hg_buf_put(&f->errors, "", 1);
    return err;
}

static void start(struct fixture *f) {
    open_fixture(f);
    rig_write(&f->rig, "", "");
    assert_int_equal(mkdir(rig_path(&f->rig, "events"), 0700), 0);
    if (take(f) != 0) {
        fail_msg("%s", f->errors.ptr);
    }
}

static void the_first_bundle_starts_it(void **state) {
    struct fixture f;
    char body[4096];
    (void)state;
    start(&f);
    assert_true(f.service.is_started);
    assert_int_equal(f.service.admin.generation, 1);
    assert_int_equal(rig_get(f.rig.port, "/hello", body), 200);
    assert_int_equal(rig_get(f.rig.admin, "/readyz", body), 503);
    hg_service_told(&f.service);
    assert_int_equal(rig_get(f.rig.admin, "/readyz", body), 200);
    hg_service_end(&f.service);
    f.service.is_started = false;
    assert_int_equal(f.service.sockets.n, 0);
    shut(&f);
}

static void the_next_one_is_gone_over_to(void **state) {
    struct fixture f;
    char body[4096], text[128];
    unsigned more = rig_free_port();
    (void)state;
    start(&f);
    snprintf(text, sizeof(text), "listen 127.0.0.1:%u; location = /new { hello again; }", more);
    rig_write(&f.rig, "worker_shutdown_timeout 2s;", text);
    assert_int_equal(take(&f), 0);
    assert_int_equal(f.service.admin.generation, 2);
    assert_int_equal(f.service.shutdown_timeout_ms, 2000);
    assert_int_equal(rig_get(more, "/new", body), 200);
    assert_string_equal(body, "again\n");
    rig_write(&f.rig, "", "");
    assert_int_equal(take(&f), 0);
    assert_int_equal(rig_get(f.rig.port, "/new", body), 404);
    shut(&f);
}

static void what_is_refused_changes_nothing(void **state) {
    static const struct {
        const char *main_text, *part;
    } cases[] = {
        {"oops;", "oops: unknown directive"},
        {"dedup_window 1h;", "dedup_window: "}, /* only a start applies it */
        {"load_module /nowhere/x.so;", "x.so: No such file"},
    };
    struct fixture f;
    char body[4096], stall[512], path[256];
    (void)state;
    start(&f);
    struct hg_conf *conf = f.service.conf;
    struct hg_site *site = f.service.site;
    size_t sockets = f.service.sockets.n;
    for (size_t i = 0; i < HG_COUNT(cases); i++) {
        rig_write(&f.rig, cases[i].main_text, "");
        assert_int_equal(take(&f), HG_EINVAL);
        if (strstr(f.errors.ptr, cases[i].part) == NULL) {
            assert_string_equal(f.errors.ptr, cases[i].part);
        }
    }
    /* A module's own generation, with the sockets there already. */
    snprintf(path, sizeof(path), "%s", rig_path(&f.rig, "gone"));
    snprintf(stall, sizeof(stall), "load_module " TEST_SUPPORT "/stall.so; stall %s;", path);
    rig_put_file(&f.rig, "gone", "NO");
    snprintf(body, sizeof(body), "listen 127.0.0.1:%u;", rig_free_port());
    rig_write(&f.rig, stall, body);
    assert_int_equal(take(&f), HG_EINVAL);
    assert_non_null(strstr(f.errors.ptr, "test.conf:1: main: module stall: the file said no\n"));
    assert_ptr_equal(f.service.conf, conf);
    assert_ptr_equal(f.service.site, site);
    assert_int_equal(f.service.sockets.n, sockets);
    assert_int_equal(f.service.admin.generation, 1);
    assert_int_equal(rig_get(f.rig.port, "/hello", body), 200);
    rig_write(&f.rig, "", "");
    assert_int_equal(take(&f), 0);
    shut(&f);
}

static int start_without_a_directory(void *arg) {
    struct fixture *f = arg;
    rig_write(&f->rig, "", "");
    return take(f) == HG_EINVAL && strstr(f->errors.ptr, "test.conf:8: event_log: ") != NULL ? 0
                                                                                             : 1;
}

static void a_start_that_fails_says_why(void **state) {
    struct fixture f;
    (void)state;
    open_fixture(&f);
    /* What it had begun to run is for its process to end. */
    assert_int_equal(rig_in_child(start_without_a_directory, &f), 0);
    shut(&f);
}

int test_service(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_bundle_starts_it),
        cmocka_unit_test(the_next_one_is_gone_over_to),
        cmocka_unit_test(what_is_refused_changes_nothing),
        cmocka_unit_test(a_start_that_fails_says_why),
    };
    return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
