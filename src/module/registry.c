/* SPDX-License-Identifier: Apache-2.0 */
/* registry.c - the list of loaded modules and what they add. */
#include "module/registry.h"

#include <stdlib.h>

#include "module/loader.h"

struct entry {
    struct entry *next;
    const struct hg_module *module; /* &copy */
    struct hg_module copy;          /* what an older module's shorter descriptor lacks is zero */
    struct hg_conf_owner owner;
    char *path;
};

struct hg_registry {
    char *dir;
    struct entry *entries;
    struct entry **tail;
};

struct module_conf {
    struct hg_conf_head head;
    struct hg_strings names;
};

static const struct hg_directive rows[] = {
    {.name = "load_module", .in = "main", .args = "NAME | PATH", .type = HG_SLOT_STRINGS,
     .at = offsetof(struct module_conf, names), .min_args = 1, .is_repeatable = true,
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
    if (r != NULL) {
        r->dir = strdup(dir);
        r->tail = &r->entries;
    }
    return r;
}

void hg_registry_free(struct hg_registry **pr) {
    if (*pr == NULL) {
        return;
    }
    struct entry *next;
    for (struct entry *e = (*pr)->entries; e != NULL; e = next) {
        next = e->next;
        free(e->path);
        hg_free(e);
    }
    free((*pr)->dir);
    hg_free(*pr);
    *pr = NULL;
}

static struct entry *find_path(const struct hg_registry *r, const char *path) {
    for (struct entry *e = r->entries; e != NULL; e = e->next) {
        if (strcmp(e->path, path) == 0) {
            return e;
        }
    }
    return NULL;
}

static bool same(const char *a, const char *b) { return strcmp(a, b) == 0; }

/* Two modules may not add the same kind under the same name. */
static const char *find_clash(const struct hg_registry *r, const struct hg_module *m) {
    for (struct entry *e = r->entries; e != NULL; e = e->next) {
        const struct hg_module *o = e->module;
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

static int add(struct hg_registry *r, const struct hg_module *m, const char *path,
               struct entry **ret, struct hg_why *why) {
    const char *clash = find_clash(r, m);
    if (clash != NULL) {
        hg_why_set(why, "%s: what it adds is there already, from module %s", path, clash);
        return HG_EEXIST;
    }
    struct entry *e = hg_try_alloc(sizeof(*e));
    if (e == NULL || (e->path = strdup(path)) == NULL) {
        hg_free(e);
        hg_why_set(why, "%s: no memory", path);
        return HG_ENOMEM;
    }
    memcpy(&e->copy, m, m->size);
    e->module = &e->copy;
    e->owner = (struct hg_conf_owner){m->name, m->directives, m->conf_size, m->conf_check};
    *r->tail = e;
    r->tail = &e->next;
    if (m->counters != NULL) {
        hg_counters_register(m->counters);
    }
    *ret = e;
    return 0;
}

static int load(struct hg_registry *r, struct hg_slice name, struct entry **ret,
                struct hg_why *why) {
    char path[4096];
    const struct hg_module *m;
    int err = hg_loader_path(r->dir, name, path, sizeof(path), why);
    if (err != 0) {
        return err;
    }
    struct entry *known = find_path(r, path);
    if (known != NULL) {
        *ret = known;
        return 0;
    }
    err = hg_loader_open(path, &m, why);
    return err != 0 ? err : add(r, m, path, ret, why);
}

int hg_registry_load(struct hg_registry *r, struct hg_slice name, const struct hg_module **ret,
                     struct hg_why *why) {
    struct entry *e;
    int err = load(r, name, &e, why);
    if (err == 0) {
        *ret = e->module;
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
    while (after != NULL && e != NULL && e->module != after) {
        e = e->next;
    }
    if (after != NULL && e != NULL) {
        e = e->next;
    }
    return e != NULL ? e->module : NULL;
}

/* The three finders differ in the kind alone. */
#define FIND(kind, name_slice)                                                                     \
    for (struct entry *e = r->entries; e != NULL; e = e->next) {                                   \
        if (e->module->kind != NULL &&                                                             \
            hg_slice_eq(hg_slice_of(e->module->kind->name), (name_slice))) {                       \
            if (ret_module != NULL) {                                                              \
                *ret_module = e->module;                                                           \
            }                                                                                      \
            return e->module->kind;                                                                \
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
