/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - runs the tests of http/. */
#include "tests.h"

int main(void) {
    int failed = 0;
    failed += test_chars();
    failed += test_authority();
    failed += test_request();
    failed += test_answer();
    failed += test_pieces();
    failed += test_counters();
    failed += test_http();
    return failed != 0;
}
