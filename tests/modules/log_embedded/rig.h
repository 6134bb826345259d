/* SPDX-License-Identifier: Apache-2.0 */
/* rig.h - a contract rig over the embedded driver in a directory of its own,
 * for the tests of what is not in the contract. */
#ifndef TESTS_MODULES_LOG_EMBEDDED_RIG_H
#define TESTS_MODULES_LOG_EMBEDDED_RIG_H

#include "modules/log_contract_rig.h"
#include "modules/log_embedded/tests.h"

enum { TOPIC_A, TOPIC_B };

struct embedded_rig {
    struct contract_rig rig;
    struct log_contract contract;
    char dir[DIR_BYTES];
    char max_size[32]; /* "max_size=..." */
};

/* dir NULL: a new one. Topics a and b are open. */
void embedded_start(struct embedded_rig *e, const char *dir, const char *max_size);
void embedded_stop(struct embedded_rig *e); /* keeps the directory */
void embedded_restart(struct embedded_rig *e);
void embedded_end(struct embedded_rig *e); /* stops, and removes it */

/* One append of one event with so much data; the answer. */
int embedded_put(struct embedded_rig *e, uint32_t topic, const char *id, size_t data_bytes);
/* Fails the test unless the topic holds the ids n0, n0 + 1, ... from first on. */
void embedded_expect(struct embedded_rig *e, uint32_t topic, uint64_t first, uint64_t next);
int embedded_retain(struct embedded_rig *e, uint32_t topic, int64_t ms, int64_t bytes);

#endif
