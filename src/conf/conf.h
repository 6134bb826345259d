/* SPDX-License-Identifier: Apache-2.0 */
/* conf.h - loads a configuration: files -> tokens -> lines -> typed structs.
 * Knows no directive; owners bring their tables. Single thread, start-up and
 * reload only. */
#ifndef HG_CONF_CONF_H
#define HG_CONF_CONF_H

#include "headgate/buf.h"
#include "headgate/conf.h"

/* A table and the struct its rows fill. `block` rows declare block names.
 * Must outlive every configuration loaded with it. */
struct hg_conf_owner {
    const char *name;
    const struct hg_directive *directives;
    size_t conf_size;
    hg_conf_check_fn check;
};

/* The files a configuration is made of, as bytes. The master reads them from
 * disk as they are asked for; the worker is handed the same set and reads
 * nothing. Environment variables are kept as "env:NAME". */
struct hg_conf_files;
struct hg_conf_files *hg_conf_files_new(bool may_read_disk);
void hg_conf_files_free(struct hg_conf_files **pf);
/* The bytes, owned by the set. HG_ENOENT, HG_EIO (errno is set), HG_E2BIG,
 * HG_ENOMEM. "glob:PATTERN" gives the sorted matches, each ended by a 0. */
int hg_conf_files_get(struct hg_conf_files *f, struct hg_slice path, struct hg_slice *ret_bytes);
/* Copies and replaces; bytes given out before stay until the set is freed. */
int hg_conf_files_put(struct hg_conf_files *f, struct hg_slice path, struct hg_slice bytes);
/* Flat form, for the pipe between master and worker. What is unpacked never
 * reads the disk. HG_EINVAL, HG_E2BIG, HG_ENOMEM. */
int hg_conf_files_pack(const struct hg_conf_files *f, struct hg_buf *out);
int hg_conf_files_unpack(struct hg_slice packed, struct hg_conf_files **ret);

/* Called for each load_module line, before any other line is judged: find the
 * module and give its owner. HG_EINVAL after hg_conf_fail. */
typedef int (*hg_conf_module_fn)(void *arg, struct hg_conf_load *load,
                                 const struct hg_conf_line *line,
                                 const struct hg_conf_owner **ret_owner);

struct hg_conf_setup {
    struct hg_conf_files *files;
    struct hg_slice path;                      /* the main file */
    const struct hg_conf_owner *const *owners; /* NULL-terminated; the core's */
    hg_conf_module_fn load_module;             /* may be NULL */
    void *arg;
    bool keeps_faulty; /* *ret_conf is set after HG_EINVAL too, where what the good lines say
                        * can be judged further: to be looked at, never to be used */
};

/* Every fault of the whole configuration is appended to ret_errors, one line
 * each: "file:line: directive: what is wrong; what was expected". 0 or
 * HG_EINVAL; warnings are appended too and do not fail. */
int hg_conf_load(const struct hg_conf_setup *setup, struct hg_conf **ret_conf,
                 struct hg_buf *ret_errors);
struct hg_conf *hg_conf_ref(struct hg_conf *c);
void hg_conf_unref(struct hg_conf **pc);

/* A fault that was found after the load, in the load's own form: at the first
 * line of this name, in whatever block, whose first argument is arg (empty: any
 * will do); where there is none, at the configuration as a whole. name NULL:
 * it is about nothing but the whole. */
void hg_conf_fault(const struct hg_conf *c, const char *name, struct hg_slice arg,
                   struct hg_buf *ret_errors, const char *fmt, ...) HG_PRINTF(5, 6);

/* The same at a line of the configuration. */
void hg_conf_fault_at(const struct hg_conf_line *line, struct hg_buf *ret_errors, const char *fmt,
                      ...) HG_PRINTF(3, 4);

/* Paths in a conf are relative to the current directory of the process. */

struct hg_conf_block *hg_conf_main(const struct hg_conf *c);
/* The struct of an owner in a block; NULL if no row of it may stand there. */
void *hg_conf_of(const struct hg_conf_block *block, const struct hg_conf_owner *owner);
/* Was every line that stands directly in it understood? Of a block where one was
 * not, what is missing may be a consequence. */
bool hg_conf_is_whole(const struct hg_conf_block *block);
/* Blocks of one name directly inside, in the order written: pass NULL first. */
struct hg_conf_block *hg_conf_next_block(const struct hg_conf_block *in, const char *name,
                                         const struct hg_conf_block *after);
const struct hg_conf_line *hg_conf_line_of(const struct hg_conf_block *block);
/* Was the row set in this very block (not inherited)? NULL if not. */
const struct hg_conf_line *hg_conf_set_here(const struct hg_conf_block *block,
                                            const struct hg_directive *row);

/* -T: every file's directives as read, secrets as "***". */
void hg_conf_dump(const struct hg_conf *c, struct hg_buf *out);
/* Does next change a row that only a start can apply? Appends each. */
bool hg_conf_needs_restart(const struct hg_conf *now, const struct hg_conf *next,
                           struct hg_buf *ret_errors);
/* docs/reference/directives.md from the tables. */
void hg_conf_reference(const struct hg_conf_owner *const *owners, struct hg_buf *out);

#endif
