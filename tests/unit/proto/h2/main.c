/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - runs the tests of h2/. */
#include "tests.h"

int main(void) {
    int failed = 0;
    failed += test_h2_guard();
    failed += test_h2_head();
    failed += test_h2();
    failed += test_h2_session();
    failed += test_h2_stream();
    failed += test_h2_memory();
    return failed != 0;
}
