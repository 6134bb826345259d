/* SPDX-License-Identifier: Apache-2.0 */
/* location.c - one location compiled: its path, what it accepts, streams or
 * hands to a handler, and what OPTIONS says of it. */
#include "edge/site.h"

#include "headgate/buf.h"

/* Requests come with dots resolved, slashes single and escapes decoded. What a
 * prefix ends with may go on in the request. */
static bool can_be_asked_for(struct hg_slice path, bool is_whole) {
    size_t from = 1;
    for (size_t i = 1; i <= path.len; i++) {
        if (i < path.len && path.ptr[i] != '/') {
            continue;
        }
        struct hg_slice segment = {path.ptr + from, i - from};
        bool is_end = i == path.len;
        bool is_dots = hg_slice_eq(segment, HG_SLICE(".")) || hg_slice_eq(segment, HG_SLICE(".."));
        if ((segment.len == 0 && !is_end) || (is_dots && (is_whole || !is_end))) {
            return false;
        }
        from = i + 1;
    }
    return true;
}

int hg_site__compile_path(const struct hg_conf_line *line, struct hg_location *l,
                          struct hg_why *why) {
    bool is_exact = line->n_args == 2;
    struct hg_slice path = line->args[line->n_args - 1];
    if (is_exact && !hg_slice_eq(line->args[0], HG_SLICE("="))) {
        hg_why_set(why, "\"%.*s\" is not known; expected = PATH or PATH", HG_FMT(line->args[0]));
        return HG_EINVAL;
    }
    if (path.len == 0 || path.ptr[0] != '/') {
        hg_why_set(why, "\"%.*s\" is no path; expected it to begin with /", HG_FMT(path));
        return HG_EINVAL;
    }
    const char *open = memmem(path.ptr, path.len, "{topic}", 7);
    l->kind = is_exact ? HG_PATH_EXACT : HG_PATH_PREFIX;
    l->path = path;
    if (open != NULL) {
        l->kind = HG_PATH_CAPTURE;
        l->path = (struct hg_slice){path.ptr, (size_t)(open - path.ptr)};
        l->after = (struct hg_slice){open + 7, path.len - l->path.len - 7};
    }
    struct hg_slice rest = open != NULL ? l->after : path;
    bool is_odd = (open != NULL && (open[-1] != '/' || (rest.len > 0 && rest.ptr[0] != '/'))) ||
                  (rest.len > 0 && memchr(rest.ptr, '{', rest.len) != NULL);
    if (is_odd) {
        hg_why_set(why, "\"%.*s\" has a capture that is no whole segment; expected {topic}, once",
                   HG_FMT(path));
        return HG_EINVAL;
    }
    if (!can_be_asked_for(path, l->kind != HG_PATH_PREFIX)) {
        hg_why_set(why, "\"%.*s\" is never asked for: paths come without //, /./ and /../",
                   HG_FMT(path));
        return HG_EINVAL;
    }
    return 0;
}

static bool has_capture(struct hg_slice text) {
    return text.len > 0 && memmem(text.ptr, text.len, "$topic", 6) != NULL;
}

/* $topic in a location that captures nothing would answer everybody with 404. */
static int check_capture(const struct hg_location *l, struct hg_why *why) {
    bool has_any = has_capture(l->intake.topic_template);
    for (size_t i = 0; i < l->conf->stream.n; i++) {
        has_any = has_any || has_capture(l->conf->stream.items[i]);
    }
    if (has_any && l->kind != HG_PATH_CAPTURE) {
        hg_why_set(why, "it names $topic, which its path does not capture; expected {topic} as a "
                        "segment of the path");
        return HG_EINVAL;
    }
    return 0;
}

/* The handler whose rows were used in this very block. */
static int find_handler(const struct hg_site_setup *setup, const struct hg_conf_block *block,
                        struct hg_location *l, struct hg_why *why) {
    for (unsigned i = 0; i < setup->n_handlers; i++) {
        const struct hg_site_handler *h = &setup->handlers[i];
        for (const struct hg_directive *row = h->rows; row != NULL && row->name != NULL; row++) {
            if (strcmp(row->name, h->ops->directive) != 0 || !hg_conf_set_here(block, row)) {
                continue;
            }
            if (l->handler != NULL || l->intake.source != NULL || l->conf->stream.n > 0) {
                hg_why_set(why, "%s stands beside what answers the location already", row->name);
                return HG_EINVAL;
            }
            l->handler = h->ops;
            l->handler_conf = hg_conf_of_table(block, h->rows);
        }
    }
    return 0;
}

static struct hg_slice join(struct hg_arena *arena, struct hg_buf *b) {
    struct hg_slice s = hg_arena_copy(arena, hg_buf_slice(b));
    hg_buf_fini(b);
    return s;
}

/* A module that was built before sources could say it per location has a
 * smaller struct. */
static const char *const *media_types(const struct hg_intake *intake) {
    const struct hg_source_ops *source = intake->source;
    bool can_say = source->size >=
                   offsetof(struct hg_source_ops, media_types_of) + sizeof(source->media_types_of);
    return can_say && source->media_types_of != NULL ? source->media_types_of(intake->source_conf)
                                                     : source->media_types;
}

