/* SPDX-License-Identifier: Apache-2.0 */
/* tests.h - the groups of this room. */
#ifndef HG_TESTS_UNIT_FETCH_TESTS_H
#define HG_TESTS_UNIT_FETCH_TESTS_H

#include "unit/unit.h"

int test_client(void);
int test_fetch(void);
int test_link(void);
int test_retry_after(void);
int test_transfer(void);
int test_url(void);

#endif
