/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/proto/ws/client.h"

int main(void) {
    int failed = 0;
    failed += test_ws();
    failed += test_frame();
    failed += test_accept();
    failed += test_conformance();
    return failed != 0;
}
