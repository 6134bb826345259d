/* SPDX-License-Identifier: Apache-2.0 */
/* tests.h - the groups of this binary. */
#ifndef TESTS_MODULES_LOG_KAFKA_TESTS_H
#define TESTS_MODULES_LOG_KAFKA_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "headgate/module.h"

extern const struct hg_module hg_module_log_kafka;

int test_admin(void);
int test_alter(void);
int test_ask(void);
int kafka_contract(void);
int test_cache(void);
int test_care(void);
int test_check(void);
int test_conf(void);
int test_decode(void);
int test_doubt(void);
int test_end(void);
int test_fatal(void);
int test_fault(void);
int test_fetch(void);
int test_hung(void);
int test_handle(void);
int test_lane(void);
int test_leader(void);
int test_line(void);
int test_log_kafka(void);
int test_message(void);
int test_own(void);
int test_parcel(void);
int test_plain(void);
int test_produce(void);
int test_promise(void);
int test_read(void);
int test_ready(void);
int test_record(void);
int test_seek(void);
int test_tail(void);
int test_take(void);
int test_topics(void);
int test_transact(void);
int test_trim(void);
int test_view(void);
int test_whole(void);
int test_wish(void);

#endif
