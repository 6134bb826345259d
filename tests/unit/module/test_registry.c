/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/module/tests.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "module/registry.h"
#include "support/conf_text.h"

static const struct hg_conf_owner *const owners[] = {&hg_module_owner, NULL};

static struct hg_registry *make(void) {
    struct hg_registry *r = hg_registry_new(BAD_MODULES);
    assert_non_null(r);
    return r;
}

static const struct hg_module *load(struct hg_registry *r, const char *name) {
    const struct hg_module *m = NULL;
    struct hg_why why = {""};
    if (hg_registry_load(r, hg_slice_of(name), &m, &why) != 0) {
        fail_msg("%s", why.text);
    }
    return m;
}

static void assert_refused(struct hg_registry *r, const char *name, int err, const char *part) {
    const struct hg_module *m = NULL;
    struct hg_why why = {""};
    assert_int_equal(hg_registry_load(r, hg_slice_of(name), &m, &why), err);
    assert_null(m);
    if (strstr(why.text, part) == NULL) {
        assert_string_equal(why.text, part);
    }
}

static size_t count(const struct hg_registry *r) {
    const struct hg_module *m = NULL;
    size_t n = 0;
    while ((m = hg_registry_next(r, m)) != NULL) {
        n++;
    }
    return n;
}

static void the_same_file_is_the_same_module(void **state) {
    struct hg_registry *r = make();
    (void)state;
    const struct hg_module *m = load(r, "good");
    assert_ptr_equal(load(r, "good"), m);
    assert_ptr_equal(load(r, BAD_MODULES "/good.so"), m);
    assert_int_equal(count(r), 1);
    hg_registry_free(&r);
    hg_registry_free(&r); /* nothing */
}

static void modules_are_walked_in_the_order_of_loading(void **state) {
    struct hg_registry *r = make();
    (void)state;
    assert_null(hg_registry_next(r, NULL));
    const struct hg_module *first = load(r, "short_one"), *second = load(r, "good");
    assert_ptr_equal(hg_registry_next(r, NULL), first);
    assert_ptr_equal(hg_registry_next(r, first), second);
    assert_null(hg_registry_next(r, second));
    hg_registry_free(&r);
}

static void what_is_refused_leaves_nothing(void **state) {
    struct hg_registry *r = make();
    (void)state;
    assert_refused(r, "nothing", HG_EINVAL, "nothing.so: No such file");
    assert_refused(r, "other_abi", HG_EINVAL, "module ABI");
    assert_refused(r, "handless", HG_EINVAL, "lacks");
    assert_int_equal(count(r), 0);
    load(r, "good");
    assert_refused(r, "twin", HG_EEXIST, "what it adds is there already, from module good");
    assert_int_equal(count(r), 1);
    hg_registry_free(&r);
}

/* Beyond the size that it gives, a descriptor says nothing. */
static void a_shorter_descriptor_clashes_with_nobody(void **state) {
    struct hg_registry *r = make();
    (void)state;
    load(r, "good");
    load(r, "short_one");
    hg_registry_free(&r);
}

static void without_memory_nothing_is_loaded(void **state) {
    struct hg_registry *r = make();
    const struct hg_module *m = NULL;
    struct hg_why why = {""};
    (void)state;
    for (int64_t n = 0;; n++) {
        hg_alloc_fail_after(n);
        int err = hg_registry_load(r, HG_SLICE("good"), &m, &why);
        if (hg_alloc_fail_is_pending()) {
            assert_int_equal(err, 0);
            break;
        }
        assert_int_equal(err, HG_ENOMEM);
    }
    hg_alloc_fail_after(-1);
    assert_int_equal(count(r), 1);
    hg_registry_free(&r);
    hg_alloc_fail_after(0);
    assert_null(hg_registry_new(BAD_MODULES));
}

static void finders_know_what_is_there_by_its_name(void **state) {
    struct hg_registry *r = make();
    const struct hg_module *m = NULL;
    (void)state;
    load(r, "good");
    assert_null(hg_registry_source(r, HG_SLICE("good"), &m));
    assert_null(hg_registry_log(r, HG_SLICE("good"), &m));
    assert_null(hg_registry_authenticator(r, HG_SLICE("good"), NULL));
    assert_null(m);
    hg_registry_free(&r);
}

