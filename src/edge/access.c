/* SPDX-License-Identifier: Apache-2.0 */
/* access.c - files and pens: from a visit that ended to a line on disk. */
#include "edge/access.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

#include "edge/visit.h"
#include "headgate/counter.h"

enum { PEN_BYTES = 32768 };

static struct hg_counter dropped = {.name = "headgate_access_log_lines_dropped_total",
                                    .help = "Access log writes that failed; requests go on."};
struct hg_counter *const hg_access__counters[] = {&dropped, NULL};

struct hg_access_file {
    struct hg_access_file *next;
    _Atomic uint32_t refs; /* the table's, each site's and each pen's */
    int fd;                /* the number never changes: a reopened file is put in its place */
    size_t path_len;
    char path[];
};

/* Only the control thread looks at the list. */
static struct hg_access_file *files;

static struct hg_access_file *find(struct hg_slice path) {
    struct hg_access_file *f = files;
    while (f != NULL && !hg_slice_eq(path, (struct hg_slice){f->path, f->path_len})) {
        f = f->next;
    }
    return f;
}

static struct hg_access_file *ref(struct hg_access_file *f) {
    atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
    return f;
}

struct hg_access_file *hg_access_file_find(struct hg_slice path) {
    struct hg_access_file *f = find(path);
    return f != NULL ? ref(f) : NULL;
}

void hg_access_file_unref(struct hg_access_file **pf) {
    struct hg_access_file *f = *pf;
    *pf = NULL;
    if (f != NULL && atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) == 1) {
        close(f->fd);
        hg_free(f);
    }
}

void hg_access_file_sweep(void) {
    for (struct hg_access_file **at = &files; *at != NULL;) {
        struct hg_access_file *f = *at;
        if (atomic_load_explicit(&f->refs, memory_order_acquire) > 1) {
            at = &f->next;
        } else {
            *at = f->next;
            hg_access_file_unref(&f);
        }
    }
}

int hg_access_file_set(struct hg_slice path, int fd) {
    struct hg_access_file *f = find(path);
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
    atomic_init(&f->refs, 1);
    f->fd = fd;
    f->path_len = path.len;
    memcpy(f->path, path.ptr, path.len);
    f->next = files;
    files = f;
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
        pen->file = ref(file);
        pen->next = *pens;
        *pens = pen;
    }
    return pen;
}

void hg_access_write(struct hg_access_pen **pens, const struct hg_access_log *log,
                     const struct hg_visit *v) {
    struct hg_access_pen *pen = find_pen(pens, log->file);
    if (pen == NULL) {
        hg_counter_add(&dropped, 1);
        return;
    }
    size_t before = pen->lines.len;
    hg_access_print(log->format, v, &pen->lines);
    if (pen->lines.is_failed) { /* without memory half a line is no line */
        pen->lines.len = before;
        pen->lines.is_failed = false;
        hg_counter_add(&dropped, 1);
    }
    if (pen->lines.len >= PEN_BYTES) {
        flush(pen);
    }
}

static void free_pen(struct hg_access_pen **at) {
    struct hg_access_pen *pen = *at;
    *at = pen->next;
    flush(pen);
    hg_access_file_unref(&pen->file);
    hg_buf_fini(&pen->lines);
    hg_free(pen);
}

void hg_access_flush(struct hg_access_pen **pens) {
    while (*pens != NULL) {
        if ((*pens)->lines.len == 0) {
            free_pen(pens);
        } else {
            flush(*pens);
            pens = &(*pens)->next;
        }
    }
}

void hg_access_free(struct hg_access_pen **pens) {
    while (*pens != NULL) {
        free_pen(pens);
    }
}
