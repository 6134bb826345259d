/* SPDX-License-Identifier: Apache-2.0 */
/* counter.h - numbers that the operator sees, declared once with their prose.
 *
 * A counter is a static object of the room or module that counts. It becomes
 * visible on /metrics when its table is registered. Label sets are fixed in
 * the declaration; nothing that a peer sent ever becomes a label. */
#ifndef HEADGATE_COUNTER_H
#define HEADGATE_COUNTER_H

#include <stdatomic.h>

#include "headgate/base.h"

enum { HG_COUNTER_SHARDS = 8 };

enum hg_counter_kind { HG_COUNTER, HG_GAUGE };

struct hg_counter {
    const char *name;   /* "headgate_events_total" */
    const char *labels; /* "result=\"stored\"", or NULL */
    const char *help;   /* one sentence; rows of one name repeat it */
    enum hg_counter_kind kind;
    struct {
        _Alignas(64) _Atomic int64_t value; /* one cache line a shard */
    } shards[HG_COUNTER_SHARDS];
};

/* A NULL-terminated table. Registering the same table twice is harmless. */
HG_API void hg_counters_register(struct hg_counter *const *table);

HG_API extern _Thread_local unsigned hg_counter_shard; /* set by each thread that is a loop */

/* Any thread; relaxed. */
static inline void hg_counter_add(struct hg_counter *c, int64_t n) {
    atomic_fetch_add_explicit(&c->shards[hg_counter_shard % HG_COUNTER_SHARDS].value, n,
                              memory_order_relaxed);
}

#endif
