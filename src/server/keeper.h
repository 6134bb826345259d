/* SPDX-License-Identifier: Apache-2.0 */
/* keeper.h - what the master holds for its worker, and what becomes of the two:
 *
 *            hg_keeper_start            yes                 hg_keeper_reload
 *   no worker ────────────► starting ────────► serving ◄──────────────────────► reloading
 *       ▲                      │ no               │          a verdict, any
 *       └──── hg_child_rest ◄──┴── it died ◄──────┘
 *
 * Nothing here waits for the worker: the verdict comes when it comes, by
 * hg_keeper_on_control, and until then the master does its other work. */
#ifndef HG_SERVER_KEEPER_H
#define HG_SERVER_KEEPER_H

#include "server/child.h"
#include "server/command.h"
#include "server/reload.h"

struct hg_keeper {
    const struct hg_server_args *args;
    struct hg_registry *registry;
    struct hg_plan plan; /* what the worker runs, or is to run */
    struct hg_sockets sockets;
    struct hg_child child;
    struct hg_reload reload;
    int log_fd;              /* owned by base/logfile */
    int detach_fd;           /* of a daemon, until it serves */
    struct hg_callers asked; /* wait for the verdict that is awaited */
    struct hg_callers next;  /* for the one after it */
    int64_t verdict_at_ms;   /* 0: none is awaited, or it is late */
    int64_t kill_at_ms;      /* 0: not leaving */
    int status;              /* of the process, when it leaves */
    bool is_starting;
    bool is_refused; /* why it did not start is said: how it ended says nothing new */
    bool has_served;
    bool is_reload_due;
    bool is_reopen_due; /* once more when the reload is over */
    bool is_leaving;
};

/* Make a worker and offer it the plan. The first that is refused ends all:
 * the faults go to standard error. */
void hg_keeper_start(struct hg_keeper *k);
/* A new configuration, now or after what is under way. Takes fd, where the
 * verdict goes; -1: to the error log alone. */
void hg_keeper_reload(struct hg_keeper *k, int fd);
/* Log files are opened anew, in both processes. */
void hg_keeper_reopen(struct hg_keeper *k);
/* The worker drains; what is left of it after so long is killed. */
void hg_keeper_leave(struct hg_keeper *k, int64_t within_ms);

/* The worker has said something, or hung up. */
void hg_keeper_on_control(struct hg_keeper *k);
/* A child has ended. */
void hg_keeper_on_child(struct hg_keeper *k);
/* What is due is done; in how many milliseconds the next is, or -1. */
void hg_keeper_on_time(struct hg_keeper *k);
int hg_keeper_wait_ms(const struct hg_keeper *k);
/* It leaves, and the worker has ended. */
bool hg_keeper_is_over(const struct hg_keeper *k);

#endif
