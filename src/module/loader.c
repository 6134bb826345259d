/* SPDX-License-Identifier: Apache-2.0 */
/* loader.c - dlopen with the checks that keep a wrong object out. */
#include "module/loader.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int hg_loader_path(const char *dir, struct hg_slice name, char *out, size_t out_bytes,
                   struct hg_why *why) {
    char absolute[4096];
    bool is_path = memchr(name.ptr, '/', name.len) != NULL;
    int len = is_path ? snprintf(out, out_bytes, "%.*s", HG_FMT(name))
                      : snprintf(out, out_bytes, "%s/%.*s.so", dir, HG_FMT(name));
    if (len < 0 || (size_t)len >= out_bytes) {
        hg_why_set(why, "%.*s: the path is too long", HG_FMT(name));
        return HG_EINVAL;
    }
    /* One file has one name here, however it was written. */
    if (realpath(out, absolute) == NULL) {
        hg_why_set(why, "%s: %s", out, strerror(errno));
        return HG_EINVAL;
    }
    if (strlen(absolute) >= out_bytes) {
        hg_why_set(why, "%.*s: the path is too long", HG_FMT(name));
        return HG_EINVAL;
    }
    snprintf(out, out_bytes, "%s", absolute);
    return 0;
}

static struct hg_slice base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    struct hg_slice s = hg_slice_of(slash ? slash + 1 : path);
    const char *dot = memchr(s.ptr, '.', s.len);
    if (dot != NULL) {
        s.len = (size_t)(dot - s.ptr);
    }
    return s;
}

/* --- the descriptor --- */

/* Nothing else of a descriptor may be looked at before this. */
static int check_abi(const struct hg_module *m, struct hg_why *why) {
    unsigned major = m->abi >> 16, minor = m->abi & 0xffff;
    if (major != HG_MODULE_ABI_MAJOR || minor > HG_MODULE_ABI_MINOR) {
        hg_why_set(why, "module ABI %u.%u; this gateway takes %u.0 to %u.%u", major, minor,
                   HG_MODULE_ABI_MAJOR, HG_MODULE_ABI_MAJOR, HG_MODULE_ABI_MINOR);
        return HG_EINVAL;
    }
    /* A module built against an older minor is shorter; none may be longer. */
    if (m->size < offsetof(struct hg_module, source) || m->size > sizeof(*m)) {
        hg_why_set(why, "the descriptor has %zu bytes; expected %zu", m->size, sizeof(*m));
        return HG_EINVAL;
    }
    return 0;
}

static int check_descriptor(const struct hg_module *m, struct hg_slice file_name,
                            struct hg_why *why) {
    if (m->name == NULL || !hg_slice_eq(hg_slice_of(m->name), file_name)) {
        hg_why_set(why, "the module calls itself %s; expected the file's name, %.*s",
                   m->name ? m->name : "nothing", HG_FMT(file_name));
        return HG_EINVAL;
    }
    if (m->directives != NULL && m->conf_size < sizeof(struct hg_conf_head)) {
        hg_why_set(why, "it has directives but no struct for them");
        return HG_EINVAL;
    }
    return 0;
}

/* Every ops struct begins with its size and the name of what it adds. */
struct ops_head {
    size_t size;
    const char *name;
};

static int take_ops(const void *from, void *to, size_t bytes, const char *kind,
                    struct hg_why *why) {
    const struct ops_head *head = from;
    if (head->size < sizeof(*head) || head->size > bytes) {
        hg_why_set(why, "its struct of the %s has %zu bytes; expected %zu", kind, head->size,
                   bytes);
        return HG_EINVAL;
    }
    memcpy(to, from, head->size);
    return 0;
}

