/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "modules/sink_support.h"

HG_API extern const struct hg_module hg_module_hello;

/* The module's struct, filled through its row as the core would. */
static void *conf_with(const char *text) {
    const struct hg_directive *row = &hg_module_hello.directives[0];
    char *conf = hg_try_alloc(hg_module_hello.conf_size);
    struct hg_slice value = hg_slice_of(text);
    assert_non_null(conf);
    assert_int_equal(row->type, HG_SLOT_STRING);
    memcpy(conf + row->at, &value, sizeof value);
    return conf;
}

static void assert_answer(const char *target, const char *want) {
    struct hg_answer answer = {0};
    struct hg_problem problem = {0};
    void *conf = conf_with("Good morning");
    assert_int_equal(handle_get(hg_module_hello.handler, conf, target, &answer, &problem), 0);
    assert_true(hg_slice_eq(hg_buf_slice(&answer.body), hg_slice_of(want)));
    assert_int_equal(answer.status, 0);
    hg_buf_fini(&answer.body);
    hg_free(conf);
}

static void assert_refused(const char *target) {
    struct hg_answer answer = {0};
    struct hg_problem problem = {0};
    void *conf = conf_with("Good morning");
    assert_int_equal(handle_get(hg_module_hello.handler, conf, target, &answer, &problem),
                     HG_EINVAL);
    assert_int_equal(problem.status, 400);
    hg_buf_fini(&answer.body);
    hg_free(conf);
}

static void the_descriptor_claims_a_location_by_its_directive(void **state) {
    const struct hg_directive *row = &hg_module_hello.directives[0];
    (void)state;
    check_descriptor(&hg_module_hello, "hello");
    assert_string_equal(hg_module_hello.handler->directive, row->name);
    assert_string_equal(row->in, "location");
    assert_null(hg_module_hello.directives[1].name);
    assert_string_equal(hg_module_hello.handler->methods[0], "GET");
    assert_null(hg_module_hello.handler->methods[1]);
}

static void it_says_its_text(void **state) {
    (void)state;
    assert_answer("/hello", "Good morning\n");
    assert_answer("/hello?other=1", "Good morning\n");
}

static void it_greets_who_gives_a_name(void **state) {
    (void)state;
    assert_answer("/hello?name=Ada", "Good morning, Ada\n");
    assert_answer("/hello?name=%C3%85sa", "Good morning, \xc3\x85sa\n");
}

static void a_name_has_1_to_64_bytes(void **state) {
    char target[100];
    (void)state;
    assert_refused("/hello?name=");
    snprintf(target, sizeof target, "/hello?name=%065d", 0);
    assert_refused(target);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_descriptor_claims_a_location_by_its_directive),
        cmocka_unit_test(it_says_its_text),
        cmocka_unit_test(it_greets_who_gives_a_name),
        cmocka_unit_test(a_name_has_1_to_64_bytes),
    };
    return cmocka_run_group_tests_name("hello", tests, NULL, NULL);
}
