/* SPDX-License-Identifier: Apache-2.0 */
/* log_rig.h - a log over some driver and one loop, driven by the test's own
 * thread. Whatever is waited for has a deadline. */
#ifndef TESTS_SUPPORT_LOG_RIG_H
#define TESTS_SUPPORT_LOG_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log/log.h"
#include "loop/loop.h"

enum { RIG_ITEMS = 8, RIG_ID_MAX = 32 };

/* A record that the tail has shown. */
struct rig_seen {
    uint32_t topic, partition, epoch;
    uint64_t offset;
    uint32_t fingerprint;
    char id[RIG_ID_MAX];
};

struct log_rig {
    struct hg_loop *loop;
    struct hg_log *log;
    struct hg_log_setup setup;
    void (*on_tail)(struct hg_loop *loop, struct hg_batch *batch, void *arg); /* the test's */
    void *tail_arg;
    struct rig_seen *seen;
    size_t n_seen, cap_seen, n_nudges;
    bool is_late;
    size_t n_done;
};

/* One publish and what became of it. */
struct rig_publish {
    struct hg_publish p;
    struct hg_publish_item items[RIG_ITEMS];
    struct log_rig *rig;
    bool is_done;
    int err;
    size_t at;
    size_t seen_when_done;
    size_t order; /* the how-manieth to be done */
};

struct hg_event *rig_event(const char *source, const char *id, const char *data);

/* setup: driver and open are the test's; the rest is filled where it is 0. A
 * tail of the test's own is called after the rig has seen a batch. */
void rig_start(struct log_rig *rig, const struct hg_log_setup *setup);
void rig_stop(struct log_rig *rig);
uint32_t rig_topic(struct log_rig *rig, const char *name);

/* p is zeroed first; items are added in order. */
void rig_begin(struct log_rig *rig, struct rig_publish *p);
struct hg_publish_item *rig_add(struct rig_publish *p, uint32_t topic, const char *id,
                                const char *data);
int rig_send(struct rig_publish *p);
void rig_wait(struct rig_publish *p);
/* All of it for one event; gives back the result. */
int rig_publish_one(struct log_rig *rig, struct rig_publish *p, uint32_t topic, const char *id,
                    const char *data);
/* Drops the events. */
void rig_end(struct rig_publish *p);

typedef bool (*rig_condition)(void *arg);
/* Turn the loop until it holds; fails the test after 10 seconds. */
void rig_until(struct log_rig *rig, rig_condition is_met, void *arg);

/* A read that is waited for; the batch is the caller's. */
int rig_read(struct log_rig *rig, struct hg_log_fetch *fetch, struct hg_batch **ret_batch,
             uint64_t *ret_next);

#endif
