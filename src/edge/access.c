/* SPDX-License-Identifier: Apache-2.0 */
/* access.c - files and pens: from a visit that ended to a line on disk. */
#include "edge/access.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "edge/visit.h"
#include "headgate/counter.h"

enum { PEN_BYTES = 32768 };

static struct hg_counter dropped = {.name = "headgate_access_log_lines_dropped_total",
                                    .help = "Access log writes that failed; requests go on."};
struct hg_counter *const hg_access__counters[] = {&dropped, NULL};

struct hg_access_file {
    struct hg_access_file *next;
    int fd; /* the number never changes: a reopened file is put in its place */
    size_t path_len;
    char path[];
};

/* Files are added and never removed; the lock orders additions. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct hg_access_file *files;

struct hg_access_file *hg_access_file_find(struct hg_slice path) {
    pthread_mutex_lock(&lock);
    struct hg_access_file *f = files;
    while (f != NULL && !hg_slice_eq(path, (struct hg_slice){f->path, f->path_len})) {
        f = f->next;
    }
    pthread_mutex_unlock(&lock);
    return f;
}

int hg_access_file_set(struct hg_slice path, int fd) {
    struct hg_access_file *f = hg_access_file_find(path);
    if (f != NULL) {
        dup3(fd, f->fd, O_CLOEXEC);
        close(fd);
        return 0;
    }
    f = hg_try_alloc(sizeof(*f) + path.len);
    if (f == NULL) {
        close(fd);
        return HG_ENOMEM;
    }
    f->fd = fd;
    f->path_len = path.len;
    memcpy(f->path, path.ptr, path.len);
    pthread_mutex_lock(&lock);
    f->next = files;
    files = f;
    pthread_mutex_unlock(&lock);
    return 0;
}

struct hg_slice hg_access_path(const struct hg_strings *access_log) {
    bool is_off = access_log->n == 0 || hg_slice_eq(access_log->items[0], HG_SLICE("off"));
    return is_off ? (struct hg_slice){NULL, 0} : access_log->items[0];
}

static void flush(struct hg_access_pen *pen) {
    if (pen->lines.len > 0 &&
        write(pen->file->fd, pen->lines.ptr, pen->lines.len) != (ssize_t)pen->lines.len) {
        hg_counter_add(&dropped, 1);
    }
    hg_buf_clear(&pen->lines);
}

static struct hg_access_pen *find_pen(struct hg_access_pen **pens, struct hg_access_file *file) {
    struct hg_access_pen *pen = *pens;
    while (pen != NULL && pen->file != file) {
        pen = pen->next;
    }
    if (pen == NULL && (pen = hg_try_alloc(sizeof(*pen))) != NULL) {
        pen->file = file;
        pen->next = *pens;
        *pens = pen;
    }
    return pen;
}

void hg_access_write(struct hg_access_pen **pens, struct hg_access_file *file,
                     const struct hg_access_format *f, const struct hg_visit *v) {
    struct hg_access_pen *pen = find_pen(pens, file);
    if (pen == NULL) {
        hg_counter_add(&dropped, 1);
        return;
    }
    size_t before = pen->lines.len;
    hg_access_print(f, v, &pen->lines);
    if (pen->lines.is_failed) { /* without memory half a line is no line */
        pen->lines.len = before;
        pen->lines.is_failed = false;
        hg_counter_add(&dropped, 1);
    }
    if (pen->lines.len >= PEN_BYTES) {
        flush(pen);
    }
}

void hg_access_flush(struct hg_access_pen *pens) {
    for (; pens != NULL; pens = pens->next) {
        flush(pens);
    }
}

void hg_access_free(struct hg_access_pen **pens) {
    while (*pens != NULL) {
        struct hg_access_pen *pen = *pens;
        *pens = pen->next;
        flush(pen);
        hg_buf_fini(&pen->lines);
        hg_free(pen);
    }
}
