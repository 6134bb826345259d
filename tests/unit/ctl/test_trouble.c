/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/trouble.h"

#include "unit/ctl/tests.h"

static void expect(int status, const char *body, const char *want, long long index) {
    struct hg_fetch_answer a = {.outcome = HG_FETCH_ANSWERED, .status = status};
    struct hg_ctl_trouble t;
    hg_buf_put_slice(&a.body, hg_slice_of(body));
    hg_ctl_trouble_read(&a, &t);
    assert_string_equal(t.text, want);
    assert_int_equal(t.index, index);
    hg_fetch_answer_fini(&a);
}

static void a_problem_is_told_by_title_and_detail(void **state) {
    (void)state;
    expect(409, "{\"title\":\"Same id\",\"detail\":\"It differs.\",\"status\":409}",
           "409 Same id: It differs.", -1);
    expect(400, "{\"title\":\"No\",\"detail\":\"d\",\"pointer\":\"/1/id\",\"index\":1}",
           "400 No: d (/1/id)", 1);
    expect(404, "{\"title\":\"Not found\"}", "404 Not found", -1);
}

static void another_body_is_told_by_its_first_line(void **state) {
    (void)state;
    expect(502, "<html>\n<p>", "502: <html>", -1);
    expect(500, "", "500", -1);
    expect(500, "{\"detail\":\"no title\"}", "500: {\"detail\":\"no title\"}", -1);
    expect(500, "[1]", "500: [1]", -1);
}

static void without_an_answer_its_absence_is_told(void **state) {
    (void)state;
    struct hg_fetch_answer a = {.outcome = HG_FETCH_LOST, .status = 200, .text = "it was cut"};
    struct hg_ctl_trouble t;
    hg_ctl_trouble_read(&a, &t);
    assert_string_equal(t.text, "it was cut");
    assert_int_equal(t.index, -1);
}

int test_trouble(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_problem_is_told_by_title_and_detail),
        cmocka_unit_test(another_body_is_told_by_its_first_line),
        cmocka_unit_test(without_an_answer_its_absence_is_told),
    };
    return cmocka_run_group_tests_name("trouble", tests, NULL, NULL);
}
