/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/base/tests.h"

#include "base/compat/crc32c_cpu.h"
#include "base/crc32c.h"
#include "unit/unit.h"

static void instruction_and_tables_agree(void **state) {
    (void)state;
    unsigned char bytes[2048];
    uint32_t seed = 12345;
    if (!hg_crc32c_cpu_is_there()) {
        print_message("SKIP: this processor has no CRC32C instruction\n");
        skip();
    }
    for (size_t i = 0; i < sizeof(bytes); i++) {
        seed = seed * 1664525 + 1013904223;
        bytes[i] = (unsigned char)(seed >> 24);
    }
    for (size_t at = 0; at < 9; at++) {
        for (size_t len = 0; len + at <= sizeof(bytes); len += len < 64 ? 1 : 61) {
            assert_int_equal(hg_crc32c_cpu(seed, bytes + at, len),
                             hg_crc32c_by_table(seed, bytes + at, len));
            assert_int_equal(hg_crc32c_cpu(0, bytes + at, len), hg_crc32c(0, bytes + at, len));
        }
    }
}

int test_crc32c_cpu(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instruction_and_tables_agree),
    };
    return cmocka_run_group_tests_name("base/compat/crc32c_cpu", tests, NULL, NULL);
}
