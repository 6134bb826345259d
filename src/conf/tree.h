/* SPDX-License-Identifier: Apache-2.0 */
/* tree.h - what the files of this room share: the tree of a configuration
 * and the state of a load. For src/conf only.
 *
 * Everything of the tree is in the arena of its hg_conf and is freed with it;
 * nothing in it points into the set of files it was read from. */
#ifndef HG_CONF_TREE_H
#define HG_CONF_TREE_H

#include <stdarg.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/map.h"
#include "conf/conf.h"

enum {
    HG_CONF_ARENA_MAX = 512 << 20, /* what one configuration may take */
    HG_CONF_TEXT_MAX = 64 << 20,   /* bytes parsed, each include counted */
    HG_CONF_BLOCKS_DEEP_MAX = 32,
    HG_CONF_INCLUDES_DEEP_MAX = 10,
    HG_CONF_FAULTS_MAX = 100, /* errors, and as many warnings */
    HG_CONF_ROWS_MAX = 128,   /* of one table: the bits of hg_conf_head */
};

/* A statement as parsed. line comes first: a line handed out leads back. */
struct hg_conf_node {
    struct hg_conf_line line;
    const char *name;
    struct hg_conf_node *next;         /* in the block around, includes put in place */
    struct hg_conf_node *body;         /* first statement inside */
    struct hg_conf_node *next_in_file; /* as written, for -T */
    struct hg_conf_node *next_custom;  /* set lines of custom rows in one block */
    unsigned last_line;                /* where its last word stands */
    unsigned depth;                    /* blocks of its file around it */
    bool has_body;
    bool is_broken; /* a fault was reported: not to be judged again */
};

/* A file, the first time it was read. */
struct hg_conf_text {
    const char *path;
    unsigned ordinal; /* of all files, from 1 */
    struct hg_conf_node *first;
    struct hg_conf_text *next;
};

/* What a file or variable held, in the arena, wiped before the arena goes. */
struct hg_conf_secret {
    struct hg_slice bytes;
    struct hg_slice name;            /* the argument that names it */
    const struct hg_conf_line *line; /* that has the argument */
    bool is_live;                    /* a reload applies another one */
    struct hg_conf_secret *next;
};

/* An owner as known to one configuration. */
struct hg_conf_table {
    const struct hg_conf_owner *owner;
    size_t n_rows;
    struct hg_conf_node **defaults;       /* of each row; parsed when first needed */
    const struct hg_conf_line *loaded_by; /* its load_module line, or NULL */
    bool is_faulty;                       /* a default of it cannot be: its checks would mislead */
};

struct hg_conf_block {
    const struct hg_conf *conf;
    const char *name;
    struct hg_conf_node *node;  /* NULL: main */
    struct hg_conf_node *lines; /* first */
    struct hg_conf_node *customs, **customs_tail;
    struct hg_conf_block *parent, *next;
    struct hg_conf_block *first_child, *last_child;
    void **structs; /* one for each table, NULL where no row of it may stand */
    bool *faulty;   /* one for each table: lines of it are missing, its checks would mislead;
                     * and one more for lines of nobody */
};

struct hg_conf {
    _Atomic unsigned refs;
    struct hg_arena arena;
    struct hg_conf_table *tables;
    size_t n_tables;
    struct hg_conf_text *texts, **texts_tail;
    struct hg_conf_block *main;
    struct hg_conf_secret *secrets;
};

struct hg_conf_fault {
    const char *file; /* in the arena, or constant */
    unsigned line;
    size_t at, len; /* in hg_conf_load.fault_text */
};

struct hg_conf_load {
    const struct hg_conf_setup *setup;
    struct hg_conf *conf;
    const char *path;                /* of the main file */
    struct hg_map rows;              /* "block\nname" to struct hg_conf_where */
    struct hg_map scopes;            /* block name to one bool for each table */
    struct hg_map texts;             /* path to struct hg_conf_text */
    struct hg_conf_block *block;     /* being checked: where a fault without line goes */
    const struct hg_conf_node *node; /* being set: the same */
    size_t text_bytes;
    struct hg_buf fault_text;
    struct hg_conf_fault faults[2 * HG_CONF_FAULTS_MAX];
    size_t n_faults;
    unsigned n_errors, n_warnings;
    bool is_replaying;    /* a line that was judged before: no second warning */
    bool has_lost_lines;  /* of a file that cannot be read, or is no list of statements */
    bool has_lost_module; /* unknown names may be a module's */
    bool is_stopped;      /* too many errors, or no memory: give up */
};

/* A row and the table it is in. */
struct hg_conf_where {
    const struct hg_directive *row;
    size_t table, index;
};

/* --- fail.c: errors and nearest names --- */

