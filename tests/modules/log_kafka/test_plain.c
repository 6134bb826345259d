/* SPDX-License-Identifier: Apache-2.0 */
/* test_plain.c - what a value without media type is taken for. */
#include "../../../modules/log_kafka/record.h"
#include "modules/log_kafka/tests.h"
#include "unit/unit.h"

static void a_value_is_what_it_looks_like(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *media_type;
    } cases[] = {
        {"[]", 2, "application/json"},
        {"\r\n\t {}", 6, "application/json"},
        {"{\"a\":", 5, "text/plain"},
        {"42", 2, "text/plain"}, /* a word today, a number tomorrow */
        {"h\xC3\xA9\n", 4, "text/plain"},
        {"", 0, "text/plain"},
        {"\0\0\0\5", 4, "application/octet-stream"},
        {"\xFF\xFE", 2, "application/octet-stream"},
        {"\0{}", 3, "application/octet-stream"},
        {"[\xFF]", 3, "application/octet-stream"},
    };
    for (size_t i = 0; i < HG_COUNT(cases); i++) {
        struct hg_slice got;
        struct hg_slice value = {cases[i].bytes, cases[i].len};
        assert_int_equal(kafka_plain_media_type(value, &got), 0);
        unit_assert_slice(got, cases[i].media_type);
    }
}

int test_plain(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_what_it_looks_like),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
