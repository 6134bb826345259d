/* SPDX-License-Identifier: Apache-2.0 */
/* conf.h - directives: one row each, from which parser, bounds, default,
 * inheritance, -T and the reference page are made.
 *
 * An owner (a room or a module) has one table and one C struct. In every
 * block where one of its rows may stand the owner has an instance of that
 * struct; what a block does not set comes from the block around it, and what
 * nobody sets comes from the row's default. */
#ifndef HEADGATE_CONF_H
#define HEADGATE_CONF_H

#include "headgate/base.h"

struct hg_conf;       /* the whole tree, immutable once loaded */
struct hg_conf_block; /* main, a server, a location, a role, ... */
struct hg_conf_load;  /* a load in progress: where errors go */

/* The C type at row.at for each slot type is named beside it. */
enum hg_slot {
    HG_SLOT_FLAG,     /* bool:               on | off */
    HG_SLOT_INT,      /* int64_t:            a whole number */
    HG_SLOT_SIZE,     /* int64_t bytes:      10, 10k, 10m, 10g */
    HG_SLOT_DURATION, /* int64_t ms:         100ms, 30s, 5m, 2h, 7d */
    HG_SLOT_ENUM,     /* int:                index into row.values */
    HG_SLOT_STRING,   /* struct hg_slice:    one argument, also 0-terminated */
    HG_SLOT_STRINGS,  /* struct hg_strings:  min_args to max_args arguments */
    HG_SLOT_SECRET,   /* struct hg_slice:    file:PATH or env:NAME, resolved; hidden by -T */
    HG_SLOT_FILE,     /* struct hg_slice:    the bytes of the file named by the argument */
    HG_SLOT_BLOCK,    /* nothing:            opens a block of the row's name */
    HG_SLOT_CUSTOM,   /* whatever row.set writes; say in a comment why no type fits */
};

struct hg_strings {
    struct hg_slice *items;
    size_t n;
};

/* One directive as it was written. args[0] is the first argument. */
struct hg_conf_line {
    const char *file;
    unsigned number;
    const struct hg_directive *row;
    struct hg_slice *args;
    size_t n_args;
    struct hg_conf_block *opened; /* of an HG_SLOT_BLOCK row, else NULL */
};

/* Writes into conf from line. May allocate with hg_conf_alloc. Reports a
 * fault with hg_conf_fail and returns HG_EINVAL; conf is then put back.
 * Called again, on the struct of an inner block that has no line of this row
 * but inherits it: so it must depend on its line and struct alone. */
typedef int (*hg_directive_fn)(struct hg_conf_load *load, void *conf,
                               const struct hg_conf_line *line);

struct hg_directive {
    const char *name;
    const char *in;   /* blocks where it may stand, separated by blanks: "main server location" */
    const char *args; /* how the reference shows its arguments: "SIZE", "on | off" */
    enum hg_slot type;
    size_t at;                   /* offset in the owner's struct */
    const char *def;             /* as it would be written; NULL or "": required nowhere, zero */
    int64_t min, max;            /* numbers; max 0 is no bound */
    const char *const *values;   /* HG_SLOT_ENUM, NULL-terminated */
    unsigned min_args, max_args; /* STRINGS, BLOCK, CUSTOM; max 0 means equal to min */
    hg_directive_fn set;         /* HG_SLOT_CUSTOM */
    bool is_repeatable;          /* CUSTOM and STRINGS: each occurrence in one block adds */
    bool is_at_start;            /* a reload that changes it is refused */
    bool is_local;               /* not inherited by blocks inside */
    const char *help;            /* one line */
};

#define HG_DIRECTIVES_END                                                                          \
    { .name = NULL }

/* Every owner's struct begins with this. Bit i: row i was set here or in a
 * block around, not by default. */
struct hg_conf_head {
    uint64_t set[2];
};

/* Runs once for each block in which the owner has a struct, after defaults
 * and inheritance, outermost first. 0, or HG_EINVAL after hg_conf_fail. */
typedef int (*hg_conf_check_fn)(struct hg_conf_load *load, struct hg_conf_block *block, void *conf);

/* Report a fault at a line (or NULL: at the block's own line). All faults of a
 * load are collected; the load fails as a whole. */
HG_API void hg_conf_fail(struct hg_conf_load *load, const struct hg_conf_line *line,
                         const char *fmt, ...) HG_PRINTF(3, 4);
HG_API void hg_conf_warn(struct hg_conf_load *load, const struct hg_conf_line *line,
                         const char *fmt, ...) HG_PRINTF(3, 4);
/* Zeroed memory that lives as long as the configuration. NULL: at its limit,
 * which is reported already; return HG_EINVAL. */
HG_API void *hg_conf_alloc(struct hg_conf_load *load, size_t bytes);

/* For custom setters: one argument as each type; errors are reported. */
HG_API int hg_conf_arg_size(struct hg_conf_load *load, const struct hg_conf_line *line,
                            struct hg_slice arg, int64_t *ret_bytes);
HG_API int hg_conf_arg_duration(struct hg_conf_load *load, const struct hg_conf_line *line,
                                struct hg_slice arg, int64_t *ret_ms);
HG_API int hg_conf_arg_secret(struct hg_conf_load *load, const struct hg_conf_line *line,
                              struct hg_slice arg, struct hg_slice *ret_secret);
/* The same in a row that is_at_start, for a value that can change while it runs: that
 * another stands behind the same name refuses no reload. */
HG_API int hg_conf_arg_live_secret(struct hg_conf_load *load, const struct hg_conf_line *line,
                                   struct hg_slice arg, struct hg_slice *ret_secret);
/* The value of argument name=value, or false. */
HG_API bool hg_conf_arg_named(const struct hg_conf_line *line, const char *name,
                              struct hg_slice *ret_value);

/* What a module is shown of a block. The struct of a table there; NULL: no row of
 * it may stand in it. */
HG_API void *hg_conf_of_table(const struct hg_conf_block *block,
                              const struct hg_directive *directives);
/* The block around it; NULL: it is the main one. */
HG_API struct hg_conf_block *hg_conf_parent(const struct hg_conf_block *block);
/* The line of this name that counts in a block, whosever row it is: its own, else
 * that of the nearest block around it; NULL: nobody wrote one. */
HG_API const struct hg_conf_line *hg_conf_line_for(const struct hg_conf_block *block,
                                                   const char *name, bool *ret_is_own);

#endif
