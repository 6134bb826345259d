/* SPDX-License-Identifier: Apache-2.0 */
/* test_counters.c - every row is told, and errors go to the right one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/counters.h"
#include "proto/http/counters.h"
#include "proto/http/http.h"
#include "tests.h"

static void rows_are_printed_once(void **state) {
    (void)state;
    struct hg_buf out = {0};
    hg_http_counters_register();
    hg_http_counters_register();
    hg_counters_print(&out);
    hg_buf_put(&out, "", 1);
    const char *first = strstr(out.ptr, "\nheadgate_requests_total{protocol=\"h2\"}");
    assert_non_null(first);
    assert_null(strstr(first + 1, "\nheadgate_requests_total{protocol=\"h2\"}"));
    assert_non_null(strstr(out.ptr, "headgate_http_errors_total{kind=\"malformed\"}"));
    assert_non_null(strstr(out.ptr, "headgate_h2_resets_total{by=\"us\"}"));
    assert_non_null(strstr(out.ptr, "headgate_h2_goaways_total{reason=\"calm\"}"));
    hg_buf_fini(&out);
}

static void statuses_go_to_their_rows(void **state) {
    (void)state;
    assert_int_equal(hg_http_error_of(400), HG_HTTP_MALFORMED);
    assert_int_equal(hg_http_error_of(408), HG_HTTP_TIMEOUT);
    assert_int_equal(hg_http_error_of(414), HG_HTTP_TOO_LARGE);
    assert_int_equal(hg_http_error_of(431), HG_HTTP_TOO_LARGE);
    assert_int_equal(hg_http_error_of(501), HG_HTTP_UNSUPPORTED);
    assert_int_equal(hg_http_error_of(503), HG_HTTP_NO_MEMORY);
}

int test_counters(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_printed_once),
        cmocka_unit_test(statuses_go_to_their_rows),
    };
    return cmocka_run_group_tests_name("proto/http/counters", tests, NULL, NULL);
}
