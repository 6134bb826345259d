/* SPDX-License-Identifier: Apache-2.0 */
/* thread.h - for a module that has threads of its own. */
#ifndef HEADGATE_THREAD_H
#define HEADGATE_THREAD_H

#include <pthread.h>

#include "headgate/base.h"

/* Any thread. The new one has all signals blocked, which are for the threads that
 * wait for them; the caller joins it. HG_EIO: none could be started. */
HG_API int hg_thread_start(pthread_t *ret, void *(*run)(void *arg), void *arg);

/* Whose deadlines are of the monotonic clock. */
HG_API void hg_cond_init(pthread_cond_t *cond);

#endif
