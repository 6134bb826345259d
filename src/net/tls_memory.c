/* SPDX-License-Identifier: Apache-2.0 */
/* tls_memory.c - blocks for records and for the messages of a handshake (21
 * KiB), in an address range of their own.
 *
 * A thread keeps a few blocks for itself, all share some more, and the pages
 * of what is beyond go back to the system. A block is known by its address. */
#include "net/tls_memory.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <sys/mman.h>

#include "base/lock.h"

enum {
    BLOCK_BYTES = 24576, /* whole pages */
    RECORD_BYTES_MIN = 16384,
    RECORD_BYTES_MAX = 24 * 1024,
    BLOCKS_MAX = 1 << 14, /* beyond these: the heap */
    OWN_MAX = 8,
    SHARED_MAX = 16,
};

static const size_t range_bytes = (size_t)BLOCK_BYTES * BLOCKS_MAX;

/* No const table: a process has one OpenSSL, which calls back without an
 * argument of ours. */
static struct {
    pthread_mutex_t lock; /* of all below but base, which never changes */
    char *base;
    uint32_t n_used; /* blocks that were ever taken */
    uint32_t n_free;
    uint32_t free[BLOCKS_MAX]; /* numbers; the first SHARED_MAX still have their pages */
} range = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Lost with its thread: threads with connections live as long as the process. */
static _Thread_local struct {
    unsigned n;
    void *blocks[OWN_MAX];
} own;

bool hg_tls_memory_is_record(const void *ptr) {
    const char *at = ptr;
    return range.base != NULL && at >= range.base && at < range.base + range_bytes;
}

static void *take_shared(void) {
    void *block = NULL;
    hg_lock_take(&range.lock);
    if (range.n_free > 0) {
        block = range.base + (size_t)range.free[--range.n_free] * BLOCK_BYTES;
    } else if (range.n_used < BLOCKS_MAX) {
        block = range.base + (size_t)range.n_used++ * BLOCK_BYTES;
    }
    hg_lock_give(&range.lock);
    return block;
}

static void give_shared(void *block) {
    uint32_t number = (uint32_t)((size_t)((char *)block - range.base) / BLOCK_BYTES);
    hg_lock_take(&range.lock);
    if (range.n_free >= SHARED_MAX) {
        (void)madvise(block, BLOCK_BYTES, MADV_DONTNEED);
    }
    range.free[range.n_free++] = number;
    hg_lock_give(&range.lock);
}

static void *take_record(void) {
    return own.n > 0 ? own.blocks[--own.n] : take_shared();
}

static void give_record(void *block) {
    if (own.n < OWN_MAX) {
        own.blocks[own.n++] = block;
    } else {
        give_shared(block);
    }
}

void *hg_tls_memory_take(size_t bytes) {
    if (bytes == 0) {
        return NULL; /* as OpenSSL's own */
    }
    bool is_record = bytes >= RECORD_BYTES_MIN && bytes <= RECORD_BYTES_MAX && range.base != NULL;
    void *ptr = is_record ? take_record() : NULL;
    return ptr != NULL ? ptr : hg_try_realloc(NULL, bytes);
}

void *hg_tls_memory_change(void *ptr, size_t bytes) {
    if (bytes == 0) {
        hg_tls_memory_give(ptr);
        return NULL;
    }
    if (ptr == NULL) {
        return hg_tls_memory_take(bytes);
    }
    if (!hg_tls_memory_is_record(ptr)) {
        return hg_try_realloc(ptr, bytes);
    }
    if (bytes <= BLOCK_BYTES) {
        return ptr;
    }
    void *to = hg_try_realloc(NULL, bytes);
    if (to != NULL) {
        memcpy(to, ptr, BLOCK_BYTES);
        give_record(ptr);
    }
    return to;
}

void hg_tls_memory_give(void *ptr) {
    if (hg_tls_memory_is_record(ptr)) {
        give_record(ptr);
    } else {
        hg_free(ptr);
    }
}

static void *on_malloc(size_t bytes, const char *file, int line) {
    (void)file, (void)line;
    return hg_tls_memory_take(bytes);
}

static void *on_realloc(void *ptr, size_t bytes, const char *file, int line) {
    (void)file, (void)line;
    return hg_tls_memory_change(ptr, bytes);
}

static void on_free(void *ptr, const char *file, int line) {
    (void)file, (void)line;
    hg_tls_memory_give(ptr);
}

/* Without the range, or when OpenSSL has begun without us, the heap serves. */
static void reserve(void) {
    void *at = mmap(NULL, range_bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    range.base = at != MAP_FAILED ? at : NULL;
    (void)CRYPTO_set_mem_functions(on_malloc, on_realloc, on_free);
}

void hg_tls_memory_init(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, reserve);
}
