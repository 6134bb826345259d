/* SPDX-License-Identifier: Apache-2.0 */
/* logfile.h - where log lines go. The descriptor is opened by the master and
 * may be replaced while threads write: one write(2) per line with O_APPEND,
 * so lines never mix. */
#ifndef HG_BASE_LOGFILE_H
#define HG_BASE_LOGFILE_H

#include "headgate/counter.h"
#include "headgate/logline.h"

/* The error log of this process. Takes the descriptor; the old one is closed,
 * unless it is 0, 1 or 2. Starts as standard error. Any thread. */
void hg_logfile_set(int fd);

/* Lines of at most this many bytes with their end; longer ones are cut and
 * marked. What a pipe takes in one piece. */
enum { HG_LOGFILE_LINE_MAX = 4096 };

/* A line that cannot be written at once (a full disk, a pipe that nobody
 * reads) is dropped and counted: no loop waits for its log. */
extern struct hg_counter *const hg_logfile_counters[];

#endif
