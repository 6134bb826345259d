/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - runs the groups of window/. */
#include "unit/window/tests.h"

int main(void) {
    return (test_slot() | test_window()) != 0;
}
