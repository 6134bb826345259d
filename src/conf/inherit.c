/* SPDX-License-Identifier: Apache-2.0 */
/* inherit.c - what the lines of a block did not say: from the block around
 * it, else from the row's default; then the owners' own checks.
 *
 * Values of the known types are copied. What a custom row's setter writes is
 * known to nobody else, so its lines are played again into the inner struct:
 * inner and outer never share what a setter may add to. */
#include "conf/tree.h"

/* The nearest block around that has a struct of the table. */
static const struct hg_conf_block *find_outer(const struct hg_conf_block *b, size_t table) {
    for (b = b->parent; b != NULL; b = b->parent) {
        if (b->structs[table] != NULL) {
            return b;
        }
    }
    return NULL;
}

static struct hg_conf_node *find_default(struct hg_conf_load *load, struct hg_conf_table *t,
                                         const struct hg_directive *row) {
    struct hg_conf_node **node = &t->defaults[row - t->owner->directives];
    if (*node == NULL) {
        *node = hg_conf__parse_default(load, t->owner, row);
    }
    return *node;
}

static void set_default(struct hg_conf_load *load, struct hg_conf_table *t,
                        const struct hg_directive *row, void *conf) {
    struct hg_conf_node *node =
        row->def != NULL && row->def[0] != '\0' ? find_default(load, t, row) : NULL;
    if (node == NULL || node->is_broken) {
        return;
    }
    /* A default that cannot be is one error, not one in each block. */
    node->is_broken =
        !hg_conf__judge_arity(load, row, node) || hg_conf__slot_set(load, t, row, node, conf) != 0;
    t->is_faulty = t->is_faulty || node->is_broken;
}

/* The custom lines that hold in outer, which said them or got them from
 * further out, for conf. */
static void replay(struct hg_conf_load *load, size_t table, const struct hg_directive *row,
                   const struct hg_conf_block *outer, void *conf) {
    struct hg_conf_table *t = &load->conf->tables[table];
    bool is_found = false;
    load->is_replaying = true;
    for (; outer != NULL && !is_found; outer = outer->parent) {
        for (struct hg_conf_node *n = outer->customs; n != NULL; n = n->next_custom) {
            if (n->line.row == row) {
                hg_conf__slot_set(load, t, row, n, conf);
                is_found = true;
            }
        }
    }
    load->is_replaying = false;
}

static void inherit_row(struct hg_conf_load *load, size_t table, size_t index,
                        const struct hg_conf_block *outer, void *conf) {
    struct hg_conf_table *t = &load->conf->tables[table];
    const struct hg_directive *row = &t->owner->directives[index];
    const bool is_given = outer != NULL && !row->is_local;
    const bool is_set = is_given && hg_conf__has_bit(outer->structs[table], index);
    if (is_set) {
        hg_conf__set_bit(conf, index);
    }
    if (row->type == HG_SLOT_CUSTOM && is_set) {
        replay(load, table, row, outer, conf);
    } else if (row->type != HG_SLOT_CUSTOM && is_given) {
        memcpy((char *)conf + row->at, (const char *)outer->structs[table] + row->at,
               hg_conf__slot_bytes(row->type));
    } else {
        set_default(load, t, row, conf);
    }
}

/* Outermost first: what is copied from the block around is complete. */
void hg_conf__inherit(struct hg_conf_load *load, struct hg_conf_block *block) {
    const struct hg_conf *c = load->conf;
    for (size_t i = 0; i < c->n_tables && !load->is_stopped; i++) {
        void *conf = block->structs[i];
        const struct hg_conf_block *outer = find_outer(block, i);
        for (size_t j = 0; conf != NULL && j < c->tables[i].n_rows; j++) {
            if (c->tables[i].owner->directives[j].type != HG_SLOT_BLOCK &&
                !hg_conf__has_bit(conf, j)) {
                inherit_row(load, i, j, outer, conf);
            }
        }
    }
    for (struct hg_conf_block *b = block->first_child; b != NULL && !load->is_stopped;
         b = b->next) {
        hg_conf__inherit(load, b);
    }
}

static void check_owner(struct hg_conf_load *load, struct hg_conf_block *block, size_t table) {
    const struct hg_conf_owner *owner = load->conf->tables[table].owner;
    const unsigned n_errors = load->n_errors;
    const int err = owner->check(load, block, block->structs[table]);
    if (err != 0 && load->n_errors == n_errors) {
        hg_conf_fail(load, NULL, "%s refuses this and does not say why", owner->name);
    }
}

/* With lines of the owner missing here or further out it would report what is
 * only a consequence of an error that is reported already. */
static bool is_misleading(const struct hg_conf_block *block, size_t table) {
    bool is_faulty = block->conf->tables[table].is_faulty;
    for (; block != NULL; block = block->parent) {
        is_faulty = is_faulty || block->faulty[table];
    }
    return is_faulty;
}

void hg_conf__check(struct hg_conf_load *load, struct hg_conf_block *block) {
    const struct hg_conf *c = load->conf;
    for (size_t i = 0; i < c->n_tables && !load->is_stopped; i++) {
        if (block->structs[i] != NULL && c->tables[i].owner->check != NULL &&
            !is_misleading(block, i)) {
            load->block = block;
            check_owner(load, block, i);
            load->block = NULL;
        }
    }
    for (struct hg_conf_block *b = block->first_child; b != NULL && !load->is_stopped;
         b = b->next) {
        hg_conf__check(load, b);
    }
}
