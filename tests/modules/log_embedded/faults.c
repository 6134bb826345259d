/* SPDX-License-Identifier: Apache-2.0 */
/* faults.c - pwrite, writev, fdatasync and clock_gettime of this binary. The
 * meta page is told by its place: one of the file's first two. */
#include "modules/log_embedded/faults.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define INSTEAD __attribute__((visibility("default")))

enum { META_END = 8192, META_MAX = 300 };

int64_t wall_moved_ms, mono_moved_ms;
static _Atomic enum fault current;
static atomic_int count;

void fault_set(enum fault which) {
    atomic_store(&current, which);
    atomic_store(&count, 0);
}

int fault_count(void) {
    return atomic_load(&count);
}

static int strike(int error) {
    atomic_fetch_add(&count, 1);
    errno = error;
    return -1;
}

INSTEAD int fdatasync(int fd) {
    if (atomic_load(&current) == FAULT_SYNC) {
        return strike(EIO);
    }
    return (int)syscall(SYS_fdatasync, fd);
}

INSTEAD ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at) {
    enum fault f = atomic_load(&current);
    bool is_meta = at < META_END && n < META_MAX;
    if ((f == FAULT_META && is_meta) || (f == FAULT_DATA && !is_meta)) {
        return strike(EIO);
    }
    if (f == FAULT_SHORT && !is_meta && n > 1) {
        (void)strike(0);
        n /= 2;
    }
    return (ssize_t)syscall(SYS_pwrite64, fd, bytes, n, at);
}

INSTEAD ssize_t writev(int fd, const struct iovec *v, int n) {
    enum fault f = atomic_load(&current);
    if (f == FAULT_DATA) {
        return strike(EIO);
    }
    if (f == FAULT_SHORT && n > 1) {
        (void)strike(0);
        n = 1;
    }
    return (ssize_t)syscall(SYS_writev, fd, v, n);
}

INSTEAD int clock_gettime(clockid_t which, struct timespec *t) {
    int rc = (int)syscall(SYS_clock_gettime, which, t);
    int64_t moved = which == CLOCK_REALTIME    ? wall_moved_ms
                    : which == CLOCK_MONOTONIC ? mono_moved_ms
                                               : 0;
    int64_t ns = t->tv_nsec + moved % 1000 * 1000000;
    t->tv_sec += moved / 1000 + (ns >= 1000000000) - (ns < 0);
    t->tv_nsec = ns >= 1000000000 ? ns - 1000000000 : ns < 0 ? ns + 1000000000 : ns;
    return rc;
}
