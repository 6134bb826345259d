/* SPDX-License-Identifier: Apache-2.0 */
/* loop.c - the turn of a loop: input, mailbox, deferred work, sleep.
 *
 *   hg_loop_turn: event_base_loop -> run_mailbox -> run_deferred -> run_idle
 *                 (sleeps in it only when mailbox and both lists are empty;
 *                 runs the idle list when the others had nothing, or in time)
 *
 * Wake-ups. Before it sleeps the owner exchanges is_asleep, then looks into the
 * mailbox once more; the poster who found the mailbox empty posts, then
 * exchanges is_asleep. Of two exchanges one is first: the poster's, and then the
 * owner sees the task, or the owner's, and then the poster sees a sleeper and
 * writes the eventfd. An owner that is awake costs a poster no system call. */
#include "loop/loop.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "headgate/counter.h"
#include "headgate/logline.h"
#include "loop/loop_impl.h"

/* Deferred tasks that defer more are run in the same turn this often; then
 * input gets its chance again, without a sleep. */
enum { DEFER_ROUNDS_MAX = 32 };

static _Thread_local struct hg_loop *current;

static void on_libevent_log(int severity, const char *text) {
    (void)severity;
    HG_LOG(HG_DEBUG, "libevent", "text=%s", text);
}

/* Before libevent's first allocation: its memory fails where ours does. */
static void set_up_libevent(void) {
    event_set_mem_functions(hg_try_alloc, hg_try_realloc, hg_free);
    event_set_log_callback(on_libevent_log);
}

static void on_wake(evutil_socket_t fd, short what, void *arg) {
    struct hg_loop *loop = arg;
    uint64_t ignored;
    (void)what;
    hg_loop__refresh_now(loop);
    /* Nothing to read is as good: the mailbox is looked at in any case. */
    ssize_t n = read(fd, &ignored, sizeof(ignored));
    (void)n;
}

static struct event_base *new_base(void) {
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;
    if (config != NULL) {
        /* The change list joins what a turn does to one descriptor into one
         * epoll_ctl. It asks that no descriptor is watched under two numbers. */
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV |
                                          EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
        base = event_base_new_with_config(config);
        event_config_free(config);
    }
    return base;
}

static int open_loop(struct hg_loop *loop) {
    loop->scratch = hg_try_alloc(HG_LOOP_SCRATCH_BYTES);
    loop->base = new_base();
    if (loop->scratch == NULL || loop->base == NULL) {
        return HG_ENOMEM;
    }
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (loop->wake_fd < 0) {
        return HG_EIO;
    }
    event_assign(&loop->wake, loop->base, loop->wake_fd, EV_READ | EV_PERSIST, on_wake, loop);
    return event_add(&loop->wake, NULL) == 0 ? 0 : HG_ENOMEM;
}

int hg_loop_new(unsigned index, struct hg_loop **ret_loop) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int rc = pthread_once(&once, set_up_libevent);
    HG_ASSERT(rc == 0);
    struct hg_loop *loop = hg_try_alloc(sizeof(*loop));
    if (loop == NULL) {
        return HG_ENOMEM;
    }
    loop->index = index;
    loop->wake_fd = -1;
    loop->deferred_tail = &loop->deferred;
    loop->now_ms = hg_clock_mono_ms();
    int err = open_loop(loop);
    if (err != 0) {
        hg_loop_free(&loop);
        return err;
    }
    *ret_loop = loop;
    return 0;
}

static void run_list(struct hg_task *task) {
    while (task != NULL) {
        struct hg_task *next = task->next; /* run() may free the task */
        task->run(task);
        task = next;
    }
}

/* Whether there was anything. */
static bool run_mailbox(struct hg_loop *loop) {
    struct hg_task *tasks = hg_mailbox_take(&loop->mailbox);
    run_list(tasks);
    return tasks != NULL;
}

static void run_deferred(struct hg_loop *loop) {
    for (int round = 0; round < DEFER_ROUNDS_MAX && loop->deferred != NULL; round++) {
        struct hg_task *batch = loop->deferred;
        loop->deferred = NULL;
        loop->deferred_tail = &loop->deferred;
        run_list(batch);
    }
}

void hg_loop_run_idle(struct hg_loop *loop) {
    struct hg_task *tasks = loop->idle;
    loop->idle = NULL;
    run_list(tasks);
}

static bool has_waited_enough(const struct hg_loop *loop) {
    return hg_clock_mono_us() - loop->idle_since_us >= HG_LOOP_IDLE_MAX_US;
}

static bool has_work(const struct hg_loop *loop) {
    return loop->deferred != NULL || loop->idle != NULL || !hg_mailbox_is_empty(&loop->mailbox);
}

