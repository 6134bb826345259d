/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/gate/rig.h"

#include "gate/problems.h"

static void every_type_has_a_title(void **state) {
    (void)state;
    assert_string_equal(hg_problem_title("event-invalid"), "Not a CloudEvent");
    assert_string_equal(hg_problem_title("in-doubt"), "In doubt");
}

static void a_type_that_a_module_brings_is_its_own_title(void **state) {
    (void)state;
    assert_string_equal(hg_problem_title("tea-cold"), "tea-cold");
}

static void the_page_has_a_row_for_each(void **state) {
    struct hg_buf page = {0};
    (void)state;
    hg_problems_reference(&page);
    hg_buf_put(&page, "", 1);
    assert_false(page.is_failed);
    assert_non_null(strstr(page.ptr, "| `event-invalid` | 400 | Not a CloudEvent | "));
    assert_non_null(strstr(page.ptr, "| `log-full` | 503 | "));
    assert_non_null(strstr(page.ptr, HG_PROBLEM_URI));
    hg_buf_fini(&page);
}

static void a_document_says_what_is_known_and_nothing_else(void **state) {
    struct hg_buf out = {0};
    struct hg_problem p = {.index = -1};
    (void)state;
    hg_problem_set(&p, 403, "forbidden", "%s", "");
    hg_problem_print(&p, &out);
    unit_assert_slice(hg_buf_slice(&out), "{\"type\":\"urn:headgate:problem:forbidden\",\"title\":"
                                          "\"Not allowed\",\"status\":403}");
    hg_buf_clear(&out);
    hg_problem_set(&p, 400, "event-invalid", "id \"%s\" is bad.", "a\tb");
    p.index = 3;
    snprintf(p.pointer, sizeof(p.pointer), "/id");
    hg_problem_print(&p, &out);
    unit_assert_slice(hg_buf_slice(&out),
                      "{\"type\":\"urn:headgate:problem:event-invalid\",\"title\":\"Not a "
                      "CloudEvent\",\"status\":400,\"detail\":\"id \\\"a\\tb\\\" is bad.\","
                      "\"index\":3,\"pointer\":\"/id\"}");
    hg_buf_fini(&out);
}

int test_problems(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_has_a_title),
        cmocka_unit_test(a_type_that_a_module_brings_is_its_own_title),
        cmocka_unit_test(the_page_has_a_row_for_each),
        cmocka_unit_test(a_document_says_what_is_known_and_nothing_else),
    };
    return cmocka_run_group_tests_name("problems", tests, NULL, NULL);
}
