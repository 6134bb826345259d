/* SPDX-License-Identifier: Apache-2.0 */
/* log_contract.h - what every log driver has to keep, run on one through its
 * ops alone. Tests of what a driver does not declare are skipped, loudly. */
#ifndef TESTS_MODULES_LOG_CONTRACT_H
#define TESTS_MODULES_LOG_CONTRACT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "headgate/log.h"

/* A driver under test and where it keeps things. */
struct log_contract {
    const struct hg_log_ops *ops;
    void *(*storage_new)(void); /* empty */
    void (*storage_free)(void *storage);
    /* What event_log would say; lives as long as the storage. */
    void (*storage_args)(void *storage, struct hg_log_open *open);
};

/* How many tests failed. */
int log_contract_run(const struct log_contract *contract);

#endif
