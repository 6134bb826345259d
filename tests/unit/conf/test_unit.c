/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/unit.h"

#include "unit/conf/fixture.h"

typedef enum hg_unit (*read_fn)(struct hg_slice text, int64_t *ret);

static void gives(read_fn read, const char *text, int64_t want) {
    int64_t n = -77;
    assert_int_equal(read(hg_slice_of(text), &n), HG_UNIT_OK);
    assert_int_equal(n, want);
}

static void refuses(read_fn read, const char *text, enum hg_unit verdict) {
    int64_t n = -77;
    assert_int_equal(read(hg_slice_of(text), &n), verdict);
    assert_int_equal(n, -77);
}

static void whole_numbers_have_a_sign_and_a_limit(void **state) {
    (void)state;
    gives(hg_unit_int, "0", 0);
    gives(hg_unit_int, "0042", 42);
    gives(hg_unit_int, "-5", -5);
    gives(hg_unit_int, "9223372036854775807", INT64_MAX);
    refuses(hg_unit_int, "9223372036854775808", HG_UNIT_TOO_LARGE);
    refuses(hg_unit_int, "99999999999999999999999999", HG_UNIT_TOO_LARGE);
    static const char *const bad[] = {"", "-", "+1", "1.5", "0x10", "1k", " 1", "1 ", "--1", "one"};
    for (size_t i = 0; i < HG_COUNT(bad); i++) {
        refuses(hg_unit_int, bad[i], HG_UNIT_MALFORMED);
    }
}

static void sizes_count_in_powers_of_1024(void **state) {
    (void)state;
    gives(hg_unit_size, "10", 10);
    gives(hg_unit_size, "10k", 10240);
    gives(hg_unit_size, "10M", 10 << 20);
    gives(hg_unit_size, "3g", 3LL << 30);
    gives(hg_unit_size, "8589934591g", 8589934591LL << 30);
    refuses(hg_unit_size, "8589934592g", HG_UNIT_TOO_LARGE);
    refuses(hg_unit_size, "99999999999999999999", HG_UNIT_TOO_LARGE);
    refuses(hg_unit_size, "-1m", HG_UNIT_NEGATIVE);
    static const char *const bad[] = {"", "k", "10kb", "10t", "1k1", "1.5m", "-", "-k", "10 k"};
    for (size_t i = 0; i < HG_COUNT(bad); i++) {
        refuses(hg_unit_size, bad[i], HG_UNIT_MALFORMED);
    }
}

static void durations_are_seconds_unless_they_say_otherwise(void **state) {
    (void)state;
    gives(hg_unit_duration, "0", 0);
    gives(hg_unit_duration, "30", 30000);
    gives(hg_unit_duration, "100ms", 100);
    gives(hg_unit_duration, "30s", 30000);
    gives(hg_unit_duration, "5m", 300000);
    gives(hg_unit_duration, "2h", 7200000);
    gives(hg_unit_duration, "7d", 604800000);
    gives(hg_unit_duration, "2w", 1209600000);
    gives(hg_unit_duration, "1h30m", 5400000);
    gives(hg_unit_duration, "1w1d1h1m1s1ms", 694861001);
    gives(hg_unit_duration, "9223372036854775807ms", INT64_MAX);
    refuses(hg_unit_duration, "9223372036854775s808ms", HG_UNIT_TOO_LARGE);
    refuses(hg_unit_duration, "15250284453w", HG_UNIT_TOO_LARGE);
    refuses(hg_unit_duration, "-5s", HG_UNIT_NEGATIVE);
    static const char *const bad[] = {"",    "s",  "1h30", "30m1h", "1s1s",    "5M",
                                      "5 s", "5y", "1.5s", "-",     "1h -30m", "1sm"};
    for (size_t i = 0; i < HG_COUNT(bad); i++) {
        refuses(hg_unit_duration, bad[i], HG_UNIT_MALFORMED);
    }
}

static void shows(enum hg_slot type, int64_t value, const char *like, const char *want) {
    char out[HG_UNIT_TEXT_MAX];
    hg_unit_format(type, value, hg_slice_of(like), out);
    assert_string_equal(out, want);
}

static void a_limit_is_shown_in_the_unit_that_was_written(void **state) {
    (void)state;
    shows(HG_SLOT_DURATION, 600000, "900s", "600s");
    shows(HG_SLOT_DURATION, 600000, "900", "600s");
    shows(HG_SLOT_DURATION, 600000, "2h", "10m");
    shows(HG_SLOT_DURATION, 600000, "700000ms", "600000ms");
    shows(HG_SLOT_DURATION, 1500, "?", "1500ms");
    shows(HG_SLOT_DURATION, 604800000, "?", "1w");
    shows(HG_SLOT_DURATION, 0, "?", "0s");
    shows(HG_SLOT_SIZE, 1 << 30, "2000m", "1024m");
    shows(HG_SLOT_SIZE, 1 << 30, "?", "1g");
    shows(HG_SLOT_SIZE, 0, "?", "0");
    shows(HG_SLOT_SIZE, 1000, "3k", "1000");
    shows(HG_SLOT_INT, -5, "-9", "-5");
    shows(HG_SLOT_INT, 1024, "9k", "1024");
}

int test_unit(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_have_a_sign_and_a_limit),
        cmocka_unit_test(sizes_count_in_powers_of_1024),
        cmocka_unit_test(durations_are_seconds_unless_they_say_otherwise),
        cmocka_unit_test(a_limit_is_shown_in_the_unit_that_was_written),
    };
    return cmocka_run_group_tests_name("unit", tests, NULL, NULL);
}
