/* SPDX-License-Identifier: Apache-2.0 */
/* access.h - the access log: one line per visit, in a format of the conf.
 *
 * Files are opened by the master; the worker keeps them by path for the life
 * of the process, so a line written under an old generation finds its file.
 * Each loop gathers lines and writes them whole, at the latest each second. */
#ifndef HG_EDGE_ACCESS_H
#define HG_EDGE_ACCESS_H

#include "base/arena.h"
#include "conf/conf.h"

struct hg_visit;

/* One open file. Written by all loops with O_APPEND. */
struct hg_access_file;

/* Control thread. Takes fd: a new file of this path, or what a known one is
 * from now on (reopen). HG_ENOMEM (fd is closed). */
int hg_access_file_set(struct hg_slice path, int fd);
/* Control thread. One reference, or NULL: none of this path. */
struct hg_access_file *hg_access_file_find(struct hg_slice path);
/* Any thread. */
void hg_access_file_unref(struct hg_access_file **pf);
/* Control thread. Close the files that nobody refers to. */
void hg_access_file_sweep(void);

/* The path that a block's access_log names; empty: off. */
struct hg_slice hg_access_path(const struct hg_strings *access_log);

/* A format as a list of texts and variables. */
struct hg_access_format;
extern const char hg_access_default_format[];
/* HG_EINVAL: an unknown variable, named in why. */
int hg_access_format_new(struct hg_slice text, struct hg_arena *arena,
                         const struct hg_access_format **ret, struct hg_why *why);

/* Where a block's lines go. */
struct hg_access_log {
    struct hg_access_file *file; /* NULL: nowhere */
    const struct hg_access_format *format;
};

/* Append the visit's line. */
void hg_access_print(const struct hg_access_format *f, const struct hg_visit *v,
                     struct hg_buf *out);

/* A loop's gathered lines of one file; lives while there are any now and then. */
struct hg_access_pen {
    struct hg_access_pen *next;
    struct hg_access_file *file;
    struct hg_buf lines;
};
void hg_access_write(struct hg_access_pen **pens, const struct hg_access_log *log,
                     const struct hg_visit *v);
/* Write what was gathered; a pen that had nothing is freed. */
void hg_access_flush(struct hg_access_pen **pens);
void hg_access_free(struct hg_access_pen **pens);

#endif
