/* SPDX-License-Identifier: Apache-2.0 */
/* tests.h - the groups of this binary, and a directory for a store. */
#ifndef TESTS_MODULES_LOG_EMBEDDED_TESTS_H
#define TESTS_MODULES_LOG_EMBEDDED_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "headgate/module.h"

extern const struct hg_module hg_module_log_embedded;

int test_append(void);
int test_ends(void);
int test_flip(void);
int test_groups(void);
int test_kill(void);
int test_log_embedded(void);
int test_power(void);
int test_read(void);
int test_record(void);
int test_reserve(void);
int test_retention(void);
int test_store(void);
int test_topics(void);
int test_whole(void);

enum { DIR_BYTES = 64 };

/* An empty directory below TMPDIR; removed with all that is in it. */
void make_dir(char ret[DIR_BYTES]);
void remove_dir(const char *dir);

#endif
