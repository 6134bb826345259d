/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - runs every group of tests of src/module. */
#include "unit/module/tests.h"

int main(void) {
    int failed = 0;
    failed += test_loader();
    failed += test_registry();
    return failed != 0;
}
