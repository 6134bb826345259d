/* SPDX-License-Identifier: Apache-2.0 */
/* loop.h - one event loop, one thread. The only room that knows libevent.
 *
 * A turn: handle ready descriptors and timers, run the mailbox, run what was
 * deferred until nothing is, sleep. */
#ifndef HG_LOOP_LOOP_H
#define HG_LOOP_LOOP_H

#include "headgate/loop.h"
#include "loop/mailbox.h"

/* HG_ENOMEM, HG_EIO. index is small and unique: 0 is the first loop. */
int hg_loop_new(unsigned index, struct hg_loop **ret_loop);
/* Once its thread and everybody who posts to it have stopped, and its watches
 * and timers are gone. Tasks that wait are run. A child of fork() may free a
 * loop it inherited without disturbing its parent's. */
void hg_loop_free(struct hg_loop **ploop);
unsigned hg_loop_index(const struct hg_loop *loop);

/* Runs on the calling thread, which becomes the owner, until hg_loop_stop. */
void hg_loop_run(struct hg_loop *loop);
/* Owner thread (post a task to stop another's). The turn is finished. Before
 * hg_loop_run: it returns at once. */
void hg_loop_stop(struct hg_loop *loop);
/* Makes the calling thread the owner without running, for tests and set-up;
 * another takes over with hg_loop_run. */
void hg_loop_adopt(struct hg_loop *loop);
/* One turn; waits for something to happen only when may_wait. */
void hg_loop_turn(struct hg_loop *loop, bool may_wait);

/* Something of the owner's choice that hangs on the loop: the worker's. */
void hg_loop_set_user(struct hg_loop *loop, void *user);
void *hg_loop_user(const struct hg_loop *loop);

/* A buffer for one read at a time, shared by all connections of the loop. */
enum { HG_LOOP_SCRATCH_BYTES = 65536 };
char *hg_loop_scratch(struct hg_loop *loop);

/* Any thread: hg_loop_post for all of a chain, with one wake-up. */
void hg_loop_post_all(struct hg_loop *loop, struct hg_chain *chain);

/* Owner thread: run task once nothing else is ready, before the loop sleeps;
 * after HG_LOOP_IDLE_MAX_US of turns that had work even so. For what is better
 * done for many at once, and delays nobody as long as there is other work. */
enum { HG_LOOP_IDLE_MAX_US = 1000 };
void hg_loop_when_idle(struct hg_loop *loop, struct hg_task *task);
/* The same now, with all that wait. */
void hg_loop_run_idle(struct hg_loop *loop);

/* Descriptors. Level-triggered. Embedded in the owner's object. */
enum { HG_WATCH_READ = 1, HG_WATCH_WRITE = 2 };
typedef void (*hg_watch_fn)(void *arg, unsigned ready);

struct hg_watch {
    struct hg_loop *loop;
    void *impl; /* libevent's; small, allocated by hg_watch_init */
    int fd;
    unsigned want;
};

/* HG_ENOMEM. Watches nothing until hg_watch_set. The descriptor may not be
 * watched under a second number (dup) on the same loop; end the watch before
 * closing it. fn may end any watch, its own too. */
int hg_watch_init(struct hg_watch *w, struct hg_loop *loop, int fd, hg_watch_fn fn, void *arg);
void hg_watch_set(struct hg_watch *w, unsigned want);
void hg_watch_fini(struct hg_watch *w);

/* Signals, for the master's loop. HG_ENOMEM, HG_EIO. */
int hg_loop_on_signal(struct hg_loop *loop, int signo, void (*fn)(void *arg, int signo), void *arg);

#endif
