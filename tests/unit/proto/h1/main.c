/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - runs the tests of h1/. */
#include "tests.h"

int main(void) {
    int failed = 0;
    failed += test_framing();
    failed += test_parser();
    failed += test_body();
    failed += test_h1();
    failed += test_h1_answer();
    failed += test_h1_memory();
    return failed != 0;
}
