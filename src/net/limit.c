/* SPDX-License-Identifier: Apache-2.0 */
/* limit.c - places for connections, counted over all loops. */
#include "net/limit.h"

#include <stdatomic.h>

/* Of the process, like a counter: descriptors and memory are, too. */
static _Atomic uint32_t places_max;
static _Atomic uint32_t places_used;

void hg_net_limit_set(uint32_t connections_max) {
    atomic_store(&places_max, connections_max);
}

uint32_t hg_net_limit_max(void) {
    return atomic_load(&places_max);
}

uint32_t hg_net_limit_used(void) {
    return atomic_load(&places_used);
}

bool hg_net_limit_take(void) {
    uint32_t max = atomic_load_explicit(&places_max, memory_order_relaxed);
    uint32_t used = atomic_fetch_add_explicit(&places_used, 1, memory_order_relaxed);
    if (max != 0 && used >= max) {
        atomic_fetch_sub_explicit(&places_used, 1, memory_order_relaxed);
        return false;
    }
    return true;
}

void hg_net_limit_give(void) {
    uint32_t used = atomic_fetch_sub_explicit(&places_used, 1, memory_order_relaxed);
    HG_ASSERT(used > 0);
}
