/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - runs every group of tests of src/event. */
#include "unit/event/tests.h"

int main(void) {
    int failed = 0;
    failed += test_codepoint();
    failed += test_json();
    failed += test_json_string();
    failed += test_attr();
    failed += test_builder();
    failed += test_event();
    failed += test_events();
    failed += test_pack();
    failed += test_digest();
    failed += test_encode();
    failed += test_media();
    failed += test_data();
    failed += test_codec();
    failed += test_trace();
    failed += test_binary();
    failed += test_filter();
    failed += test_conformance();
    return failed != 0;
}
