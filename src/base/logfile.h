/* SPDX-License-Identifier: Apache-2.0 */
/* logfile.h - where log lines go. The descriptor is opened by the master and
 * may be replaced while threads write: one write(2) per line with O_APPEND,
 * so lines never mix. */
#ifndef HG_BASE_LOGFILE_H
#define HG_BASE_LOGFILE_H

#include "headgate/logline.h"

/* The error log of this process. Takes the descriptor; the old one is closed.
 * Starts as standard error. */
void hg_logfile_set(int fd);

#endif