void hg_conf__report(struct hg_conf_load *load, const char *file, unsigned line, const char *name,
                     const char *fmt, ...) HG_PRINTF(5, 6);
void hg_conf__report_node(struct hg_conf_load *load, const struct hg_conf_node *node,
                          const char *fmt, ...) HG_PRINTF(3, 4);
/* NULL when the arena is at its limit: reported, and the load is stopped. */
void *hg_conf__alloc(struct hg_conf_load *load, size_t bytes);
const char *hg_conf__copy(struct hg_conf_load *load, struct hg_slice s);
/* Every fault in the order of files and lines. */
void hg_conf__print_faults(struct hg_conf_load *load, struct hg_buf *out);

struct hg_conf_guess {
    const char *wanted;
    const char *best; /* near enough to be meant, or NULL */
    size_t distance;
    const struct hg_conf_where *where; /* for whoever fills it */
};
/* True: name is now the best. */
bool hg_conf__guess(struct hg_conf_guess *g, const char *name);

/* --- parse.c --- */

/* The statements of the main file and all it includes. NULL: none. */
struct hg_conf_node *hg_conf__parse(struct hg_conf_load *load);
/* The arguments of a row's default, as if they stood in a file. */
struct hg_conf_node *hg_conf__parse_default(struct hg_conf_load *load,
                                            const struct hg_conf_owner *owner,
                                            const struct hg_directive *row);

/* --- table.c: what may stand where --- */

/* Judges the owner's rows and makes them known. loaded_by may be NULL. */
void hg_conf__add_table(struct hg_conf_load *load, const struct hg_conf_owner *owner,
                        const struct hg_conf_line *loaded_by);
const struct hg_conf_where *hg_conf__find_row(const struct hg_conf_load *load, const char *block,
                                              const char *name);
bool hg_conf__may_stand(const struct hg_directive *row, const char *block);
/* Which tables have a struct in blocks of this name; NULL: no memory. */
const bool *hg_conf__scope(struct hg_conf_load *load, const char *block);
/* Reports a name that is not known in a block. Gives the row that was most
 * likely meant, or NULL. */
const struct hg_conf_where *hg_conf__report_unknown(struct hg_conf_load *load, const char *block,
                                                    const struct hg_conf_node *node);
/* How many arguments a row takes. */
void hg_conf__arity(const struct hg_directive *row, unsigned *ret_min, unsigned *ret_max);
/* False after a report: node has fewer or more. */
bool hg_conf__judge_arity(struct hg_conf_load *load, const struct hg_directive *row,
                          const struct hg_conf_node *node);

/* --- bind.c: lines to rows; inherit.c: what the lines did not say --- */

void hg_conf__load_modules(struct hg_conf_load *load, struct hg_conf_node *lines);
/* Makes the main block and all inside it, each line set in its struct. */
void hg_conf__bind(struct hg_conf_load *load, struct hg_conf_node *lines);
void hg_conf__inherit(struct hg_conf_load *load, struct hg_conf_block *block);
void hg_conf__check(struct hg_conf_load *load, struct hg_conf_block *block);

/* --- slot.c: one line to one value --- */

/* The bytes a slot of this type takes in a struct; 0: not known here. */
size_t hg_conf__slot_bytes(enum hg_slot type);
/* A whole directive as people are told to write it: "sse_heartbeat TIME;". */
void hg_conf__slot_syntax(const struct hg_directive *row, struct hg_buf *out);
/* node has as many arguments as the row takes. HG_EINVAL after a report; the
 * value is then as it was. */
int hg_conf__slot_set(struct hg_conf_load *load, const struct hg_conf_table *table,
                      const struct hg_directive *row, struct hg_conf_node *node, void *conf);
/* Bytes that are equal for equal values. Not for custom rows. */
void hg_conf__slot_print(const struct hg_directive *row, const void *conf, struct hg_buf *out);

/* --- dump.c --- */

/* The part of an argument that nobody may see: a secret= that is no
 * reference, the password of a URL. Empty: none. */
struct hg_slice hg_conf__hidden(struct hg_slice arg);

/* --- files.c --- */

/* Was it read from disk here, with a mode that lets everybody read it? */
bool hg_conf__files_is_open_to_all(const struct hg_conf_files *f, struct hg_slice path);

static inline bool hg_conf__has_bit(const void *conf, size_t row) {
    const struct hg_conf_head *head = conf;
    return (head->set[row / 64] >> (row % 64) & 1) != 0;
}

static inline void hg_conf__set_bit(void *conf, size_t row) {
    struct hg_conf_head *head = conf;
    head->set[row / 64] |= (uint64_t)1 << (row % 64);
}

static inline struct hg_conf_node *hg_conf__node_of(const struct hg_conf_line *line) {
    return (struct hg_conf_node *)(uintptr_t)line;
}

#endif
