/* SPDX-License-Identifier: Apache-2.0 */
/* alloc.c - memory. */
#include "base/alloc.h"

#include <stdatomic.h>
#include <stdlib.h>

/* No object is larger. The sanitizers' allocators end the process above this
 * size, where the contract is to return NULL. */
static const size_t object_bytes_max = (size_t)1 << 39;

static _Atomic int64_t fail_countdown = -1;

void hg_alloc_fail_after(int64_t n) {
    atomic_store_explicit(&fail_countdown, n < 0 ? -1 : n, memory_order_relaxed);
}

bool hg_alloc_fail_is_pending(void) {
    return atomic_load_explicit(&fail_countdown, memory_order_relaxed) >= 0;
}

static bool must_fail(void) {
    int64_t left = atomic_load_explicit(&fail_countdown, memory_order_relaxed);
    while (left >= 0) {
        if (atomic_compare_exchange_weak_explicit(&fail_countdown, &left, left - 1,
                                                  memory_order_relaxed, memory_order_relaxed)) {
            return left == 0;
        }
    }
    return false;
}

void *hg_alloc(size_t bytes) {
    void *ptr = bytes <= object_bytes_max ? calloc(1, bytes > 0 ? bytes : 1) : NULL;
    HG_ASSERT(ptr != NULL);
    return ptr;
}

void *hg_try_alloc(size_t bytes) {
    if (bytes > object_bytes_max || must_fail()) {
        return NULL;
    }
    return calloc(1, bytes > 0 ? bytes : 1);
}

void *hg_try_realloc(void *ptr, size_t bytes) {
    if (bytes > object_bytes_max || must_fail()) {
        return NULL;
    }
    return realloc(ptr, bytes > 0 ? bytes : 1);
}

void hg_free(void *ptr) {
    free(ptr);
}
