/* SPDX-License-Identifier: Apache-2.0 */
/* lock.h - a mutex that is taken and given, or the process ends: a lock that
 * fails is a fault of ours. */
#ifndef HG_BASE_LOCK_H
#define HG_BASE_LOCK_H

#include <pthread.h>

#include "headgate/base.h"

static inline void hg_lock_take(pthread_mutex_t *lock) {
    int rc = pthread_mutex_lock(lock);
    HG_ASSERT(rc == 0);
}

static inline void hg_lock_give(pthread_mutex_t *lock) {
    int rc = pthread_mutex_unlock(lock);
    HG_ASSERT(rc == 0);
}

#endif