static void a_configuration_uses_what_its_lines_name(void **state) {
    struct hg_registry *r = make();
    struct conf_text one, none, path;
    (void)state;
    conf_text_open(&one, owners, hg_registry_on_load_module, r, "load_module good;\n");
    conf_text_open(&none, owners, hg_registry_on_load_module, r, "load_module second;\n");
    conf_text_open(&path, owners, hg_registry_on_load_module, r,
                   "load_module second;\nload_module " BAD_MODULES "/good.so;\n");
    conf_text_assert_good(&one);
    conf_text_assert_good(&none);
    conf_text_assert_good(&path);
    const struct hg_module *good = load(r, "good");
    assert_true(hg_registry_is_used(r, one.conf, good));
    assert_false(hg_registry_is_used(r, none.conf, good));
    assert_true(hg_registry_is_used(r, path.conf, good));
    assert_false(hg_registry_is_used(r, path.conf, NULL));
    conf_text_close(&one);
    conf_text_close(&none);
    conf_text_close(&path);
    hg_registry_free(&r);
}

static void a_line_that_cannot_be_loaded_is_a_fault_with_its_place(void **state) {
    struct hg_registry *r = make();
    struct conf_text t;
    (void)state;
    conf_text_open(&t, owners, hg_registry_on_load_module, r, "\nload_module other_abi;\n");
    assert_null(t.conf);
    assert_non_null(strstr(t.errors.ptr, "t.conf:2: load_module: "));
    assert_non_null(strstr(t.errors.ptr, "module ABI 2.0"));
    conf_text_close(&t);
    hg_registry_free(&r);
}

static void assert_trace(const char *want) {
    const char *got = getenv("HG_TEST_TRACE");
    assert_string_equal(got ? got : "", want);
}

static void each_module_is_started_once_and_those_are_stopped(void **state) {
    struct hg_registry *r = make();
    struct hg_why why = {""};
    (void)state;
    unsetenv("HG_TEST_TRACE");
    load(r, "good");
    assert_int_equal(hg_registry_start(r, &why), 0);
    load(r, "starter"); /* as a reload brings it */
    assert_int_equal(hg_registry_start(r, &why), 0);
    assert_int_equal(hg_registry_start(r, &why), 0);
    assert_trace("+");
    hg_registry_stop(r);
    hg_registry_stop(r);
    assert_trace("+-");
    hg_registry_free(&r);
}

static void a_module_that_cannot_start_is_named_and_tried_again(void **state) {
    struct hg_registry *r = make();
    struct hg_why why = {""};
    (void)state;
    unsetenv("HG_TEST_TRACE");
    load(r, "starter");
    setenv("HG_TEST_FAIL", "1", 1);
    assert_int_equal(hg_registry_start(r, &why), HG_EIO);
    assert_string_equal(why.text, "module starter: it was told to fail");
    hg_registry_stop(r);
    assert_trace("+");
    unsetenv("HG_TEST_FAIL");
    assert_int_equal(hg_registry_start(r, &why), 0);
    assert_trace("++");
    hg_registry_stop(r);
    assert_trace("++-");
    hg_registry_free(&r);
}

int test_registry(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_file_is_the_same_module),
        cmocka_unit_test(modules_are_walked_in_the_order_of_loading),
        cmocka_unit_test(what_is_refused_leaves_nothing),
        cmocka_unit_test(a_shorter_descriptor_clashes_with_nobody),
        cmocka_unit_test(without_memory_nothing_is_loaded),
        cmocka_unit_test(finders_know_what_is_there_by_its_name),
        cmocka_unit_test(a_configuration_uses_what_its_lines_name),
        cmocka_unit_test(each_module_is_started_once_and_those_are_stopped),
        cmocka_unit_test(a_module_that_cannot_start_is_named_and_tried_again),
        cmocka_unit_test(a_line_that_cannot_be_loaded_is_a_fault_with_its_place),
    };
    return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
