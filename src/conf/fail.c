/* SPDX-License-Identifier: Apache-2.0 */
/* fail.c - every fault of a load: collected, put in order, bounded; and the
 * name that was most likely meant. The only file that gives errors their
 * form. */
#include "conf/tree.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"

/* A fault's own text; what is longer is cut. */
enum { TEXT_MAX = 512 };

/* Whoever reports an argument that is not expected may be showing a secret
 * that was written in the wrong place. Returns the new length. */
static size_t hide_secrets(char *text, size_t len) {
    for (size_t at = 0; at < len;) {
        size_t end = at;
        while (end < len && text[end] != ' ' && text[end] != '"') {
            end++;
        }
        const struct hg_slice hidden = hg_conf__hidden((struct hg_slice){text + at, end - at});
        if (hidden.len > 0) {
            const size_t from = (size_t)(hidden.ptr - text), stars = hidden.len < 3 ? 1 : 3;
            memset(text + from, '*', stars);
            memmove(text + from + stars, text + from + hidden.len, len - from - hidden.len);
            len -= hidden.len - stars;
            end -= hidden.len - stars;
        }
        at = end + 1;
    }
    return len;
}

/* One line, whatever the configuration had in its arguments. */
static size_t clean(char *text, size_t len, bool is_cut) {
    while (is_cut && len > 0 && (unsigned char)text[len - 1] >= 0x80) {
        len--; /* half a character */
    }
    const bool is_utf8 = hg_utf8_is_valid(text, len);
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c < ' ' || c == 0x7f || (!is_utf8 && c >= 0x80)) {
            text[i] = '?';
        }
    }
    return hide_secrets(text, len);
}

static void print_fault(struct hg_buf *out, const char *file, unsigned line, const char *name,
                        const char *text, size_t len) {
    char head[TEXT_MAX];
    const bool has_name = name != NULL && name[0] != '\0';
    const int n = snprintf(head, sizeof(head), "%s:%u: %.80s%s", file, line, has_name ? name : "",
                           has_name ? ": " : "");
    const bool is_cut = n >= (int)sizeof(head);
    const size_t head_len = clean(head, is_cut ? sizeof(head) - 1 : (size_t)n, is_cut);
    hg_buf_put(out, head, head_len);
    hg_buf_put(out, text, len);
    HG_BUF_LIT(out, "\n");
}

static void add_fault(struct hg_conf_load *load, bool is_warning, const char *file, unsigned line,
                      const char *name, const char *fmt, va_list args) {
    if (load->is_stopped || (is_warning && load->is_replaying)) {
        return;
    }
    unsigned *n = is_warning ? &load->n_warnings : &load->n_errors;
    if (*n == HG_CONF_FAULTS_MAX) {
        load->is_stopped = load->is_stopped || !is_warning;
        return;
    }
    ++*n;
    char text[TEXT_MAX] = "warning: ";
    const size_t skip = is_warning ? strlen(text) : 0;
    const int wanted = vsnprintf(text + skip, sizeof(text) - skip, fmt, args);
    const size_t room = sizeof(text) - skip - 1;
    const bool is_cut = wanted > 0 && (size_t)wanted > room;
    const size_t len = wanted < 0 ? 0 : is_cut ? room : (size_t)wanted;
    struct hg_conf_fault *f = &load->faults[load->n_faults++];
    *f = (struct hg_conf_fault){.file = file, .line = line, .at = load->fault_text.len};
    print_fault(&load->fault_text, file, line, name, text, clean(text, skip + len, is_cut));
    f->len = load->fault_text.len - f->at;
}

void hg_conf__report(struct hg_conf_load *load, const char *file, unsigned line, const char *name,
                     const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    add_fault(load, false, file, line, name, fmt, args);
    va_end(args);
}

void hg_conf__report_node(struct hg_conf_load *load, const struct hg_conf_node *node,
                          const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    add_fault(load, false, node->line.file, node->line.number, node->name, fmt, args);
    va_end(args);
}

/* Where a fault goes whose line is not said: the line being set, else the
 * block being checked. NULL: the file as a whole. */
static const struct hg_conf_node *find_place(const struct hg_conf_load *load,
                                             const struct hg_conf_line *line) {
    if (line != NULL) {
        return hg_conf__node_of(line);
    }
    if (load->node != NULL) {
        return load->node;
    }
    return load->block != NULL ? load->block->node : NULL;
}

static void add_fault_at(struct hg_conf_load *load, bool is_warning,
                         const struct hg_conf_line *line, const char *fmt, va_list args) {
    const struct hg_conf_node *at = find_place(load, line);
    if (at != NULL) {
        add_fault(load, is_warning, at->line.file, at->line.number, at->name, fmt, args);
    } else {
        add_fault(load, is_warning, load->path, 1, "main", fmt, args);
    }
}

void hg_conf_fail(struct hg_conf_load *load, const struct hg_conf_line *line, const char *fmt,
                  ...) {
    va_list args;
    va_start(args, fmt);
    add_fault_at(load, false, line, fmt, args);
    va_end(args);
}

void hg_conf_warn(struct hg_conf_load *load, const struct hg_conf_line *line, const char *fmt,
                  ...) {
    va_list args;
    va_start(args, fmt);
    add_fault_at(load, true, line, fmt, args);
    va_end(args);
}

void *hg_conf__alloc(struct hg_conf_load *load, size_t bytes) {
    void *p = hg_arena_alloc(&load->conf->arena, bytes);
    if (p == NULL && !load->is_stopped) {
        hg_conf__report(load, load->path, 1, "main",
                        "no memory for a configuration this large; expected at most %d MiB",
                        HG_CONF_ARENA_MAX >> 20);
        load->is_stopped = true;
    }
    return p;
}

