/* SPDX-License-Identifier: Apache-2.0 */
/* faults.c - pwrite, writev, fdatasync and clock_gettime of this binary. The
 * meta page is told by its place: one of the file's first two. */
#include "modules/log_embedded/faults.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

/* One thread writes: the one that watches. */
static ino_t watched;
static struct disk_op *ops;
static size_t n_ops, cap_ops;

void disk_watch(ino_t inode) {
    watched = inode;
}

size_t disk_ops(const struct disk_op **ret_ops) {
    *ret_ops = ops;
    return n_ops;
}

void disk_forget(void) {
    for (size_t i = 0; i < n_ops; i++) {
        free(ops[i].bytes);
    }
    free(ops);
    ops = NULL;
    n_ops = cap_ops = 0;
}

static struct disk_op *note(int fd) {
    struct stat st;
    if (watched == 0 || fstat(fd, &st) != 0 || st.st_ino != watched) {
        return NULL;
    }
    if (n_ops == cap_ops) {
        cap_ops = cap_ops > 0 ? 2 * cap_ops : 64;
        ops = realloc(ops, cap_ops * sizeof *ops);
    }
    ops[n_ops] = (struct disk_op){.is_durable = (fcntl(fd, F_GETFL) & O_DSYNC) != 0};
    return &ops[n_ops++];
}

static void note_write(int fd, const void *bytes, ssize_t n, off_t at) {
    struct disk_op *op = n > 0 ? note(fd) : NULL;
    if (op != NULL) {
        op->at = at;
        op->n = (size_t)n;
        op->bytes = malloc(op->n);
        memcpy(op->bytes, bytes, op->n);
    }
}

INSTEAD int fdatasync(int fd) {
    if (atomic_load(&current) == FAULT_SYNC) {
        return strike(EIO);
    }
    int rc = (int)syscall(SYS_fdatasync, fd);
    struct disk_op *op = rc == 0 ? note(fd) : NULL;
    if (op != NULL) {
        op->is_sync = true;
    }
    return rc;
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
    ssize_t done = (ssize_t)syscall(SYS_pwrite64, fd, bytes, n, at);
    note_write(fd, bytes, done, at);
    return done;
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
    off_t at = watched != 0 ? lseek(fd, 0, SEEK_CUR) : 0;
    ssize_t done = (ssize_t)syscall(SYS_writev, fd, v, n), left = done;
    for (int i = 0; watched != 0 && i < n && left > 0; i++) {
        ssize_t part = (ssize_t)v[i].iov_len < left ? (ssize_t)v[i].iov_len : left;
        note_write(fd, v[i].iov_base, part, at);
        at += part;
        left -= part;
    }
    return done;
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
