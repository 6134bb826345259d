/* SPDX-License-Identifier: Apache-2.0 */
/* tests.h - the groups, one for each file of src/right. */
#ifndef HG_TESTS_RIGHT_TESTS_H
#define HG_TESTS_RIGHT_TESTS_H

#include "unit/unit.h"

int test_principal(void);
int test_rules(void);

#endif
