/* SPDX-License-Identifier: Apache-2.0 */
/* registry.c - the list of loaded modules and what they add. */
#include "module/registry.h"

#include <stdlib.h>

#include "log/entry.h"
#include "module/loader.h"

/* A name by which load_module lines have asked for an entry. */
struct alias {
    struct alias *next;
    size_t len;
    char text[];
};

struct entry {
    struct entry *next;
    struct hg_loaded loaded;
    struct hg_conf_owner owner;
    struct alias *aliases;
    bool is_started;
    char *path;
};

struct hg_registry {
    char *dir;
    struct entry *entries;
    struct entry **tail;
    unsigned n_sinks;
};

struct module_conf {
    struct hg_conf_head head;
    struct hg_strings names;
};

static const struct hg_directive rows[] = {
    {.name = "load_module",
     .in = "main",
     .args = "NAME | PATH",
     .type = HG_SLOT_STRINGS,
     .at = offsetof(struct module_conf, names),
     .min_args = 1,
     .is_repeatable = true,
     .help = "Load a module: a name from the modules' directory, or a path with a slash."},
    HG_DIRECTIVES_END,
};

const struct hg_conf_owner hg_module_owner = {
    .name = "modules",
    .directives = rows,
    .conf_size = sizeof(struct module_conf),
};

struct hg_registry *hg_registry_new(const char *dir) {
    struct hg_registry *r = hg_try_alloc(sizeof(*r));
    if (r == NULL || (r->dir = strdup(dir)) == NULL) {
        hg_free(r);
        return NULL;
    }
    r->tail = &r->entries;
    return r;
}

static void free_entry(struct entry *e) {
    while (e->aliases != NULL) {
        struct alias *a = e->aliases;
        e->aliases = a->next;
        hg_free(a);
    }
    free(e->path);
    hg_free(e);
}

void hg_registry_free(struct hg_registry **pr) {
    if (*pr == NULL) {
        return;
    }
    while ((*pr)->entries != NULL) {
        struct entry *e = (*pr)->entries;
        (*pr)->entries = e->next;
        free_entry(e);
    }
    free((*pr)->dir);
    hg_free(*pr);
    *pr = NULL;
}

static struct entry *find_path(const struct hg_registry *r, const char *path) {
    struct entry *e = r->entries;
    while (e != NULL && strcmp(e->path, path) != 0) {
        e = e->next;
    }
    return e;
}

static bool has_alias(const struct entry *e, struct hg_slice name) {
    for (const struct alias *a = e->aliases; a != NULL; a = a->next) {
        if (hg_slice_eq((struct hg_slice){a->text, a->len}, name)) {
            return true;
        }
    }
    return false;
}

static int add_alias(struct entry *e, struct hg_slice name) {
    struct alias *a = hg_try_alloc(sizeof(*a) + name.len);
    if (a == NULL) {
        return HG_ENOMEM;
    }
    a->len = name.len;
    memcpy(a->text, name.ptr, name.len);
    a->next = e->aliases;
    e->aliases = a;
    return 0;
}

static bool same(const char *a, const char *b) {
    return strcmp(a, b) == 0;
}

/* Two modules may not add the same kind under the same name. */
static const char *find_clash(const struct hg_registry *r, const struct hg_module *m) {
    for (struct entry *e = r->entries; e != NULL; e = e->next) {
        const struct hg_module *o = &e->loaded.module;
        if (same(o->name, m->name) ||
            (m->source && o->source && same(m->source->name, o->source->name)) ||
            (m->log && o->log && same(m->log->name, o->log->name)) ||
            (m->sink && o->sink && same(m->sink->name, o->sink->name)) ||
            (m->handler && o->handler && same(m->handler->directive, o->handler->directive)) ||
            (m->authenticator && o->authenticator &&
             same(m->authenticator->name, o->authenticator->name))) {
            return o->name;
        }
    }
    return NULL;
}

/* Each sink has a slot of its own in every event that is kept in memory. */
static int check_place(const struct hg_registry *r, const struct hg_module *m, const char *path,
                       struct hg_why *why) {
    const char *clash = find_clash(r, m);
    if (clash != NULL) {
        hg_why_set(why, "%s: what it adds is there already, from module %s", path, clash);
        return HG_EEXIST;
    }
    if (m->sink != NULL && r->n_sinks == HG_ENTRY_SLOTS) {
        hg_why_set(why, "%s: there are %d sinks already, which is the most", path, HG_ENTRY_SLOTS);
        return HG_E2BIG;
    }
    return 0;
}

