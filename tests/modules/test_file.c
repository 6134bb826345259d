/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "modules/sink_support.h"

HG_API extern const struct hg_module hg_module_file;

static const struct hg_directive *row(const char *name) {
    const struct hg_directive *d = hg_module_file.directives;
    while (d->name != NULL && strcmp(d->name, name) != 0) {
        d++;
    }
    assert_non_null(d->name);
    return d;
}

/* The module's struct, filled through its rows as the core would. */
static void *conf_with(struct hg_slice bytes, const char *type) {
    char *conf = hg_try_alloc(hg_module_file.conf_size);
    struct hg_slice media_type = hg_slice_of(type);
    assert_non_null(conf);
    memcpy(conf + row("file")->at, &bytes, sizeof bytes);
    memcpy(conf + row("file_type")->at, &media_type, sizeof media_type);
    return conf;
}

static void assert_served(struct hg_slice bytes, const char *type) {
    struct hg_answer answer = {0};
    struct hg_problem problem = {0};
    void *conf = conf_with(bytes, type);
    assert_int_equal(handle_get(hg_module_file.handler, conf, "/page?any=thing", &answer, &problem),
                     0);
    assert_int_equal(answer.status, 0);
    assert_string_equal(answer.content_type, type);
    assert_true(hg_slice_eq(hg_buf_slice(&answer.body), bytes));
    hg_buf_fini(&answer.body);
    hg_free(conf);
}

static void the_descriptor_claims_a_location_by_its_directive(void **state) {
    (void)state;
    check_descriptor(&hg_module_file, "file");
    assert_string_equal(hg_module_file.handler->directive, "file");
    assert_string_equal(row("file")->in, "location");
    assert_int_equal(row("file")->type, HG_SLOT_FILE);
    assert_true(row("file")->is_local);
    assert_string_equal(hg_module_file.handler->methods[0], "GET");
    assert_null(hg_module_file.handler->methods[1]);
}

static void the_type_is_inherited_and_html_by_default(void **state) {
    (void)state;
    assert_false(row("file_type")->is_local);
    assert_int_equal(row("file_type")->type, HG_SLOT_STRING);
    assert_string_equal(row("file_type")->def, "\"text/html; charset=utf-8\"");
}

static void the_bytes_of_the_file_are_the_answer(void **state) {
    (void)state;
    assert_served(HG_SLICE("<p>hello</p>\n"), "text/html; charset=utf-8");
    assert_served(HG_SLICE("a\0b\r\n\xff"), "application/octet-stream");
}

static void an_empty_file_is_an_empty_answer(void **state) {
    (void)state;
    assert_served(HG_SLICE(""), "text/plain");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_descriptor_claims_a_location_by_its_directive),
        cmocka_unit_test(the_type_is_inherited_and_html_by_default),
        cmocka_unit_test(the_bytes_of_the_file_are_the_answer),
        cmocka_unit_test(an_empty_file_is_an_empty_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
