/* SPDX-License-Identifier: Apache-2.0 */
/* faults.h - system calls that fail on demand and clocks that jump, for the
 * whole binary: the store's library calls ours. */
#ifndef TESTS_MODULES_LOG_EMBEDDED_FAULTS_H
#define TESTS_MODULES_LOG_EMBEDDED_FAULTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum fault { FAULT_NONE, FAULT_SYNC, FAULT_DATA, FAULT_META, FAULT_SHORT };

/* One fault at a time; from the next call on, until FAULT_NONE. */
void fault_set(enum fault which);
/* How often it has struck since. */
int fault_count(void);

/* What was done to one file, in order, as a disk sees it. */
struct disk_op {
    bool is_sync;    /* else bytes were written */
    bool is_durable; /* written through: on disk when the call returned */
    off_t at;
    size_t n;
    char *bytes;
};
/* From now on, for the file with this inode; 0 ends it. */
void disk_watch(ino_t inode);
size_t disk_ops(const struct disk_op **ret_ops);
void disk_forget(void);

/* Added to what the clocks say. */
extern int64_t wall_moved_ms, mono_moved_ms;

#endif
