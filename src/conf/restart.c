/* SPDX-License-Identifier: Apache-2.0 */
/* restart.c - does another configuration change what only a start can apply?
 *
 * Each such row is reduced, in every block where it counts, to bytes that are
 * equal for equal values; two configurations are compared row by row. Lines of
 * custom rows that name a file or a variable may be the same and mean another
 * value: what these hold is compared as well. */
#include "conf/tree.h"

static void put_words(struct hg_buf *out, const struct hg_conf_node *node) {
    hg_buf_printf(out, "%s", node->name);
    for (size_t i = 0; i < node->line.n_args; i++) {
        hg_buf_printf(out, " %zu:", node->line.args[i].len);
        hg_buf_put_slice(out, node->line.args[i]);
    }
    HG_BUF_LIT(out, "\n");
}

/* A block as a value: all that stands in it. */
static void put_tree(struct hg_buf *out, const struct hg_conf_node *node) {
    put_words(out, node);
    for (const struct hg_conf_node *n = node->body; n != NULL; n = n->next) {
        put_tree(out, n);
    }
    HG_BUF_LIT(out, "}\n");
}

/* The blocks around, so that the same line elsewhere is another value. */
static void put_place(struct hg_buf *out, const struct hg_conf_block *b) {
    if (b->parent != NULL) {
        put_place(out, b->parent);
        put_words(out, b->node);
    }
}

/* Custom values are compared by their lines; what the line is not there for
 * is the default's line. */
static void put_lines(struct hg_buf *out, const struct hg_conf_block *b, size_t table,
                      size_t index) {
    const struct hg_conf_table *t = &b->conf->tables[table];
    const struct hg_directive *row = &t->owner->directives[index];
    bool is_here = false;
    for (const struct hg_conf_node *n = b->lines; n != NULL; n = n->next) {
        if (n->line.row == row) {
            put_tree(out, n);
            is_here = true;
        }
    }
    if (!is_here && t->defaults[index] != NULL) {
        put_tree(out, t->defaults[index]);
    }
}

/* Appends what the row is worth in this block and those inside. ret_line: the
 * first line that says it. */
static void put_row(struct hg_buf *out, const struct hg_conf_block *b, size_t table, size_t index,
                    const struct hg_conf_line **ret_line) {
    const struct hg_directive *row = &b->conf->tables[table].owner->directives[index];
    const struct hg_conf_line *here = hg_conf_set_here(b, row);
    /* In main the default counts too: writing it down changes nothing. */
    if (here != NULL || (b->parent == NULL && hg_conf__may_stand(row, b->name))) {
        put_place(out, b);
        if (row->type == HG_SLOT_CUSTOM || row->type == HG_SLOT_BLOCK) {
            put_lines(out, b, table, index);
        } else {
            hg_conf__slot_print(row, b->structs[table], out);
        }
        HG_BUF_LIT(out, "\n");
    }
    if (*ret_line == NULL) {
        *ret_line = here;
    }
    for (const struct hg_conf_block *c = b->first_child; c != NULL; c = c->next) {
        put_row(out, c, table, index, ret_line);
    }
}

static const struct hg_conf_table *find_table(const struct hg_conf *c,
                                              const struct hg_directive *directives) {
    for (size_t i = 0; i < c->n_tables; i++) {
        if (c->tables[i].owner->directives == directives) {
            return &c->tables[i];
        }
    }
    return NULL;
}

static void report_change(struct hg_buf *out, const struct hg_conf *next,
                          const struct hg_conf_line *line, const struct hg_directive *row) {
    const char *file = line != NULL ? line->file : next->texts->path;
    hg_buf_printf(out,
                  "%s:%u: %s: differs from what the running server was started with; only a "
                  "restart can apply it\n",
                  file, line != NULL ? line->number : 1, row->name);
}

static bool row_differs(const struct hg_conf *now, const struct hg_conf_table *was,
                        const struct hg_conf *next, const struct hg_conf_table *t, size_t index,
                        struct hg_buf *out) {
    struct hg_buf a = {0}, b = {0};
    const struct hg_conf_line *line = NULL, *old_line = NULL;
    put_row(&b, next->main, (size_t)(t - next->tables), index, &line);
    if (was != NULL) {
        put_row(&a, now->main, (size_t)(was - now->tables), index, &old_line);
    }
    /* A module that is new here has nothing that could differ. */
    const bool differs = was != NULL && (a.is_failed || b.is_failed ||
                                         !hg_slice_eq(hg_buf_slice(&a), hg_buf_slice(&b)));
    if (differs) {
        report_change(out, next, line, &t->owner->directives[index]);
    }
    hg_buf_fini(&a);
    hg_buf_fini(&b);
    return differs;
}

static bool has_same_words(const struct hg_conf_line *a, const struct hg_conf_line *b) {
    bool is_same = a->row == b->row && a->n_args == b->n_args;
    for (size_t i = 0; is_same && i < a->n_args; i++) {
        is_same = hg_slice_eq(a->args[i], b->args[i]);
    }
    return is_same;
}

/* One of them is told. */
static bool secret_differs(const struct hg_conf *now, const struct hg_conf *next,
                           const struct hg_directive *row, struct hg_buf *out) {
    for (const struct hg_conf_secret *s = next->secrets; s != NULL; s = s->next) {
        const struct hg_conf_secret *was = s->line->row == row ? now->secrets : NULL;
        while (was != NULL &&
               (!hg_slice_eq(was->name, s->name) || !has_same_words(was->line, s->line))) {
            was = was->next;
        }
        if (was != NULL && !s->is_live && !hg_slice_eq(was->bytes, s->bytes)) {
            hg_buf_printf(out,
                          "%s:%u: %s: what %.*s holds differs from what the running server was "
                          "started with; only a restart can apply it\n",
                          s->line->file, s->line->number, row->name, HG_FMT(s->name));
            return true;
        }
    }
    return false;
}

bool hg_conf_needs_restart(const struct hg_conf *now, const struct hg_conf *next,
                           struct hg_buf *ret_errors) {
    bool is_needed = false;
    for (size_t i = 0; i < next->n_tables; i++) {
        const struct hg_conf_table *t = &next->tables[i];
        const struct hg_conf_table *was = find_table(now, t->owner->directives);
        for (size_t j = 0; j < t->n_rows; j++) {
            const struct hg_directive *row = &t->owner->directives[j];
            if (row->is_at_start && (row_differs(now, was, next, t, j, ret_errors) ||
                                     secret_differs(now, next, row, ret_errors))) {
                is_needed = true;
            }
        }
    }
    return is_needed;
}