void hg_site__describe(struct hg_arena *arena, struct hg_location *l) {
    struct hg_buf allow = {.max = 256}, post = {.max = 1024};
    const struct hg_source_ops *source = l->intake.source;
    HG_BUF_LIT(&allow, "OPTIONS");
    for (size_t i = 0; l->handler != NULL && l->handler->methods[i] != NULL; i++) {
        hg_buf_printf(&allow, ", %s", l->handler->methods[i]);
        if (strcmp(l->handler->methods[i], "GET") == 0) {
            HG_BUF_LIT(&allow, ", HEAD");
        }
    }
    if (l->conf != NULL && l->conf->stream.n > 0) {
        HG_BUF_LIT(&allow, ", GET");
    }
    if (source != NULL) {
        HG_BUF_LIT(&allow, ", POST");
    }
    const char *const *types = source != NULL ? media_types(&l->intake) : NULL;
    for (size_t i = 0; types != NULL && types[i] != NULL; i++) {
        hg_buf_printf(&post, "%s%s", i > 0 ? ", " : "", types[i]);
    }
    l->allow = join(arena, &allow);
    l->accept_post = join(arena, &post);
}

/* The next of "OPTIONS, GET, POST"; false at the end. */
static bool next_method(struct hg_slice *list, struct hg_slice *ret) {
    if (list->len == 0) {
        return false;
    }
    const char *comma = memchr(list->ptr, ',', list->len);
    size_t n = comma != NULL ? (size_t)(comma - list->ptr) : list->len;
    size_t used = comma != NULL ? n + 1 : n;
    *ret = hg_slice_trim((struct hg_slice){list->ptr, n});
    *list = (struct hg_slice){list->ptr + used, list->len - used};
    return true;
}

static bool has_method(struct hg_slice list, struct hg_slice method) {
    struct hg_slice m;
    while (next_method(&list, &m)) {
        if (hg_slice_eq(m, method)) {
            return true;
        }
    }
    return false;
}

void hg_site__describe_server(struct hg_arena *arena, struct hg_server *server) {
    struct hg_buf allow = {.max = 256};
    HG_BUF_LIT(&allow, "OPTIONS");
    for (size_t i = 0; i < server->n_locations; i++) {
        struct hg_slice list = server->locations[i].allow, m;
        while (next_method(&list, &m)) {
            if (!has_method(hg_buf_slice(&allow), m)) {
                hg_buf_printf(&allow, ", %.*s", HG_FMT(m));
            }
        }
    }
    server->allow = join(arena, &allow);
}

int hg_site__compile_access(const struct hg_edge__conf *conf, struct hg_arena *arena,
                            struct hg_access_log *ret, struct hg_why *why) {
    const struct hg_strings *log = &conf->access_log, *formats = &conf->log_formats;
    struct hg_slice text = hg_slice_of(hg_access_default_format);
    if (hg_access_path(log).len == 0) {
        return 0;
    }
    for (size_t i = 0; log->n == 2 && i + 1 < formats->n; i += 2) {
        if (hg_slice_eq(formats->items[i], log->items[1])) {
            text = formats->items[i + 1];
        }
    }
    if (log->n == 2 && text.ptr == hg_access_default_format) {
        hg_why_set(why, "access_log: there is no log_format \"%.*s\"", HG_FMT(log->items[1]));
        return HG_EINVAL;
    }
    int err = hg_access_format_new(text, arena, &ret->format, why);
    if (err == 0) {
        ret->file = hg_access_file_find(hg_access_path(log)); /* NULL in the master: no lines */
    }
    return err;
}

int hg_site__compile_location(const struct hg_site_setup *setup, struct hg_arena *arena,
                              const struct hg_conf_block *block, struct hg_location *ret,
                              struct hg_why *why) {
    ret->conf = hg_conf_of(block, &hg_edge_owner);
    if (hg_intake_compile(block, &setup->finder, &ret->intake, why) != 0) {
        return HG_EINVAL;
    }
    ret->intake.rights = setup->rights;
    ret->intake.anonymous = setup->anonymous;
    ret->intake.keys = setup->keys;
    if (check_capture(ret, why) != 0 || find_handler(setup, block, ret, why) != 0 ||
        hg_site__compile_access(ret->conf, arena, &ret->access, why) != 0) {
        return HG_EINVAL;
    }
    bool is_used = ret->intake.source != NULL || ret->conf->stream.n > 0 || ret->handler != NULL;
    if (!is_used) {
        hg_why_set(why, "it answers nothing; expected accept, stream or a handler's directive");
        return HG_EINVAL;
    }
    const struct hg_proofs *proofs = &ret->intake.proofs;
    if (ret->handler == NULL && !proofs->is_none && proofs->n == 0) {
        hg_why_set(why, "it does not say who may call; expected authenticate NAME or authenticate "
                        "none");
        return HG_EINVAL;
    }
    hg_site__describe(arena, ret);
    return 0;
}
