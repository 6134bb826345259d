/* SPDX-License-Identifier: Apache-2.0 */
/* table.c - the owners' tables: what each block may hold, and what was meant
 * by a name that it may not. Judges the rows too: a module brings its own,
 * and a bad one must be an error of the load, not a crash. */
#include "conf/tree.h"

#include <stdio.h>

/* block and name, joined as a key of hg_conf_load.rows. Neither can hold a
 * newline where a row was registered. False: longer than any row. */
enum { KEY_MAX = 160 };
static bool make_key(char key[KEY_MAX], const char *block, size_t block_len, const char *name,
                     struct hg_slice *ret) {
    const int n = snprintf(key, KEY_MAX, "%.*s\n%s", (int)block_len, block, name);
    *ret = (struct hg_slice){key, (size_t)n};
    return n > 0 && n < KEY_MAX;
}

/* The next of several words separated by blanks; moves *in past it. */
static struct hg_slice next_word(const char **in) {
    *in += strspn(*in, " ");
    const struct hg_slice word = {*in, strcspn(*in, " ")};
    *in += word.len;
    return word;
}

bool hg_conf__may_stand(const struct hg_directive *row, const char *block) {
    const char *in = row->in;
    for (struct hg_slice w = next_word(&in); w.len > 0; w = next_word(&in)) {
        if (hg_slice_eq(w, hg_slice_of(block))) {
            return true;
        }
    }
    return false;
}

void hg_conf__arity(const struct hg_directive *row, unsigned *ret_min, unsigned *ret_max) {
    const bool is_counted =
        row->type == HG_SLOT_STRINGS || row->type == HG_SLOT_BLOCK || row->type == HG_SLOT_CUSTOM;
    *ret_min = is_counted ? row->min_args : 1;
    *ret_max = !is_counted ? 1 : row->max_args > 0 ? row->max_args : row->min_args;
}

bool hg_conf__judge_arity(struct hg_conf_load *load, const struct hg_directive *row,
                          const struct hg_conf_node *node) {
    const size_t n = node->line.n_args;
    struct hg_buf syntax = {.max = 1024};
    char takes[64], hint[64] = "";
    unsigned min, max;
    hg_conf__arity(row, &min, &max);
    if (n >= min && n <= max) {
        return true;
    }
    if (min == max) {
        snprintf(takes, sizeof(takes), min == 0 ? "no argument" : "%u argument%s", min,
                 min == 1 ? "" : "s");
    } else {
        snprintf(takes, sizeof(takes), "%u to %u arguments", min, max);
    }
    if (n > max && node->last_line > node->line.number) {
        snprintf(hint, sizeof(hint), "; is a \";\" missing at the end of line %u?",
                 node->line.number);
    }
    hg_conf__slot_syntax(row, &syntax);
    hg_conf__report_node(load, node, "takes %s, not %zu; expected \"%.*s\"%s", takes, n,
                         HG_FMT(hg_buf_slice(&syntax)), hint);
    hg_buf_fini(&syntax);
    return false;
}

/* --- judging rows --- */

static const char *judge_row(const struct hg_conf_owner *owner, const struct hg_directive *row) {
    const size_t bytes = hg_conf__slot_bytes(row->type);
    if (row->name[0] == '\0' || strpbrk(row->name, " \t\n;{}\"'#") != NULL ||
        strcmp(row->name, "include") == 0) {
        return "its name cannot be a directive's";
    }
    if (row->in == NULL || row->in[strspn(row->in, " ")] == '\0') {
        return "it says no block in which it may stand";
    }
    if (row->type < HG_SLOT_FLAG || row->type > HG_SLOT_CUSTOM) {
        return "its type is not known";
    }
    if (bytes > 0 && (row->at < sizeof(struct hg_conf_head) || row->at > owner->conf_size ||
                      bytes > owner->conf_size - row->at)) {
        return "its value lies outside the owner's struct";
    }
    if (row->type == HG_SLOT_ENUM && (row->values == NULL || row->values[0] == NULL)) {
        return "it lists no values";
    }
    if (row->type == HG_SLOT_CUSTOM && row->set == NULL) {
        return "it has no setter";
    }
    if (row->type == HG_SLOT_STRINGS && row->min_args == 0 && row->max_args == 0) {
        return "it takes no argument";
    }
    if (row->max_args > 0 && row->max_args < row->min_args) {
        return "it takes fewer arguments at most than at least";
    }
    return NULL;
}

