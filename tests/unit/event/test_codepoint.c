/* SPDX-License-Identifier: Apache-2.0 */
#include "event/codepoint.h"

#include "base/utf8.h"
#include "unit/event/tests.h"

static void every_scalar_value_comes_back_as_it_was_written(void **state) {
    (void)state;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        if (c >= 0xD800 && c <= 0xDFFF) {
            continue;
        }
        char bytes[4];
        unsigned n = hg_codepoint_write(c, bytes);
        const unsigned char *p = (const unsigned char *)bytes;
        uint32_t back;
        if (hg_codepoint_read(p, p + n, &back) != n || back != c || !hg_utf8_is_valid(bytes, n)) {
            fail_msg("U+%04X", (unsigned)c);
        }
        if (n > 1 && hg_codepoint_read(p, p + n - 1, &back) != 0) {
            fail_msg("U+%04X was read from half of its bytes", (unsigned)c);
        }
    }
}

/* All sequences of two bytes followed by two that are good continuations. */
static void what_the_other_utf8_check_refuses_is_no_code_point(void **state) {
    (void)state;
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++) {
            const unsigned char bytes[4] = {(unsigned char)a, (unsigned char)b, 0x80, 0xBF};
            uint32_t ignored;
            unsigned n = hg_codepoint_read(bytes, bytes + 4, &ignored);
            if (n != hg_utf8_next(bytes, 4)) {
                fail_msg("%02x %02x: %u", a, b, n);
            }
        }
    }
}

int test_codepoint(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scalar_value_comes_back_as_it_was_written),
        cmocka_unit_test(what_the_other_utf8_check_refuses_is_no_code_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