#define TAKE(kind)                                                                                 \
    if (m->kind != NULL) {                                                                         \
        if (take_ops(m->kind, &l->kind, sizeof(l->kind), #kind, why) != 0) {                       \
            return HG_EINVAL;                                                                      \
        }                                                                                          \
        m->kind = &l->kind;                                                                        \
    }

static int take_kinds(struct hg_loaded *l, struct hg_why *why) {
    struct hg_module *m = &l->module;
    TAKE(source)
    TAKE(log)
    TAKE(sink)
    TAKE(authenticator)
    TAKE(handler)
    return 0;
}

/* The functions of each capability that is declared. */
static bool has_what_it_declares(const struct hg_log_ops *log) {
    const struct {
        unsigned cap;
        bool is_there;
    } needs[] = {
        {HG_LOG_GROUPS,
         log->group_join && log->group_leave && log->group_commit && log->group_position},
        {HG_LOG_COMPACT, log->latest != NULL},
        {HG_LOG_TRIM, log->trim != NULL},
        {HG_LOG_DELETE, log->topic_delete != NULL},
        {HG_LOG_LIST, log->list != NULL},
        {HG_LOG_SCAN, log->scan != NULL},
        {HG_LOG_FOLLOW, log->follow != NULL},
    };
    for (size_t i = 0; i < HG_COUNT(needs); i++) {
        if ((log->caps & needs[i].cap) != 0 && !needs[i].is_there) {
            return false;
        }
    }
    return true;
}

/* What is called without asking must be there. */
static const char *find_unfinished(const struct hg_module *m) {
    const struct hg_log_ops *log = m->log;
    if (m->source != NULL && !(m->source->name && m->source->media_types && m->source->decode)) {
        return "source";
    }
    if (log != NULL &&
        !(log->name && log->open && log->close && log->topic_open && log->describe && log->append &&
          log->flush && log->read && log->seek && has_what_it_declares(log))) {
        return "log";
    }
    if (m->sink != NULL && !(m->sink->name && m->sink->choose && m->sink->encode)) {
        return "sink";
    }
    if (m->authenticator != NULL && !(m->authenticator->name && m->authenticator->prove)) {
        return "authenticator";
    }
    if (m->handler != NULL && !(m->handler->name && m->handler->directive && m->handler->methods &&
                                (m->handler->handle || m->handler->start) && m->directives)) {
        return "handler";
    }
    return NULL;
}

int hg_loader_take(struct hg_loaded *l, const struct hg_module *m, struct hg_slice file_name,
                   struct hg_why *why) {
    if (check_abi(m, why) != 0) {
        return HG_EINVAL;
    }
    *l = (struct hg_loaded){0};
    memcpy(&l->module, m, m->size);
    if (check_descriptor(&l->module, file_name, why) != 0 || take_kinds(l, why) != 0) {
        return HG_EINVAL;
    }
    const char *kind = find_unfinished(&l->module);
    if (kind != NULL) {
        hg_why_set(why, "its %s lacks a name or a function that every %s has", kind, kind);
        return HG_EINVAL;
    }
    return 0;
}

/* --- the file --- */

/* Whoever can write the file, or put another in its place, can run code in
 * the gateway. */
static int check_file(const char *path, struct hg_why *why) {
    struct stat st, dir;
    char parent[4096];
    int len = (int)(strrchr(path, '/') - path);
    snprintf(parent, sizeof(parent), "%.*s/", len, path);
    if (stat(path, &st) != 0 || stat(parent, &dir) != 0) {
        hg_why_set(why, "%s: %s", path, strerror(errno));
        return HG_EINVAL;
    }
    bool is_group_open = (st.st_mode & S_IWGRP) != 0 && st.st_gid != 0 && st.st_gid != getegid();
    if (!S_ISREG(st.st_mode) || (st.st_mode & S_IWOTH) != 0 || is_group_open) {
        hg_why_set(why, "%s: expected a regular file that others may not write", path);
        return HG_EINVAL;
    }
    if ((dir.st_mode & S_IWOTH) != 0 && (dir.st_mode & S_ISVTX) == 0) {
        hg_why_set(why, "%s: expected a directory that not everybody may write", parent);
        return HG_EINVAL;
    }
    return 0;
}

int hg_loader_open(const char *path, struct hg_loaded *l, struct hg_why *why) {
    char symbol[256];
    struct hg_slice name = base_name(path);
    struct hg_why inner = {""};
    if (check_file(path, why) != 0) {
        return HG_EINVAL;
    }
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (object == NULL) {
        hg_why_set(why, "%s", dlerror());
        return HG_EINVAL;
    }
    snprintf(symbol, sizeof(symbol), "hg_module_%.*s", HG_FMT(name));
    const struct hg_module *m = dlsym(object, symbol);
    if (m == NULL) {
        hg_why_set(&inner, "there is no symbol %s in it", symbol);
    }
    if (m == NULL || hg_loader_take(l, m, name, &inner) != 0) {
        hg_why_set(why, "%s: %s", path, inner.text);
        dlclose(object); /* nothing of it has run or been kept */
        return HG_EINVAL;
    }
    return 0;
}
