/* SPDX-License-Identifier: Apache-2.0 */
/* reserve.c - room on the disk that is kept for removing.
 *
 * LMDB changes nothing in place: to remove records it writes other pages
 * first. On a full disk retention would fail like any append, and the log
 * would never get out of it. So a file of no use takes some room, which is
 * given up when removing needs it; until it can be had again appends use what
 * is free inside the store's file, and no more. */
#include "store.h"

#include <fcntl.h>
#include <unistd.h>

enum { RESERVE_BYTES = 1 << 20 };

static const char name[] = "headgate.reserve";

bool embedded_reserve_take(struct store *s) {
    if (s->has_reserve) {
        return true;
    }
    int fd = openat(s->dir_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return false;
    }
    s->has_reserve = posix_fallocate(fd, 0, RESERVE_BYTES) == 0;
    close(fd);
    if (!s->has_reserve) {
        (void)unlinkat(s->dir_fd, name, 0);
    }
    return s->has_reserve;
}

bool embedded_reserve_give(struct store *s) {
    bool had = s->has_reserve;
    s->has_reserve = false;
    return unlinkat(s->dir_fd, name, 0) == 0 && had;
}

bool embedded_disk_has(struct store *s, size_t bytes) {
    static const char room[] = "headgate.room";
    int fd = openat(s->dir_fd, room, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return false;
    }
    bool has_it = posix_fallocate(fd, 0, (off_t)bytes) == 0;
    close(fd);
    (void)unlinkat(s->dir_fd, room, 0);
    return has_it;
}
