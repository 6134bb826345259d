/* SPDX-License-Identifier: Apache-2.0 */
/* tests.h - the groups of this binary; each returns how many tests failed. */
#ifndef TESTS_UNIT_LOG_TESTS_H
#define TESTS_UNIT_LOG_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

int test_cursor(void);
int test_log(void);
int test_position(void);
int test_topic(void);

#endif
