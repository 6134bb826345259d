/* SPDX-License-Identifier: Apache-2.0 */
/* bind.c - statements to rows: makes the blocks, gives each its owners'
 * structs, and sets what the lines say. What they do not say, inherit.c adds.
 *
 * A faulty block is bound too, so that the faults inside it are found in the
 * same run, but nobody will meet it: it is not hung into the block around. */
#include "conf/tree.h"

static struct hg_conf_block *new_block(struct hg_conf_load *load, struct hg_conf_block *parent,
                                       const char *name, struct hg_conf_node *node) {
    const struct hg_conf *c = load->conf;
    const bool *scope = hg_conf__scope(load, name);
    struct hg_conf_block *b = hg_conf__alloc(load, sizeof(*b));
    void **structs = hg_conf__alloc(load, (c->n_tables + 1) * sizeof(*structs));
    bool *faulty = hg_conf__alloc(load, (c->n_tables + 1) * sizeof(*faulty));
    if (scope == NULL || b == NULL || structs == NULL || faulty == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < c->n_tables; i++) {
        structs[i] = scope[i] ? hg_conf__alloc(load, c->tables[i].owner->conf_size) : NULL;
        if (scope[i] && structs[i] == NULL) {
            return NULL;
        }
    }
    b->conf = c;
    b->name = name;
    b->node = node;
    b->parent = parent;
    b->structs = structs;
    b->faulty = faulty;
    b->customs_tail = &b->customs;
    return b;
}

static void hang_block(struct hg_conf_block *b) {
    struct hg_conf_block *parent = b->parent;
    if (parent->last_child != NULL) {
        parent->last_child->next = b;
    } else {
        parent->first_child = b;
    }
    parent->last_child = b;
}

/* The first line of a row in a block, up to a node. */
static const struct hg_conf_node *find_earlier(const struct hg_conf_block *b,
                                               const struct hg_directive *row,
                                               const struct hg_conf_node *until) {
    for (const struct hg_conf_node *n = b->lines; n != NULL && n != until; n = n->next) {
        if (n->line.row == row) {
            return n;
        }
    }
    return NULL;
}

static bool judge_repetition(struct hg_conf_load *load, const struct hg_conf_block *b,
                             const struct hg_directive *row, const struct hg_conf_node *node) {
    if (row->is_repeatable || row->type == HG_SLOT_BLOCK) {
        return true;
    }
    const struct hg_conf_node *earlier = find_earlier(b, row, node);
    if (earlier != NULL) {
        hg_conf__report_node(load, node, "duplicate; it stands in this block at %s:%u already",
                             earlier->line.file, earlier->line.number);
    }
    return earlier == NULL;
}

/* A row that opens a block stands before "{", every other before ";". */
static bool judge_body(struct hg_conf_load *load, const struct hg_directive *row,
                       const struct hg_conf_node *node) {
    const bool is_block = row->type == HG_SLOT_BLOCK;
    if (is_block != node->has_body) {
        hg_conf__report_node(load, node,
                             is_block ? "it opens a block; expected \"{\" instead of \";\""
                                      : "it opens no block; expected \";\" instead of \"{\"");
    }
    return is_block == node->has_body;
}

static void bind_lines(struct hg_conf_load *load, struct hg_conf_block *b);

static void bind_block(struct hg_conf_load *load, struct hg_conf_block *parent,
                       const struct hg_conf_where *where, struct hg_conf_node *node,
                       bool is_faulty) {
    struct hg_conf_block *b = new_block(load, parent, where->row->name, node);
    if (b == NULL) {
        return;
    }
    b->lines = node->body;
    if (is_faulty) {
        parent->faulty[where->table] = b->faulty[where->table] = true;
    } else {
        node->line.row = where->row;
        node->line.opened = b;
        hang_block(b);
    }
    bind_lines(load, b);
}

