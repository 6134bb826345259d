/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - runs every group of tests of src/log. */
#include "unit/log/tests.h"

int main(void) {
    int failed = 0;
    failed += test_position();
    failed += test_cursor();
    failed += test_topic();
    failed += test_log();
    return failed != 0;
}
