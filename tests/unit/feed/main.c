/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/feed/tests.h"

int main(void) {
    return test_feed() != 0;
}