static void bind_value(struct hg_conf_load *load, struct hg_conf_block *b,
                       const struct hg_conf_where *where, struct hg_conf_node *node) {
    struct hg_conf_table *t = &load->conf->tables[where->table];
    void *conf = b->structs[where->table];
    if (hg_conf__slot_set(load, t, where->row, node, conf) != 0) {
        b->faulty[where->table] = true;
        return;
    }
    hg_conf__set_bit(conf, where->index);
    if (where->row->type == HG_SLOT_CUSTOM) {
        *b->customs_tail = node;
        b->customs_tail = &node->next_custom;
    }
}

/* Not known here. What it was most likely meant to be still says how to read
 * the lines inside, and whose checks would only repeat this error. */
static void bind_unknown(struct hg_conf_load *load, struct hg_conf_block *b,
                         struct hg_conf_node *node) {
    const struct hg_conf_where *meant = NULL;
    if (!node->is_broken) {
        meant = hg_conf__report_unknown(load, b->name, node);
    }
    b->faulty[meant != NULL ? meant->table : load->conf->n_tables] = true;
    if (meant != NULL && meant->row->type == HG_SLOT_BLOCK && node->has_body) {
        bind_block(load, b, meant, node, true);
    }
}

static void bind_node(struct hg_conf_load *load, struct hg_conf_block *b,
                      struct hg_conf_node *node) {
    const struct hg_conf_where *where = hg_conf__find_row(load, b->name, node->name);
    if (where == NULL) {
        bind_unknown(load, b, node);
        return;
    }
    const bool is_good = !node->is_broken && judge_body(load, where->row, node) &&
                         hg_conf__judge_arity(load, where->row, node) &&
                         judge_repetition(load, b, where->row, node);
    if (where->row->type == HG_SLOT_BLOCK && node->has_body) {
        bind_block(load, b, where, node, !is_good);
    } else if (is_good) {
        bind_value(load, b, where, node);
    } else {
        b->faulty[where->table] = true;
    }
}

/* As deep as blocks may stand in each other, which parse.c bounds. */
static void bind_lines(struct hg_conf_load *load, struct hg_conf_block *b) {
    for (struct hg_conf_node *n = b->lines; n != NULL && !load->is_stopped; n = n->next) {
        bind_node(load, b, n);
    }
}

void hg_conf__bind(struct hg_conf_load *load, struct hg_conf_node *lines) {
    struct hg_conf_block *b = new_block(load, NULL, "main", NULL);
    if (b != NULL) {
        load->conf->main = b;
        b->lines = lines;
        bind_lines(load, b);
    }
}

static void load_module(struct hg_conf_load *load, struct hg_conf_node *node) {
    const struct hg_conf_setup *setup = load->setup;
    const struct hg_conf_owner *owner = NULL;
    const unsigned n_errors = load->n_errors;
    const int err = setup->load_module(setup->arg, load, &node->line, &owner);
    if (err != 0 && load->n_errors == n_errors) {
        hg_conf_fail(load, &node->line, "the module could not be loaded: %s", hg_err_text(err));
    }
    if (err == 0 && owner != NULL) {
        hg_conf__add_table(load, owner, &node->line);
    }
    load->has_lost_module = load->has_lost_module || load->n_errors > n_errors;
}

void hg_conf__load_modules(struct hg_conf_load *load, struct hg_conf_node *lines) {
    const struct hg_conf_where *where = hg_conf__find_row(load, "main", "load_module");
    if (where == NULL || load->setup->load_module == NULL) {
        return;
    }
    unsigned min, max;
    hg_conf__arity(where->row, &min, &max);
    for (struct hg_conf_node *n = lines; n != NULL && !load->is_stopped; n = n->next) {
        /* What is wrong with the line itself, bind says later. */
        if (strcmp(n->name, "load_module") == 0 && !n->is_broken && !n->has_body &&
            n->line.n_args >= min && n->line.n_args <= max) {
            n->line.row = where->row;
            load_module(load, n);
            n->line.row = NULL;
        }
    }
}
