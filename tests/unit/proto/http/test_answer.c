/* SPDX-License-Identifier: Apache-2.0 */
/* test_answer.c - dates, reasons, refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "proto/http/answer.h"
#include "proto/http/http.h"
#include "tests.h"

static void dates_are_those_of_the_c_library(void **state) {
    (void)state;
    for (int64_t s = 0; s < 8000000000; s += 40507) { /* until 2223 */
        char got[HG_HTTP_DATE_LEN + 1] = {0}, want[64];
        time_t t = (time_t)s;
        struct tm tm;
        gmtime_r(&t, &tm);
        strftime(want, sizeof(want), "%a, %d %b %Y %H:%M:%S GMT", &tm);
        hg_http_date_format(s, got);
        assert_string_equal(got, want);
    }
    assert_int_equal(hg_http_date().len, HG_HTTP_DATE_LEN);
}

static void statuses_have_their_reasons(void **state) {
    (void)state;
    assert_string_equal(hg_http_reason(100), "Continue");
    assert_string_equal(hg_http_reason(202), "Accepted");
    assert_string_equal(hg_http_reason(431), "Request Header Fields Too Large");
    assert_string_equal(hg_http_reason(505), "HTTP Version Not Supported");
    assert_string_equal(hg_http_reason(299), "Unknown");
    assert_string_equal(hg_http_reason(999), "Unknown");
}

static void every_refusal_is_a_problem_document(void **state) {
    (void)state;
    static const int all[] = {400, 405, 408, 414, 417, 426, 431, 501, 503, 505};
    for (size_t i = 0; i < HG_COUNT(all); i++) {
        char body[HG_HTTP_REFUSAL_MAX], status[32];
        size_t n = hg_http_refusal_print(all[i], "Why.", body);
        size_t n_fields = 0;
        const struct hg_field *fields = hg_http_refusal_fields(all[i], &n_fields);
        body[n] = 0;
        snprintf(status, sizeof(status), "\"status\":%d,", all[i]);
        assert_non_null(strstr(body, status));
        assert_memory_equal(body, "{\"type\":\"urn:headgate:problem:", 30);
        assert_string_equal(body + n - 16, "\"detail\":\"Why.\"}");
        assert_true(hg_slice_eq(fields[0].value, HG_SLICE("application/problem+json")));
        for (size_t k = 0; k < n_fields; k++) {
            assert_true(hg_http_field_is_ours(&fields[k]));
        }
    }
}

static void fields_that_would_break_an_answer_are_known(void **state) {
    (void)state;
    static const struct hg_field bad[] = {
        {{"", 0}, {"x", 1}},
        {{"a\r\nb", 4}, {"x", 1}},
        {{"a", 1}, {"x\r\ny", 4}},
        {{"a", 1}, {"\0", 1}},
        {{"a:", 2}, {"x", 1}},
        {{"connection", 10}, {"x", 1}},
        {{"transfer-encoding", 17}, {"x", 1}},
        {{"date", 4}, {"x", 1}},
        {{"server", 6}, {"x", 1}},
    };
    for (size_t i = 0; i < HG_COUNT(bad); i++) {
        assert_false(hg_http_field_is_ours(&bad[i]));
    }
    assert_true(hg_http_field_is_ours(&(struct hg_field){HG_SLICE("etag"), HG_SLICE("\"a\tb\"")}));
}

int test_answer(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_are_those_of_the_c_library),
        cmocka_unit_test(statuses_have_their_reasons),
        cmocka_unit_test(every_refusal_is_a_problem_document),
        cmocka_unit_test(fields_that_would_break_an_answer_are_known),
    };
    return cmocka_run_group_tests_name("proto/http/answer", tests, NULL, NULL);
}
