/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - runs every group of tests of src/right. */
#include "unit/right/tests.h"

int main(void) {
    int failed = 0;
    failed += test_principal();
    failed += test_rules();
    return failed != 0;
}