static int add(struct hg_registry *r, const char *path, struct entry **ret, struct hg_why *why) {
    struct entry *e = hg_try_alloc(sizeof(*e));
    if (e == NULL || (e->path = strdup(path)) == NULL) {
        hg_free(e);
        hg_why_set(why, "%s: no memory", path);
        return HG_ENOMEM;
    }
    const struct hg_module *m = &e->loaded.module;
    int err = hg_loader_open(path, &e->loaded, why);
    if (err == 0) {
        err = check_place(r, m, path, why);
    }
    if (err != 0) {
        free_entry(e);
        return err;
    }
    e->owner = (struct hg_conf_owner){m->name, m->directives, m->conf_size, m->conf_check};
    *r->tail = e;
    r->tail = &e->next;
    r->n_sinks += m->sink != NULL;
    if (m->counters != NULL) {
        hg_counters_register(m->counters);
    }
    *ret = e;
    return 0;
}

static int load(struct hg_registry *r, struct hg_slice name, struct entry **ret,
                struct hg_why *why) {
    char path[4096];
    int err = hg_loader_path(r->dir, name, path, sizeof(path), why);
    if (err != 0) {
        return err;
    }
    struct entry *e = find_path(r, path);
    if (e == NULL) {
        err = add(r, path, &e, why);
    }
    if (err == 0 && !has_alias(e, name) && add_alias(e, name) != 0) {
        hg_why_set(why, "%s: no memory", path);
        err = HG_ENOMEM;
    }
    if (err == 0) {
        *ret = e;
    }
    return err;
}

int hg_registry_load(struct hg_registry *r, struct hg_slice name, const struct hg_module **ret,
                     struct hg_why *why) {
    struct entry *e;
    int err = load(r, name, &e, why);
    if (err == 0) {
        *ret = &e->loaded.module;
    }
    return err;
}

int hg_registry_on_load_module(void *arg, struct hg_conf_load *conf_load,
                               const struct hg_conf_line *line,
                               const struct hg_conf_owner **ret_owner) {
    struct entry *e;
    struct hg_why why = {""};
    if (load(arg, line->args[0], &e, &why) != 0) {
        hg_conf_fail(conf_load, line, "%s", why.text);
        return HG_EINVAL;
    }
    *ret_owner = &e->owner;
    return 0;
}

const struct hg_module *hg_registry_next(const struct hg_registry *r,
                                         const struct hg_module *after) {
    struct entry *e = r->entries;
    while (after != NULL && e != NULL && &e->loaded.module != after) {
        e = e->next;
    }
    if (after != NULL && e != NULL) {
        e = e->next;
    }
    return e != NULL ? &e->loaded.module : NULL;
}

bool hg_registry_is_used(const struct hg_registry *r, const struct hg_conf *conf,
                         const struct hg_module *m) {
    const struct module_conf *c = hg_conf_of(hg_conf_main(conf), &hg_module_owner);
    const struct entry *e = r->entries;
    while (e != NULL && &e->loaded.module != m) {
        e = e->next;
    }
    for (size_t i = 0; e != NULL && i < c->names.n; i++) {
        if (has_alias(e, c->names.items[i])) {
            return true;
        }
    }
    return false;
}

int hg_registry_start(struct hg_registry *r, struct hg_why *why) {
    for (struct entry *e = r->entries; e != NULL; e = e->next) {
        const struct hg_module *m = &e->loaded.module;
        struct hg_why inner = {""};
        int err = e->is_started || m->process_start == NULL ? 0 : m->process_start(&inner);
        if (err != 0) {
            hg_why_set(why, "module %s: %s", m->name, inner.text);
            return err;
        }
        e->is_started = true;
    }
    return 0;
}

void hg_registry_stop(struct hg_registry *r) {
    for (struct entry *e = r->entries; e != NULL; e = e->next) {
        if (e->is_started && e->loaded.module.process_stop != NULL) {
            e->loaded.module.process_stop();
        }
        e->is_started = false;
    }
}

/* The three finders differ in the kind alone. */
#define FIND(kind, name_slice)                                                                     \
    for (struct entry *e = r->entries; e != NULL; e = e->next) {                                   \
        const struct hg_module *m = &e->loaded.module;                                             \
        if (m->kind != NULL && hg_slice_eq(hg_slice_of(m->kind->name), (name_slice))) {            \
            if (ret_module != NULL) {                                                              \
                *ret_module = m;                                                                   \
            }                                                                                      \
            return m->kind;                                                                        \
        }                                                                                          \
    }                                                                                              \
    return NULL

const struct hg_source_ops *hg_registry_source(const struct hg_registry *r, struct hg_slice name,
                                               const struct hg_module **ret_module) {
    FIND(source, name);
}

const struct hg_log_ops *hg_registry_log(const struct hg_registry *r, struct hg_slice name,
                                         const struct hg_module **ret_module) {
    FIND(log, name);
}

const struct hg_authenticator_ops *hg_registry_authenticator(const struct hg_registry *r,
                                                             struct hg_slice name,
                                                             const struct hg_module **ret_module) {
    FIND(authenticator, name);
}
