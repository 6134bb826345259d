/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - all tests of src/conf. */
#include "unit/conf/fixture.h"

static int (*const groups[])(void) = {
    test_conf,
};

int main(void) {
    int failed = 0;
    for (size_t i = 0; i < HG_COUNT(groups); i++) {
        failed += groups[i]() != 0;
    }
    return failed != 0;
}
