/* SPDX-License-Identifier: Apache-2.0 */
/* dump.c - -T: every file's statements, written again as they were read.
 *
 * Shows no secret: a reference to one (file:PATH, env:NAME) may be seen, what
 * it refers to never. Comments are not kept. */
#include "conf/tree.h"

#include "conf/token.h"

/* Arguments of these names hold secrets, also with a prefix: client_secret=. */
static const char *const secret_names[] = {"secret", "password", "token"};

static bool ends_with(struct hg_slice s, const char *end) {
    const size_t n = strlen(end);
    return s.len >= n && memcmp(s.ptr + s.len - n, end, n) == 0;
}

/* The name in name=value; empty if there is none. */
static struct hg_slice name_of(struct hg_slice arg) {
    const char *equals = arg.len > 0 ? memchr(arg.ptr, '=', arg.len) : NULL;
    return (struct hg_slice){arg.ptr, equals != NULL ? (size_t)(equals - arg.ptr) : 0};
}

static bool is_reference(struct hg_slice value) {
    return hg_slice_starts(value, HG_SLICE("file:")) || hg_slice_starts(value, HG_SLICE("env:"));
}

static bool names_secret(struct hg_slice name) {
    for (size_t i = 0; i < HG_COUNT(secret_names); i++) {
        if (ends_with(name, secret_names[i])) {
            return true;
        }
    }
    return false;
}

/* The password in scheme://user:password@host; empty if there is none. */
static struct hg_slice password_of(struct hg_slice arg) {
    const char *p = arg.len > 0 ? memmem(arg.ptr, arg.len, "://", 3) : NULL;
    if (p == NULL) {
        return (struct hg_slice){0};
    }
    p += 3;
    const char *const end = arg.ptr + arg.len, *colon = NULL, *at = NULL;
    for (const char *c = p; c < end && *c != '/' && *c != '?' && *c != '#'; c++) {
        colon = *c == ':' && colon == NULL ? c : colon;
        at = *c == '@' ? c : at;
    }
    if (colon == NULL || at == NULL || at < colon) {
        return (struct hg_slice){0};
    }
    return (struct hg_slice){colon + 1, (size_t)(at - colon - 1)};
}

struct hg_slice hg_conf__hidden(struct hg_slice arg) {
    const struct hg_slice name = name_of(arg);
    if (!names_secret(name)) {
        return password_of(arg);
    }
    const struct hg_slice value = {arg.ptr + name.len + 1, arg.len - name.len - 1};
    return is_reference(value) ? (struct hg_slice){0} : value;
}

static struct hg_slice hidden_in(const struct hg_conf_node *node, struct hg_slice arg) {
    const struct hg_directive *row = node->line.row;
    if (row == NULL || row->type != HG_SLOT_SECRET) {
        return hg_conf__hidden(arg);
    }
    return is_reference(arg) ? (struct hg_slice){0} : arg;
}

static void put_arg(struct hg_buf *out, const struct hg_conf_node *node, struct hg_slice arg) {
    const struct hg_slice hidden = hidden_in(node, arg);
    if (hidden.len == 0) {
        hg_token_encode(arg, out);
        return;
    }
    struct hg_buf shown = {0};
    hg_buf_put(&shown, arg.ptr, (size_t)(hidden.ptr - arg.ptr));
    HG_BUF_LIT(&shown, "***");
    const char *rest = hidden.ptr + hidden.len;
    hg_buf_put(&shown, rest, (size_t)(arg.ptr + arg.len - rest));
    out->is_failed = out->is_failed || shown.is_failed;
    hg_token_encode(hg_buf_slice(&shown), out);
    hg_buf_fini(&shown);
}

static void put_indent(struct hg_buf *out, unsigned depth) {
    for (unsigned i = 0; i < depth; i++) {
        HG_BUF_LIT(out, "    ");
    }
}

/* The braces of the blocks that end before a statement of this depth. */
static void close_blocks(struct hg_buf *out, unsigned *open, unsigned depth) {
    while (*open > depth) {
        put_indent(out, --*open);
        HG_BUF_LIT(out, "}\n");
    }
}

static void put_node(struct hg_buf *out, const struct hg_conf_node *node) {
    put_indent(out, node->depth);
    hg_token_encode(hg_slice_of(node->name), out);
    for (size_t i = 0; i < node->line.n_args; i++) {
        HG_BUF_LIT(out, " ");
        put_arg(out, node, node->line.args[i]);
    }
    if (node->has_body) {
        HG_BUF_LIT(out, " {\n");
    } else {
        HG_BUF_LIT(out, ";\n");
    }
}

void hg_conf_dump(const struct hg_conf *c, struct hg_buf *out) {
    for (const struct hg_conf_text *t = c->texts; t != NULL; t = t->next) {
        unsigned open = 0;
        hg_buf_printf(out, "%s# configuration file %s:\n", t == c->texts ? "" : "\n", t->path);
        for (const struct hg_conf_node *n = t->first; n != NULL; n = n->next_in_file) {
            close_blocks(out, &open, n->depth);
            put_node(out, n);
            open += n->has_body;
        }
        close_blocks(out, &open, 0);
    }
}
