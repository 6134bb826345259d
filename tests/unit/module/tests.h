/* SPDX-License-Identifier: Apache-2.0 */
/* tests.h - the groups, one for each file of src/module. BAD_MODULES is the
 * directory of the modules that tests/modules/bad builds. */
#ifndef HG_TESTS_MODULE_TESTS_H
#define HG_TESTS_MODULE_TESTS_H

#include "unit/unit.h"

int test_loader(void);
int test_registry(void);

#endif
