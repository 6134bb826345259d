/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/base/tests.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "unit/unit.h"

static void monotonic_clock_does_not_go_back(void **state) {
    (void)state;
    int64_t before = hg_clock_mono_us();
    for (int i = 0; i < 1000; i++) {
        int64_t now = hg_clock_mono_us();
        assert_true(now >= before);
        before = now;
    }
    assert_true(hg_clock_mono_ms() >= before / 1000);
    assert_true(hg_clock_mono_ms() - before / 1000 < 60000);
}

static void wall_clock_is_that_of_the_system(void **state) {
    (void)state;
    int64_t before = (int64_t)time(NULL) - 1, now = hg_clock_wall_ms() / 1000;
    assert_true(now >= before && now <= (int64_t)time(NULL) + 1);
}

static void assert_format(int64_t ms, const char *want) {
    char text[HG_CLOCK_RFC3339_MAX];
    assert_int_equal(hg_clock_format(ms, text), 24);
    assert_string_equal(text, want);
}

static void times_are_written_in_utc(void **state) {
    (void)state;
    assert_format(0, "1970-01-01T00:00:00.000Z");
    assert_format(-1, "1969-12-31T23:59:59.999Z");
    assert_format(951782400123, "2000-02-29T00:00:00.123Z");
    assert_format(1767323045678, "2026-01-02T03:04:05.678Z");
    assert_format(253402300799999, "9999-12-31T23:59:59.999Z");
    assert_format(253402300800000, "9999-12-31T23:59:59.999Z");
    assert_format(INT64_MAX, "9999-12-31T23:59:59.999Z");
    assert_format(-62167219200000, "0000-01-01T00:00:00.000Z");
    assert_format(-62167219200001, "0000-01-01T00:00:00.000Z");
    assert_format(INT64_MIN, "0000-01-01T00:00:00.000Z");
}

/* A day and a bit at a time through all the years there are, against the C
 * library, and read back. */