static void report_table(struct hg_conf_load *load, const struct hg_conf_table *t,
                         const struct hg_directive *row, const char *text) {
    const struct hg_conf_line *by = t->loaded_by;
    hg_conf__report(load, by != NULL ? by->file : load->path, by != NULL ? by->number : 1,
                    by != NULL ? "load_module" : "main", "row \"%s\" of %s: %s", row->name,
                    t->owner->name, text);
}

/* --- the index --- */

/* One (block, name) pair becomes known, or is found to be somebody else's. */
static void index_row(struct hg_conf_load *load, const struct hg_conf_where *where,
                      struct hg_slice block) {
    const struct hg_conf_table *t = &load->conf->tables[where->table];
    char room[KEY_MAX], text[KEY_MAX * 2];
    struct hg_slice key;
    if (!make_key(room, block.ptr, block.len, where->row->name, &key)) {
        report_table(load, t, where->row, "its name is too long");
        return;
    }
    const struct hg_conf_where *other = hg_map_get(&load->rows, key);
    if (other != NULL) {
        snprintf(text, sizeof(text), "%s has a row of this name for block \"%.*s\" too",
                 load->conf->tables[other->table].owner->name, HG_FMT(block));
        report_table(load, t, where->row, text);
        return;
    }
    const char *kept = hg_conf__copy(load, key);
    if (kept != NULL &&
        hg_map_put(&load->rows, (struct hg_slice){kept, key.len}, (void *)(uintptr_t)where) != 0) {
        load->is_stopped = true;
    }
}

/* False: nothing of the table may be used; its owner's memory is not safe. */
static bool judge_rows(struct hg_conf_load *load, const struct hg_conf_table *t) {
    bool is_good = true;
    for (size_t i = 0; i < t->n_rows; i++) {
        const char *fault = judge_row(t->owner, &t->owner->directives[i]);
        if (fault != NULL) {
            report_table(load, t, &t->owner->directives[i], fault);
            is_good = false;
        }
    }
    return is_good;
}

static void index_table(struct hg_conf_load *load, size_t table) {
    const struct hg_conf_table *t = &load->conf->tables[table];
    for (size_t i = 0; i < t->n_rows && !load->is_stopped; i++) {
        struct hg_conf_where *where = hg_conf__alloc(load, sizeof(*where));
        if (where == NULL) {
            return;
        }
        *where = (struct hg_conf_where){&t->owner->directives[i], table, i};
        const char *in = where->row->in;
        for (struct hg_slice w = next_word(&in); w.len > 0; w = next_word(&in)) {
            index_row(load, where, w);
        }
    }
}

static const char *judge_table(const struct hg_conf *c, const struct hg_conf_owner *owner,
                               size_t n_rows) {
    for (size_t i = 0; i < c->n_tables; i++) {
        if (c->tables[i].owner->directives == owner->directives) {
            return "its directives are there already";
        }
    }
    if (n_rows > HG_CONF_ROWS_MAX) {
        return "it has more than 128 rows";
    }
    return owner->conf_size < sizeof(struct hg_conf_head) ? "its struct has no head" : NULL;
}

void hg_conf__add_table(struct hg_conf_load *load, const struct hg_conf_owner *owner,
                        const struct hg_conf_line *loaded_by) {
    struct hg_conf *c = load->conf;
    size_t n_rows = 0;
    if (owner->directives == NULL) {
        return;
    }
    while (owner->directives[n_rows].name != NULL) {
        n_rows++;
    }
    const char *fault = judge_table(c, owner, n_rows);
    if (fault != NULL) {
        hg_conf_fail(load, loaded_by, "%s: %s", owner->name, fault);
        load->has_lost_module = true;
        return;
    }
    /* Tables are few; the old array stays in the arena. */
    struct hg_conf_table *grown = hg_conf__alloc(load, (c->n_tables + 1) * sizeof(*grown));
    struct hg_conf_node **defaults = hg_conf__alloc(load, (n_rows + 1) * sizeof(*defaults));
    if (grown == NULL || defaults == NULL) {
        return;
    }
    if (c->n_tables > 0) {
        memcpy(grown, c->tables, c->n_tables * sizeof(*grown));
    }
    grown[c->n_tables] = (struct hg_conf_table){
        .owner = owner, .n_rows = n_rows, .defaults = defaults, .loaded_by = loaded_by};
    if (!judge_rows(load, &grown[c->n_tables])) {
        load->has_lost_module = true;
        return;
    }
    c->tables = grown;
    c->n_tables++;
    index_table(load, c->n_tables - 1);
}

