/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/proto/ws/client.h"

static void the_key_of_the_standard_gives_its_answer(void **state) {
    char out[29];
    (void)state;
    hg_ws_accept(HG_SLICE("dGhlIHNhbXBsZSBub25jZQ=="), out);
    assert_string_equal(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static void another_key_gives_another_answer(void **state) {
    char out[29];
    (void)state;
    hg_ws_accept(HG_SLICE("AAAAAAAAAAAAAAAAAAAAAA=="), out);
    assert_string_equal(out, "ICX+Yqv66kxgM0FcWaLWlFLwTAI=");
}

int test_accept(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_of_the_standard_gives_its_answer),
        cmocka_unit_test(another_key_gives_another_answer),
    };
    return cmocka_run_group_tests_name("ws/accept", tests, NULL, NULL);
}
