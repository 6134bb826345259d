/* SPDX-License-Identifier: Apache-2.0 */
/* conf.c - a load from first byte to last check, and what may be asked of
 * the result. The steps of a load are the lines of run_load. */
#include "conf/conf.h"

#include "conf/tree.h"

/* --- load --- */

static void add_owners(struct hg_conf_load *load) {
    for (size_t i = 0; load->setup->owners[i] != NULL; i++) {
        hg_conf__add_table(load, load->setup->owners[i], NULL);
    }
}

static void run_load(struct hg_conf_load *load) {
    add_owners(load);
    struct hg_conf_node *lines = hg_conf__parse(load);
    load->has_lost_lines = load->n_errors > 0;
    hg_conf__load_modules(load, lines);
    if (!load->is_stopped) {
        hg_conf__bind(load, lines);
    }
    if (load->conf->main != NULL && !load->is_stopped) {
        hg_conf__inherit(load, load->conf->main);
        hg_conf__check(load, load->conf->main);
    }
}

static struct hg_conf *new_conf(void) {
    struct hg_conf *c = hg_try_alloc(sizeof(*c));
    if (c != NULL) {
        atomic_init(&c->refs, 1);
        c->arena.max_bytes = HG_CONF_ARENA_MAX;
        c->texts_tail = &c->texts;
    }
    return c;
}

static void fini_load(struct hg_conf_load *load) {
    hg_map_fini(&load->rows);
    hg_map_fini(&load->scopes);
    hg_map_fini(&load->texts);
    hg_buf_fini(&load->fault_text);
}

/* 0 or HG_EINVAL; whatever there is to say is in ret_errors. */
static int load_into(struct hg_conf *c, struct hg_conf_load *load, struct hg_buf *ret_errors) {
    load->conf = c;
    load->path = hg_conf__copy(load, load->setup->path);
    if (load->path == NULL) {
        return HG_EINVAL;
    }
    run_load(load);
    const bool is_good = load->n_errors == 0 && !load->is_stopped;
    hg_conf__print_faults(load, ret_errors);
    if (!is_good && load->n_errors == 0) {
        hg_buf_printf(ret_errors, "%s:1: main: %s\n", load->path, hg_err_text(HG_ENOMEM));
    }
    return is_good ? 0 : HG_EINVAL;
}

/* Where a file or a module is missing, anything may be missing. */
static bool can_be_judged(const struct hg_conf_setup *setup, const struct hg_conf_load *load) {
    return setup->keeps_faulty && load != NULL && !load->is_stopped && !load->has_lost_lines &&
           !load->has_lost_module && load->conf != NULL && load->conf->main != NULL;
}

int hg_conf_load(const struct hg_conf_setup *setup, struct hg_conf **ret_conf,
                 struct hg_buf *ret_errors) {
    struct hg_conf_load *load = hg_try_alloc(sizeof(*load));
    struct hg_conf *c = new_conf();
    int err = HG_EINVAL;
    if (load != NULL && c != NULL) {
        load->setup = setup;
        err = load_into(c, load, ret_errors);
        fini_load(load);
    } else {
        hg_buf_printf(ret_errors, "%.*s:1: main: %s\n", HG_FMT(setup->path),
                      hg_err_text(HG_ENOMEM));
    }
    const bool is_kept = err == 0 || can_be_judged(setup, load);
    hg_free(load);
    if (is_kept) {
        *ret_conf = c;
    } else {
        hg_conf_unref(&c);
    }
    return err;
}

struct hg_conf *hg_conf_ref(struct hg_conf *c) {
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

void hg_conf_unref(struct hg_conf **pc) {
    struct hg_conf *c = *pc;
    *pc = NULL;
    if (c == NULL || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) > 1) {
        return;
    }
    for (struct hg_conf_secret *s = c->secrets; s != NULL; s = s->next) {
        explicit_bzero((void *)(uintptr_t)s->bytes.ptr, s->bytes.len);
    }
    hg_arena_fini(&c->arena);
    hg_free(c);
}

/* --- what there is --- */

struct hg_conf_block *hg_conf_main(const struct hg_conf *c) {
    return c->main;
}

void *hg_conf_of_table(const struct hg_conf_block *block, const struct hg_directive *directives) {
    for (size_t i = 0; i < block->conf->n_tables; i++) {
        if (block->conf->tables[i].owner->directives == directives) {
            return block->structs[i];
        }
    }
    return NULL;
}

void *hg_conf_of(const struct hg_conf_block *block, const struct hg_conf_owner *owner) {
    return hg_conf_of_table(block, owner->directives);
}

bool hg_conf_is_whole(const struct hg_conf_block *block) {
    for (size_t i = 0; i <= block->conf->n_tables; i++) {
        if (block->faulty[i]) {
            return false;
        }
    }
    return true;
}

struct hg_conf_block *hg_conf_next_block(const struct hg_conf_block *in, const char *name,
                                         const struct hg_conf_block *after) {
    struct hg_conf_block *b = after != NULL ? after->next : in->first_child;
    while (b != NULL && strcmp(b->name, name) != 0) {
        b = b->next;
    }
    return b;
}

struct hg_conf_block *hg_conf_parent(const struct hg_conf_block *block) {
    return block->parent;
}

const struct hg_conf_line *hg_conf_line_of(const struct hg_conf_block *block) {
    return block->node != NULL ? &block->node->line : NULL;
}

const struct hg_conf_line *hg_conf_line_for(const struct hg_conf_block *block, const char *name,
                                            bool *ret_is_own) {
    for (const struct hg_conf_block *b = block; b != NULL; b = b->parent) {
        for (const struct hg_conf_node *n = b->lines; n != NULL; n = n->next) {
            if (strcmp(n->name, name) == 0) {
                *ret_is_own = b == block;
                return &n->line;
            }
        }
    }
    *ret_is_own = false;
    return NULL;
}

const struct hg_conf_line *hg_conf_set_here(const struct hg_conf_block *block,
                                            const struct hg_directive *row) {
    for (const struct hg_conf_node *n = block->lines; n != NULL; n = n->next) {
        if (n->line.row == row) {
            return &n->line;
        }
    }
    return NULL;
}
