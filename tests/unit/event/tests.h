/* SPDX-License-Identifier: Apache-2.0 */
/* tests.h - the groups of this binary; each returns how many tests failed. */
#ifndef TESTS_UNIT_EVENT_TESTS_H
#define TESTS_UNIT_EVENT_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

int test_attr(void);
int test_binary(void);
int test_builder(void);
int test_codec(void);
int test_codepoint(void);
int test_conformance(void);
int test_data(void);
int test_digest(void);
int test_encode(void);
int test_event(void);
int test_events(void);
int test_filter(void);
int test_json(void);
int test_json_string(void);
int test_media(void);
int test_pack(void);
int test_trace(void);

#endif