const char *hg_conf__copy(struct hg_conf_load *load, struct hg_slice s) {
    char *copy = hg_conf__alloc(load, s.len + 1);
    if (copy != NULL && s.len > 0) {
        memcpy(copy, s.ptr, s.len);
    }
    return copy;
}

void *hg_conf_alloc(struct hg_conf_load *load, size_t bytes) {
    return hg_conf__alloc(load, bytes);
}

static unsigned file_order(const struct hg_conf_load *load, const char *file) {
    const struct hg_conf_text *t = hg_map_get(&load->texts, hg_slice_of(file));
    return t != NULL ? t->ordinal : 0;
}

static bool stands_before(const struct hg_conf_load *load, const struct hg_conf_fault *a,
                          const struct hg_conf_fault *b) {
    const unsigned x = file_order(load, a->file), y = file_order(load, b->file);
    return x != y ? x < y : a->line < b->line;
}

void hg_conf__print_faults(struct hg_conf_load *load, struct hg_buf *out) {
    /* Insertion keeps the order of faults of one line; there are few. */
    for (size_t i = 1; i < load->n_faults; i++) {
        const struct hg_conf_fault f = load->faults[i];
        size_t at = i;
        for (; at > 0 && stands_before(load, &f, &load->faults[at - 1]); at--) {
            load->faults[at] = load->faults[at - 1];
        }
        load->faults[at] = f;
    }
    for (size_t i = 0; i < load->n_faults; i++) {
        hg_buf_put(out, load->fault_text.ptr + load->faults[i].at, load->faults[i].len);
    }
    if (load->is_stopped && load->n_errors == HG_CONF_FAULTS_MAX) {
        hg_buf_printf(out, "%s:1: main: there are more than %d errors; the others are not shown\n",
                      load->path, HG_CONF_FAULTS_MAX);
    }
}

/* --- faults of what was loaded --- */

static const struct hg_conf_line *find_line(const struct hg_conf_block *block, const char *name,
                                            struct hg_slice arg) {
    const struct hg_conf_line *found = NULL;
    for (const struct hg_conf_node *n = block->lines; n != NULL; n = n->next) {
        const bool is_wanted =
            arg.len == 0 || (n->line.n_args > 0 && hg_slice_eq(n->line.args[0], arg));
        if (is_wanted && strcmp(n->name, name) == 0) {
            return &n->line;
        }
    }
    for (const struct hg_conf_block *b = block->first_child; b != NULL && found == NULL;
         b = b->next) {
        found = find_line(b, name, arg);
    }
    return found;
}

void hg_conf_fault(const struct hg_conf *c, const char *name, struct hg_slice arg,
                   struct hg_buf *ret_errors, const char *fmt, ...) {
    char text[TEXT_MAX];
    const struct hg_conf_line *line = name != NULL ? find_line(c->main, name, arg) : NULL;
    const bool is_of_whole = line == NULL && name != NULL;
    const size_t skip = is_of_whole ? (size_t)snprintf(text, sizeof(text), "%.80s: ", name) : 0;
    va_list args;
    va_start(args, fmt);
    const int wanted = vsnprintf(text + skip, sizeof(text) - skip, fmt, args);
    va_end(args);
    const size_t room = sizeof(text) - skip - 1;
    const bool is_cut = wanted > 0 && (size_t)wanted > room;
    const size_t len = wanted < 0 ? 0 : is_cut ? room : (size_t)wanted;
    print_fault(ret_errors, line != NULL ? line->file : c->texts->path,
                line != NULL ? line->number : 1, line != NULL ? name : "main", text,
                clean(text, skip + len, is_cut));
}

void hg_conf_fault_at(const struct hg_conf_line *line, struct hg_buf *ret_errors, const char *fmt,
                      ...) {
    char text[TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    const int wanted = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    const bool is_cut = wanted >= (int)sizeof(text);
    const size_t len = wanted < 0 ? 0 : is_cut ? sizeof(text) - 1 : (size_t)wanted;
    print_fault(ret_errors, line->file, line->number, hg_conf__node_of(line)->name, text,
                clean(text, len, is_cut));
}

/* --- nearest names --- */

enum { NAME_MAX_LEN = 64 };

static size_t min3(size_t a, size_t b, size_t c) {
    const size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Letters added, dropped, changed, or two neighbours swapped. */
static size_t edit_distance(struct hg_slice a, struct hg_slice b) {
    size_t rows[3][NAME_MAX_LEN + 1];
    for (size_t j = 0; j <= b.len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t *now = rows[i % 3];
        const size_t *prev = rows[(i + 2) % 3], *prev2 = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            const bool is_same = a.ptr[i - 1] == b.ptr[j - 1];
            now[j] = min3(prev[j] + 1, now[j - 1] + 1, prev[j - 1] + !is_same);
            if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1] &&
                prev2[j - 2] + 1 < now[j]) {
                now[j] = prev2[j - 2] + 1;
            }
        }
    }
    return rows[a.len % 3][b.len];
}

bool hg_conf__guess(struct hg_conf_guess *g, const char *name) {
    const struct hg_slice a = hg_slice_of(g->wanted), b = hg_slice_of(name);
    if (a.len == 0 || a.len > NAME_MAX_LEN || b.len > NAME_MAX_LEN) {
        return false;
    }
    /* Two of four letters wrong is another word, not a slip. */
    const size_t limit = 1 + a.len / 5 > 3 ? 3 : 1 + a.len / 5;
    const size_t d = edit_distance(a, b);
    if (d > limit || d >= a.len || (g->best != NULL && d >= g->distance)) {
        return false;
    }
    g->best = name;
    g->distance = d;
    return true;
}
