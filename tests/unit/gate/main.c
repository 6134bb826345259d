/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - runs every group of tests of src/gate. */
#include "unit/gate/rig.h"

int main(void) {
    int failed = 0;
    failed += test_problems();
    failed += test_settings();
    failed += test_fields();
    failed += test_body();
    failed += test_append();
    failed += test_answer();
    failed += test_dead_letter();
    failed += test_exchange();
    return failed != 0;
}
