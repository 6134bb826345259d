/* SPDX-License-Identifier: Apache-2.0 */
#include "headgate/thread.h"

#include <signal.h>
#include <time.h>

int hg_thread_start(pthread_t *ret, void *(*run)(void *arg), void *arg) {
    sigset_t all, before;
    (void)sigfillset(&all);
    int rc = pthread_sigmask(SIG_SETMASK, &all, &before);
    HG_ASSERT(rc == 0);
    int made = pthread_create(ret, NULL, run, arg);
    rc = pthread_sigmask(SIG_SETMASK, &before, NULL);
    HG_ASSERT(rc == 0);
    return made == 0 ? 0 : HG_EIO;
}

void hg_cond_init(pthread_cond_t *cond) {
    pthread_condattr_t attr;
    int rc = pthread_condattr_init(&attr);
    rc = rc != 0 ? rc : pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    rc = rc != 0 ? rc : pthread_cond_init(cond, &attr);
    HG_ASSERT(rc == 0);
    (void)pthread_condattr_destroy(&attr);
}
