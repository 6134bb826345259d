/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - all tests of src/conf, the lowest file first. */
#include "unit/conf/fixture.h"

static int (*const groups[])(void) = {
    test_token, test_unit,    test_files, test_parse,   test_fail,      test_table, test_slot,
    test_bind,  test_inherit, test_dump,  test_restart, test_reference, test_conf,
};

int main(void) {
    int failed = 0;
    for (size_t i = 0; i < HG_COUNT(groups); i++) {
        failed += groups[i]() != 0;
    }
    return failed != 0;
}