static void every_year_agrees_with_the_library(void **state) {
    (void)state;
    for (int64_t s = -62167219200; s < 253402300800; s += 86400 * 3 + 3607) {
        char text[HG_CLOCK_RFC3339_MAX], want[64];
        time_t t = (time_t)s;
        struct tm tm;
        int64_t back = 0;
        gmtime_r(&t, &tm);
        snprintf(want, sizeof(want), "%04d-%02d-%02dT%02d:%02d:%02d.007Z", tm.tm_year + 1900,
                 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
        size_t len = hg_clock_format(s * 1000 + 7, text);
        assert_string_equal(text, want);
        assert_int_equal(hg_clock_parse((struct hg_slice){text, len}, &back), 0);
        assert_true(back == s * 1000 + 7);
    }
}

static void assert_parse(const char *text, int64_t want) {
    int64_t got = 12345;
    if (hg_clock_parse(hg_slice_of(text), &got) != 0 || got != want) {
        fail_msg("%s: got %lld, want %lld", text, (long long)got, (long long)want);
    }
}

static void all_forms_of_rfc_3339_are_read(void **state) {
    (void)state;
    assert_parse("1970-01-01T00:00:00Z", 0);
    assert_parse("1970-01-01t00:00:00z", 0);
    assert_parse("1985-04-12T23:20:50.52Z", 482196050520);
    assert_parse("1996-12-19T16:39:57-08:00", 851042397000);
    assert_parse("1996-12-20T00:39:57Z", 851042397000);
    assert_parse("1937-01-01T12:00:27.87+00:20", -1041337172130);
    assert_parse("1970-01-01T00:00:00.1Z", 100);
    assert_parse("1970-01-01T00:00:00.0019999999999999999999999Z", 1);
    assert_parse("1969-12-31T23:59:59.999Z", -1);
    assert_parse("1970-01-01T00:00:00-00:00", 0);
    assert_parse("1970-01-01T23:59:00+23:59", 0);
    assert_parse("1969-12-31T00:01:00-23:59", 0);
    assert_parse("0000-01-01T00:00:00Z", -62167219200000);
    assert_parse("0000-01-01T00:00:00+23:59", -62167219200000 - 86340000);
    assert_parse("9999-12-31T23:59:59.999-23:59", 253402300799999 + 86340000);
    assert_parse("2000-02-29T00:00:00Z", 951782400000);
}

static void leap_second_keeps_the_order(void **state) {
    (void)state;
    assert_parse("1990-12-31T23:59:59.999Z", 662687999999);
    assert_parse("1990-12-31T23:59:60Z", 662688000000);
    assert_parse("1990-12-31T23:59:60.999Z", 662688000000);
    assert_parse("1990-12-31T15:59:60-08:00", 662688000000);
    assert_parse("1991-01-01T00:00:00Z", 662688000000);
}

static void everything_else_is_refused(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",
        "1970",
        "1970-01-01",
        "1970-01-01T00:00:00",
        "1970-01-01 00:00:00Z",
        "1970-01-01T00:00Z",
        "1970-01-01T00:00:00ZZ",
        "1970-01-01T00:00:00Z ",
        " 1970-01-01T00:00:00Z",
        "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00,5Z",
        "1970-01-01T00:00:00+0000",
        "1970-01-01T00:00:00+00",
        "1970-01-01T00:00:00+24:00",
        "1970-01-01T00:00:00+00:60",
        "1970-01-01T00:00:00+-1:00",
        "1970-01-01T24:00:00Z",
        "1970-01-01T00:60:00Z",
        "1970-01-01T00:00:61Z",
        "1970-00-01T00:00:00Z",
        "1970-13-01T00:00:00Z",
        "1970-01-00T00:00:00Z",
        "1970-01-32T00:00:00Z",
        "1970-04-31T00:00:00Z",
        "1970-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "197-01-01T00:00:00Z",
        "19700-01-01T00:00:00Z",
        "+970-01-01T00:00:00Z",
        "-970-01-01T00:00:00Z",
        "1970-1-01T00:00:00Z",
        "1970-01-01T0:00:00Z",
        "1970/01/01T00:00:00Z",
        "1970-01-01T00.00.00Z",
        "1970-01-01T12:59:60Z",
        "1970-01-01T23:58:60Z",
        "1990-12-31T23:59:60-08:00",
        "1970-01-01T00:00:00\xe2\x88\x92"
        "01:00",
    };
    for (size_t i = 0; i < HG_COUNT(wrong); i++) {
        int64_t got = 4711;
        if (hg_clock_parse(hg_slice_of(wrong[i]), &got) != HG_EINVAL || got != 4711) {
            fail_msg("accepted %s", wrong[i]);
        }
    }
    static const char whole[] = "1996-12-19T16:39:57.123-08:00";
    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        /* On the heap, so that reading past the end is seen. */
        char *copy = hg_alloc(len + 1);
        int64_t got;
        memcpy(copy, whole, len);
        assert_int_equal(hg_clock_parse((struct hg_slice){copy, len}, &got), HG_EINVAL);
        hg_free(copy);
    }
    int64_t got;
    assert_int_equal(hg_clock_parse((struct hg_slice){"1970-01-01T00:00:00\0", 20}, &got),
                     HG_EINVAL);
}

int test_clock(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(monotonic_clock_does_not_go_back),
        cmocka_unit_test(wall_clock_is_that_of_the_system),
        cmocka_unit_test(times_are_written_in_utc),
        cmocka_unit_test(every_year_agrees_with_the_library),
        cmocka_unit_test(all_forms_of_rfc_3339_are_read),
        cmocka_unit_test(leap_second_keeps_the_order),
        cmocka_unit_test(everything_else_is_refused),
    };
    return cmocka_run_group_tests_name("base/clock", tests, NULL, NULL);
}