/* What was given to the loop is run once, even when the loop is never to turn
 * again: its owners wait for that to free it. */
static void run_what_is_left(struct hg_loop *loop) {
    struct hg_loop *before = current;
    current = loop;
    while (has_work(loop)) {
        (void)run_mailbox(loop);
        run_deferred(loop);
        hg_loop_run_idle(loop);
    }
    current = before;
}

void hg_loop_free(struct hg_loop **ploop) {
    struct hg_loop *loop = *ploop;
    if (loop == NULL) {
        return;
    }
    run_what_is_left(loop); /* may come by *ploop */
    *ploop = NULL;
    hg_loop__free_signals(loop);
    if (loop->wake_fd >= 0) {
        event_del(&loop->wake);
        close(loop->wake_fd);
    }
    if (loop->base != NULL) {
        event_base_free(loop->base);
    }
    if (current == loop) {
        current = NULL;
    }
    hg_free(loop->scratch);
    hg_free(loop);
}

unsigned hg_loop_index(const struct hg_loop *loop) {
    return loop->index;
}

void hg_loop__refresh_now(struct hg_loop *loop) {
    if (!loop->is_now_fresh) {
        loop->now_ms = hg_clock_mono_ms();
        loop->is_now_fresh = true;
    }
}

/* Whether nothing can be missed by sleeping now. */
static bool may_sleep(struct hg_loop *loop) {
    if (has_work(loop)) {
        return false;
    }
    (void)atomic_exchange(&loop->is_asleep, true);
    if (hg_mailbox_is_empty(&loop->mailbox)) {
        return true;
    }
    atomic_store(&loop->is_asleep, false);
    return false;
}

void hg_loop_turn(struct hg_loop *loop, bool may_wait) {
    bool waits = may_wait && may_sleep(loop);
    loop->is_now_fresh = false;
    /* Without EVLOOP_ONCE, libevent stays as long as anything is ready. */
    event_base_loop(loop->base, waits ? EVLOOP_ONCE : EVLOOP_ONCE | EVLOOP_NONBLOCK);
    if (waits) {
        atomic_store(&loop->is_asleep, false);
    }
    bool is_quiet = !loop->is_now_fresh; /* no callback was called */
    hg_loop__refresh_now(loop);
    is_quiet = !run_mailbox(loop) && is_quiet;
    run_deferred(loop);
    if (loop->idle != NULL && (is_quiet || has_waited_enough(loop))) {
        hg_loop_run_idle(loop);
    }
}

void hg_loop_adopt(struct hg_loop *loop) {
    current = loop;
    hg_counter_shard = loop->index;
    loop->now_ms = hg_clock_mono_ms();
}

void hg_loop_run(struct hg_loop *loop) {
    hg_loop_adopt(loop);
    while (!loop->is_stopping) {
        hg_loop_turn(loop, true);
    }
    loop->is_stopping = false;
}

void hg_loop_stop(struct hg_loop *loop) {
    loop->is_stopping = true;
}

void hg_loop_post(struct hg_loop *loop, struct hg_task *task) {
    struct hg_chain one = {0};
    hg_chain_add(&one, task);
    hg_loop_post_all(loop, &one);
}

void hg_loop_post_all(struct hg_loop *loop, struct hg_chain *chain) {
    if (!hg_mailbox_post_all(&loop->mailbox, chain) || !atomic_exchange(&loop->is_asleep, false)) {
        return;
    }
    const uint64_t one = 1;
    ssize_t n;
    do {
        n = write(loop->wake_fd, &one, sizeof(one));
    } while (n < 0 && errno == EINTR);
    /* EAGAIN: the count is at its end, so the owner is being woken. */
}

void hg_loop_defer(struct hg_loop *loop, struct hg_task *task) {
    task->next = NULL;
    *loop->deferred_tail = task;
    loop->deferred_tail = &task->next;
}

void hg_loop_when_idle(struct hg_loop *loop, struct hg_task *task) {
    if (loop->idle == NULL) {
        loop->idle_since_us = hg_clock_mono_us();
    }
    task->next = loop->idle;
    loop->idle = task;
}

struct hg_loop *hg_loop_current(void) {
    return current;
}

int64_t hg_loop_now_ms(const struct hg_loop *loop) {
    return loop->now_ms;
}

void hg_loop_set_user(struct hg_loop *loop, void *user) {
    loop->user = user;
}

void *hg_loop_user(const struct hg_loop *loop) {
    return loop->user;
}

char *hg_loop_scratch(struct hg_loop *loop) {
    return loop->scratch;
}
