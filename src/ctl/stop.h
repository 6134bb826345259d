/* SPDX-License-Identifier: Apache-2.0 */
/* stop.h - signals as a descriptor: whoever waits, waits for it too, and
 * nothing runs inside a handler. */
#ifndef HG_CTL_STOP_H
#define HG_CTL_STOP_H

#include <signal.h>

#include "headgate/base.h"

/* From now on SIGINT, SIGTERM and SIGHUP make the descriptor readable, unless
 * the process was started to ignore them; SIGPIPE is ignored. -1: HG_EIO. */
int hg_ctl_stop_open(void);
/* True: the word came, now or within the time. */
bool hg_ctl_stop_wait(int stop_fd, int64_t wait_ms);
/* The signal that came, or 0. Takes it. */
int hg_ctl_stop_take(int stop_fd);
/* End the process by the signal, as if it had never been caught: a shell then
 * knows that it was interrupted. */
void hg_ctl_stop_die(int signo) __attribute__((noreturn));

#endif
