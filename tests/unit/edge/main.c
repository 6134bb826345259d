/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - runs every group of tests of src/edge. */
#include "unit/edge/rig.h"

int main(void) {
    int failed = 0;
    failed += test_settings();
    failed += test_access();
    failed += test_access_format();
    failed += test_query();
    failed += test_cors();
    failed += test_visit();
    failed += test_intake();
    failed += test_edge();
    failed += test_subscribe();
    failed += test_topics();
    failed += test_socket();
    failed += test_message();
    failed += test_route();
    failed += test_location();
    failed += test_site();
    failed += test_site_fixed();
    return failed != 0;
}
