/* SPDX-License-Identifier: Apache-2.0 */
/* faults.h - system calls that fail on demand and clocks that jump, for the
 * whole binary: the store's library calls ours. */
#ifndef TESTS_MODULES_LOG_EMBEDDED_FAULTS_H
#define TESTS_MODULES_LOG_EMBEDDED_FAULTS_H

#include <stdint.h>

enum fault { FAULT_NONE, FAULT_SYNC, FAULT_DATA, FAULT_META, FAULT_SHORT };

/* One fault at a time; from the next call on, until FAULT_NONE. */
void fault_set(enum fault which);
/* How often it has struck since. */
int fault_count(void);

/* Added to what the clocks say. */
extern int64_t wall_moved_ms, mono_moved_ms;

#endif
