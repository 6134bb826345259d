/* SPDX-License-Identifier: Apache-2.0 */
/* ends.c - a second opinion on where each topic ends.
 *
 * LMDB has no checksums. One wrong bit in a meta page makes it fall back to
 * the commit before, one in an index page can hide the end of a table; both
 * look like a sound, shorter log, whose next offsets would be used twice. So
 * after each commit the ends are noted here, in a small file that is mapped:
 * no system call, no sync. It is never ahead of the log and may be behind
 * after a power cut; when it is ahead, records were lost.
 *
 * Slot n, 16 bytes: u64 next offset of topic id n; u32 CRC32C of n and that;
 * u32 0. Slot 0 counts the topics that were ever made. */
#include "store.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "headgate/record.h"

enum { SLOT_BYTES = 16, GROW_SLOTS = 4096 };

static uint32_t sum_of(uint32_t slot, const uint8_t number[8]) {
    uint8_t bytes[4];
    embedded_put_be(bytes, slot, 4);
    return hg_crc32c(hg_crc32c(0, bytes, 4), number, 8);
}

static void unmap(struct store *s) {
    if (s->ends != NULL) {
        (void)munmap(s->ends, (size_t)s->n_ends * SLOT_BYTES);
    }
    s->ends = NULL;
    s->n_ends = 0;
}

/* Room is taken from the disk first: a hole could not be filled later, and a
 * write into the map cannot fail politely. */
static int map(struct store *s, uint32_t n) {
    size_t bytes = (size_t)n * SLOT_BYTES;
    struct stat st;
    if (fstat(s->ends_fd, &st) != 0 ||
        (st.st_size < (off_t)bytes && posix_fallocate(s->ends_fd, 0, (off_t)bytes) != 0)) {
        return HG_EFULL;
    }
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, s->ends_fd, 0);
    if (at == MAP_FAILED) {
        return HG_ENOMEM;
    }
    s->ends = at;
    s->n_ends = n;
    return 0;
}

int embedded_ends_open(struct store *s) {
    struct stat st;
    s->ends_fd =
        openat(s->dir_fd, "headgate.ends", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->ends_fd < 0 || fstat(s->ends_fd, &st) != 0) {
        return HG_EIO;
    }
    uint32_t n = (uint32_t)(st.st_size / SLOT_BYTES);
    return map(s, n < GROW_SLOTS ? GROW_SLOTS : n);
}

void embedded_ends_close(struct store *s) {
    unmap(s);
    if (s->ends_fd >= 0) {
        close(s->ends_fd);
    }
    s->ends_fd = -1;
}

uint64_t embedded_ends_get(const struct store *s, uint32_t slot) {
    if (slot >= s->n_ends) {
        return 0;
    }
    const uint8_t *at = s->ends + (size_t)slot * SLOT_BYTES;
    return embedded_get_be(at + 8, 4) == sum_of(slot, at) ? embedded_get_be(at, 8) : 0;
}

void embedded_ends_set(struct store *s, uint32_t slot, uint64_t number) {
    if (slot >= s->n_ends) {
        uint32_t n = s->n_ends;
        unmap(s);
        if (map(s, (slot / GROW_SLOTS + 1) * GROW_SLOTS) != 0 && (n == 0 || map(s, n) != 0)) {
            return; /* one opinion has to do */
        }
        if (slot >= s->n_ends) {
            return;
        }
    }
    uint8_t *at = s->ends + (size_t)slot * SLOT_BYTES;
    embedded_put_be(at, number, 8);
    embedded_put_be(at + 8, sum_of(slot, at), 4);
}
