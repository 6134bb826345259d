/* SPDX-License-Identifier: Apache-2.0 */
/* errands.h - where a driver is asked how its topics stand: to open one, to
 * describe it, to list all, to follow one, to trim one. A local driver answers at once and
 * is asked on the log thread. One that has to ask other machines
 * (HG_LOG_REMOTE) has a thread for these questions, so that a topic which hangs
 * holds up nobody's append. Knows no question: errands are tasks. */
#ifndef HG_LOG_ERRANDS_H
#define HG_LOG_ERRANDS_H

#include <pthread.h>

#include "log/inbox.h"

struct hg_log;

/* Zeroed but for the inbox: no thread. */
struct hg_errands {
    struct hg_inbox inbox;
    pthread_t id;
    bool is_running;
    bool is_stopping; /* the thread's own */
};

/* Nothing for a local driver. HG_EIO: no thread. */
int hg_errands_start(struct hg_log *log);
/* Does what was put in before; then nobody may put in anything. */
void hg_errands_stop(struct hg_log *log);
/* Any thread. Errands of one thread are done in their order. */
void hg_errands_put(struct hg_log *log, struct hg_task *errand);
/* The same, and waits until it has run: start-up and reload threads. */
void hg_errands_ask(struct hg_log *log, void (*run)(struct hg_log *log, void *arg), void *arg);
/* On the thread that does errands: have the task run on the log thread, and wait
 * for it. */
void hg_errands_tell(struct hg_log *log, void (*run)(struct hg_log *log, void *arg), void *arg);

#endif
