/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/base/tests.h"

#include "base/crc32c.h"
#include "unit/unit.h"

static void published_values_come_out(void **state) {
    (void)state;
    char bytes[32];
    assert_int_equal(hg_crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(hg_crc32c_by_table(0, "123456789", 9), 0xe3069283);
    assert_int_equal(hg_crc32c(0, NULL, 0), 0);
    assert_int_equal(hg_crc32c_by_table(0, NULL, 0), 0);
    /* RFC 3720, B.4. */
    memset(bytes, 0, sizeof(bytes));
    assert_int_equal(hg_crc32c(0, bytes, sizeof(bytes)), 0x8a9136aa);
    memset(bytes, 0xff, sizeof(bytes));
    assert_int_equal(hg_crc32c(0, bytes, sizeof(bytes)), 0x62a8ab43);
    for (int i = 0; i < 32; i++) {
        bytes[i] = (char)i;
    }
    assert_int_equal(hg_crc32c(0, bytes, sizeof(bytes)), 0x46dd794e);
}

static void sum_goes_on_where_it_ended(void **state) {
    (void)state;
    static const char text[] = "a text of several words, with an end";
    size_t len = sizeof(text) - 1;
    uint32_t whole = hg_crc32c(0, text, len);
    for (size_t at = 0; at <= len; at++) {
        assert_int_equal(hg_crc32c(hg_crc32c(0, text, at), text + at, len - at), whole);
        assert_int_equal(hg_crc32c_by_table(hg_crc32c_by_table(0, text, at), text + at, len - at),
                         whole);
    }
}

int test_crc32c(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_values_come_out),
        cmocka_unit_test(sum_goes_on_where_it_ended),
    };
    return cmocka_run_group_tests_name("base/crc32c", tests, NULL, NULL);
}
