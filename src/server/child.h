/* SPDX-License-Identifier: Apache-2.0 */
/* child.h - the worker as its master keeps it: made, seen to serve, ended,
 * and made again, ever later while it keeps dying.
 *
 *   none ── hg_child_start ──► there ── hg_child_serves ──► serving
 *    ▲ ▲                         │                            │
 *    │ └── hg_child_drop, then ──┴────────── hg_child_reap ◄──┘
 *    └──── hg_child_start, at restart_at_ms
 */
#ifndef HG_SERVER_CHILD_H
#define HG_SERVER_CHILD_H

#include <sys/types.h>

#include "module/registry.h"
#include "server/settings.h"

struct hg_child {
    pid_t pid;               /* 0: none */
    int control_fd;          /* -1: there is none to talk to */
    int64_t served_since_ms; /* 0: it has not got so far */
    int64_t restart_at_ms;   /* 0: none is due */
    int64_t backoff_ms;
};

/* Make one. HG_EIO: errno is set, and the next try is due later. */
int hg_child_start(struct hg_child *c, const struct hg_server_conf *conf,
                   struct hg_registry *registry, int log_fd);
/* It runs under a configuration now. */
void hg_child_serves(struct hg_child *c);
/* Nothing more is said to it. */
void hg_child_hang_up(struct hg_child *c);
/* It is of no use, and must not stand in the way of the next. */
void hg_child_drop(struct hg_child *c);
/* Every child that has ended. True when it was this one, whose last word
 * may still be read; ret_status as waitpid gives it. */
bool hg_child_reap(struct hg_child *c, int *ret_status);
/* The next one is due after a while. */
void hg_child_rest(struct hg_child *c, int64_t now_ms);

#endif
