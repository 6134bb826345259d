/* SPDX-License-Identifier: Apache-2.0 */
/* errands.c - the thread that asks.
 *
 *   any thread ── put ──► errand thread: the driver is asked, and may wait
 *                              |  tell
 *                              v
 *                         log thread: the table of topics
 *
 * It waits for the log thread, never the other way round. */
#include "log/errands.h"

#include <semaphore.h>

#include "headgate/thread.h"
#include "log/inner.h"

enum { SLEEP_MS = 60 * 1000 };

static bool is_remote(const struct hg_log *log) {
    return (log->ops->caps & HG_LOG_REMOTE) != 0;
}

static void *run_thread(void *arg) {
    struct hg_errands *e = arg;
    while (!e->is_stopping) {
        struct hg_task *task = hg_inbox_take(&e->inbox, SLEEP_MS);
        while (task != NULL) {
            struct hg_task *next = task->next; /* run may end the task's life */
            task->run(task);
            task = next;
        }
    }
    return NULL;
}

int hg_errands_start(struct hg_log *log) {
    struct hg_errands *e = &log->errands;
    if (!is_remote(log)) {
        return 0;
    }
    e->is_running = hg_thread_start(&e->id, run_thread, e) == 0;
    return e->is_running ? 0 : HG_EIO;
}

struct stop_call {
    struct hg_task task;
    struct hg_errands *errands;
};

static void on_stop(struct hg_task *task) {
    HG_CONTAINER(task, struct stop_call, task)->errands->is_stopping = true;
}

void hg_errands_stop(struct hg_log *log) {
    struct hg_errands *e = &log->errands;
    struct stop_call stop = {.task.run = on_stop, .errands = e};
    if (!e->is_running) {
        return;
    }
    hg_inbox_put(&e->inbox, &stop.task);
    int rc = pthread_join(e->id, NULL);
    HG_ASSERT(rc == 0);
    e->is_running = false;
}

static struct hg_inbox *inbox_of(struct hg_log *log) {
    return is_remote(log) ? &log->errands.inbox : &log->inbox;
}

void hg_errands_put(struct hg_log *log, struct hg_task *errand) {
    hg_inbox_put(inbox_of(log), errand);
}

/* Somebody waits until it has run. */
struct wait_call {
    struct hg_task task;
    struct hg_log *log;
    void (*run)(struct hg_log *log, void *arg);
    void *arg;
    sem_t is_over;
};

static void on_run(struct hg_task *task) {
    struct wait_call *call = HG_CONTAINER(task, struct wait_call, task);
    call->run(call->log, call->arg);
    int rc = sem_post(&call->is_over);
    HG_ASSERT(rc == 0);
}

static void run_there(struct hg_inbox *there, struct hg_log *log,
                      void (*run)(struct hg_log *log, void *arg), void *arg) {
    struct wait_call call = {.task.run = on_run, .log = log, .run = run, .arg = arg};
    int rc = sem_init(&call.is_over, 0, 0);
    HG_ASSERT(rc == 0);
    hg_inbox_put(there, &call.task);
    while (sem_wait(&call.is_over) != 0) { /* a signal came in between */
    }
    (void)sem_destroy(&call.is_over);
}

void hg_errands_ask(struct hg_log *log, void (*run)(struct hg_log *log, void *arg), void *arg) {
    run_there(inbox_of(log), log, run, arg);
}

void hg_errands_tell(struct hg_log *log, void (*run)(struct hg_log *log, void *arg), void *arg) {
    if (is_remote(log)) {
        run_there(&log->inbox, log, run, arg);
    } else {
        run(log, arg);
    }
}