const struct hg_conf_where *hg_conf__find_row(const struct hg_conf_load *load, const char *block,
                                              const char *name) {
    char room[KEY_MAX];
    struct hg_slice key;
    if (!make_key(room, block, strlen(block), name, &key)) {
        return NULL;
    }
    return hg_map_get(&load->rows, key);
}

const bool *hg_conf__scope(struct hg_conf_load *load, const char *block) {
    const struct hg_conf *c = load->conf;
    bool *scope = hg_map_get(&load->scopes, hg_slice_of(block));
    if (scope != NULL) {
        return scope;
    }
    scope = hg_conf__alloc(load, c->n_tables + 1);
    for (size_t i = 0; scope != NULL && i < c->n_tables; i++) {
        const struct hg_directive *rows = c->tables[i].owner->directives;
        for (size_t j = 0; j < c->tables[i].n_rows && !scope[i]; j++) {
            scope[i] = hg_conf__may_stand(&rows[j], block);
        }
    }
    if (scope != NULL && hg_map_put(&load->scopes, hg_slice_of(block), scope) != 0) {
        load->is_stopped = true;
    }
    return scope;
}

/* --- names that are not known in a block --- */

static void guess_rows(const struct hg_conf_load *load, const char *block, bool is_here,
                       struct hg_conf_guess *guess, struct hg_conf_where *ret) {
    const struct hg_conf *c = load->conf;
    for (size_t i = 0; i < c->n_tables; i++) {
        for (size_t j = 0; j < c->tables[i].n_rows; j++) {
            const struct hg_directive *row = &c->tables[i].owner->directives[j];
            if (hg_conf__may_stand(row, block) == is_here && hg_conf__guess(guess, row->name)) {
                *ret = (struct hg_conf_where){row, i, j};
            }
        }
    }
}

/* "main, server" of every row of this name. False: there is none. */
static bool print_places(const struct hg_conf_load *load, const char *name, struct hg_buf *out,
                         struct hg_conf_where *ret_first) {
    const struct hg_conf *c = load->conf;
    const size_t start = out->len;
    for (size_t i = 0; i < c->n_tables; i++) {
        for (size_t j = 0; j < c->tables[i].n_rows; j++) {
            const struct hg_directive *row = &c->tables[i].owner->directives[j];
            if (strcmp(row->name, name) != 0) {
                continue;
            }
            if (out->len == start) {
                *ret_first = (struct hg_conf_where){row, i, j};
            }
            const char *in = row->in;
            for (struct hg_slice w = next_word(&in); w.len > 0; w = next_word(&in)) {
                hg_buf_printf(out, "%s%.*s", out->len > start ? ", " : "", HG_FMT(w));
            }
        }
    }
    return out->len > start;
}

static const struct hg_conf_where *keep_where(struct hg_conf_load *load,
                                              struct hg_conf_where found) {
    struct hg_conf_where *kept = hg_conf__alloc(load, sizeof(*kept));
    if (kept != NULL) {
        *kept = found;
    }
    return kept;
}

const struct hg_conf_where *hg_conf__report_unknown(struct hg_conf_load *load, const char *block,
                                                    const struct hg_conf_node *node) {
    struct hg_buf places = {.max = 4096};
    struct hg_conf_guess guess = {.wanted = node->name};
    struct hg_conf_where found = {0};
    if (print_places(load, node->name, &places, &found)) {
        hg_conf__report_node(load, node, "it may not stand in %s%s; expected in %.*s",
                             strcmp(block, "main") == 0 ? "the main block" : "a block ",
                             strcmp(block, "main") == 0 ? "" : block,
                             HG_FMT(hg_buf_slice(&places)));
        hg_buf_fini(&places);
        return keep_where(load, found);
    }
    guess_rows(load, block, true, &guess, &found);
    const bool is_here = guess.best != NULL;
    if (!is_here) {
        guess_rows(load, block, false, &guess, &found);
    }
    if (guess.best == NULL) {
        /* Without its module every line of it would be one more error. */
        if (!load->has_lost_module) {
            hg_conf__report_node(load, node,
                                 "unknown directive; expected one that may stand in "
                                 "\"%s\", or a load_module line for it",
                                 block);
        }
    } else if (is_here) {
        hg_conf__report_node(load, node, "unknown directive; did you mean \"%s\"?", guess.best);
    } else {
        print_places(load, guess.best, &places, &found);
        hg_conf__report_node(load, node,
                             "unknown directive; did you mean \"%s\", which may stand in %.*s?",
                             guess.best, HG_FMT(hg_buf_slice(&places)));
    }
    hg_buf_fini(&places);
    return guess.best != NULL ? keep_where(load, found) : NULL;
}
