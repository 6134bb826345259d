/* SPDX-License-Identifier: Apache-2.0 */
/* parse.c - words to statements and blocks, over all included files.
 *
 * Knows one name, include, and no directive. A fault is reported and passed
 * by at the next ";" or brace, so that one run finds all of them. */
#include "conf/tree.h"

#include <errno.h>

#include "base/utf8.h"
#include "conf/token.h"

/* Where the next statement of a block is hung. */
struct body {
    struct hg_conf_node **tail;
};

/* One file being read. */
struct parser {
    struct hg_conf_load *load;
    const struct parser *from; /* the file whose include line is being obeyed */
    const char *path;
    struct hg_lexer lexer;
    struct hg_conf_node **text_tail; /* NULL: -T has this file already */
    struct hg_buf words;             /* struct hg_slice, of the statement so far */
    unsigned first_line, last_line;  /* of the statement so far */
    bool is_broken;                  /* the statement so far has a fault */
    unsigned outer_depth;            /* blocks open around the include line */
    unsigned depth;                  /* blocks open in this file */
    struct hg_conf_node *open[HG_CONF_BLOCKS_DEEP_MAX];
    struct body bodies[HG_CONF_BLOCKS_DEEP_MAX + 1]; /* [depth] is the innermost */
};

static void parse_path(struct hg_conf_load *load, const struct parser *from,
                       const struct hg_conf_node *include, const char *path, struct body *body);

static size_t count_words(const struct parser *p) {
    return p->words.len / sizeof(struct hg_slice);
}

static struct hg_slice *words_of(const struct parser *p) {
    return (struct hg_slice *)(void *)p->words.ptr;
}

/* The word that begins the statement, for the head of an error. */
static const char *statement_name(const struct parser *p) {
    return count_words(p) > 0 ? words_of(p)[0].ptr : "";
}

static void take_word(struct parser *p, const struct hg_token *t) {
    char *bytes = hg_conf__alloc(p->load, t->raw.len + 1);
    if (bytes == NULL) {
        return;
    }
    const struct hg_slice word = {bytes, hg_token_decode(t->raw, bytes)};
    if (count_words(p) == 0) {
        p->first_line = t->line;
    }
    p->last_line = t->line;
    hg_buf_put(&p->words, &word, sizeof(word));
    if (t->fault != NULL) {
        p->is_broken = true;
        hg_conf__report(p->load, p->path, t->line, statement_name(p), "column %u: %s",
                        hg_token_column(p->lexer.text, t), t->fault);
    }
}

static struct hg_conf_node *new_node(struct parser *p, const struct hg_token *end) {
    const size_t n = count_words(p);
    struct hg_conf_node *node = hg_conf__alloc(p->load, sizeof(*node));
    struct hg_slice *args = hg_conf__alloc(p->load, (n > 1 ? n - 1 : 1) * sizeof(struct hg_slice));
    if (node == NULL || args == NULL) {
        return NULL;
    }
    if (n > 1) {
        memcpy(args, words_of(p) + 1, (n - 1) * sizeof(*args));
    }
    node->line = (struct hg_conf_line){
        .file = p->path, .number = p->first_line, .args = args, .n_args = n > 1 ? n - 1 : 0};
    node->name = statement_name(p);
    node->last_line = p->last_line;
    node->depth = p->depth;
    node->has_body = end->kind == HG_TOKEN_OPEN;
    node->is_broken = p->is_broken;
    if (n == 0) {
        node->line.number = end->line;
        node->is_broken = true;
    }
    if (p->text_tail != NULL) {
        *p->text_tail = node;
        p->text_tail = &node->next_in_file;
    }
    return node;
}

/* --- include --- */

static bool is_pattern(struct hg_slice path) {
    for (size_t i = 0; i < path.len; i++) {
        if (path.ptr[i] == '*' || path.ptr[i] == '?' || path.ptr[i] == '[') {
            return true;
        }
    }
    return false;
}

static void include_pattern(struct parser *p, const struct hg_conf_node *node) {
    struct hg_buf key = {0};
    struct hg_slice paths;
    HG_BUF_LIT(&key, "glob:");
    hg_buf_put_slice(&key, node->line.args[0]);
    const int err = hg_conf_files_get(p->load->setup->files, hg_buf_slice(&key), &paths);
    if (err != 0) {
        hg_conf__report_node(p->load, node, "cannot look for \"%s\": %s", node->line.args[0].ptr,
                             err == HG_EIO ? strerror(errno) : hg_err_text(err));
    } else {
        /* Each ends with a 0. */
        for (size_t at = 0; at < paths.len && !p->load->is_stopped;) {
            const char *path = paths.ptr + at;
            parse_path(p->load, p, node, path, &p->bodies[p->depth]);
            at += strlen(path) + 1;
        }
    }
    hg_buf_fini(&key);
}

static void include(struct parser *p, const struct hg_conf_node *node) {
    if (node->line.n_args != 1 || node->has_body) {
        hg_conf__report_node(p->load, node, "takes one path or pattern; expected include PATH;");
    } else if (node->line.args[0].len == 0) {
        hg_conf__report_node(p->load, node, "the path is empty; expected include PATH;");
    } else if (is_pattern(node->line.args[0])) {
        include_pattern(p, node);
    } else {
        parse_path(p->load, p, node, node->line.args[0].ptr, &p->bodies[p->depth]);
    }
}

/* --- statements --- */

/* The block that node opens takes what comes next. */
static void push_block(struct parser *p, struct hg_conf_node *node) {
    p->open[p->depth++] = node;
    p->bodies[p->depth].tail = &node->body;
}

/* Too deep to keep: pass by all of it. */
static void skip_block(struct parser *p) {
    struct hg_token t;
    unsigned n_open = 1;
    while (n_open > 0) {
        hg_lexer_next(&p->lexer, &t);
        n_open += t.kind == HG_TOKEN_OPEN;
        n_open -= t.kind == HG_TOKEN_CLOSE;
        if (t.kind == HG_TOKEN_EOF) {
            return;
        }
    }
}

/* The words so far are a statement; end is what ended it. */
static void finish_statement(struct parser *p, const struct hg_token *end) {
    struct hg_conf_node *node = new_node(p, end);
    if (node == NULL) {
        return;
    }
    const bool is_include = strcmp(node->name, "include") == 0;
    if (is_include && !node->is_broken) {
        include(p, node);
    }
    if (!is_include) {
        *p->bodies[p->depth].tail = node;
        p->bodies[p->depth].tail = &node->next;
    }
    if (node->has_body) {
        if (p->outer_depth + p->depth < HG_CONF_BLOCKS_DEEP_MAX) {
            push_block(p, node);
        } else {
            hg_conf__report_node(p->load, node, "blocks stand more than %d deep in each other",
                                 HG_CONF_BLOCKS_DEEP_MAX);
            skip_block(p);
        }
    }
    hg_buf_clear(&p->words);
    p->is_broken = false;
}

static void report_token(struct parser *p, const struct hg_token *t, const char *text) {
    hg_conf__report(p->load, p->path, t->line, statement_name(p), "column %u: %s",
                    hg_token_column(p->lexer.text, t), text);
}

static void on_open(struct parser *p, const struct hg_token *t) {
    if (count_words(p) == 0) {
        report_token(p, t, "unexpected \"{\"; expected the name of a block before it");
    }
    finish_statement(p, t);
}

static void on_end_line(struct parser *p, const struct hg_token *t) {
    if (count_words(p) == 0) {
        report_token(p, t, "unexpected \";\"; expected a directive before it");
    } else {
        finish_statement(p, t);
    }
}

static void on_close(struct parser *p, const struct hg_token *t) {
    if (count_words(p) > 0) {
        report_token(p, t, "unexpected \"}\"; expected \";\" before it");
        finish_statement(p, t);
    }
    if (p->depth == 0) {
        report_token(p, t, "unexpected \"}\"; no block is open here");
    } else {
        p->depth--;
    }
}

static void on_eof(struct parser *p, const struct hg_token *t) {
    if (count_words(p) > 0) {
        hg_conf__report(p->load, p->path, p->first_line, statement_name(p),
                        "the file ends inside this directive; expected \";\"");
        finish_statement(p, t);
    }
    while (p->depth > 0) {
        hg_conf__report_node(
            p->load, p->open[--p->depth],
            "the block is never closed; expected \"}\" before the end of the file");
    }
}

static void parse_tokens(struct parser *p) {
    struct hg_token t;
    do {
        hg_lexer_next(&p->lexer, &t);
        switch (t.kind) {
        case HG_TOKEN_WORD:
            take_word(p, &t);
            break;
        case HG_TOKEN_END_LINE:
            on_end_line(p, &t);
            break;
        case HG_TOKEN_OPEN:
            on_open(p, &t);
            break;
        case HG_TOKEN_CLOSE:
            on_close(p, &t);
            break;
        case HG_TOKEN_EOF:
            on_eof(p, &t);
            break;
        }
        if (p->words.is_failed) {
            hg_conf__report(p->load, p->path, t.line, "", "%s", hg_err_text(HG_ENOMEM));
            p->load->is_stopped = true;
        }
    } while (t.kind != HG_TOKEN_EOF && !p->load->is_stopped);
}

/* --- files --- */

/* Bytes that no text has. One fault is enough to say that this is none, and
 * what follows a NUL is most likely no configuration at all: false. */
static bool check_text(struct hg_conf_load *load, const char *path, struct hg_slice text) {
    struct hg_token at = {.line = 1};
    for (size_t i = 0; i <= text.len; i++) {
        const unsigned char c = i < text.len ? (unsigned char)text.ptr[i] : '\n';
        at.at = i;
        if ((c < ' ' && c != '\t' && c != '\r' && c != '\n') || c == 0x7f) {
            hg_conf__report(load, path, at.line, "", "column %u: byte 0x%02x is no text",
                            hg_token_column(text, &at), c);
            return c != '\0';
        }
        if (c == '\n') {
            if (!hg_utf8_is_valid(text.ptr + at.line_at, i - at.line_at)) {
                hg_conf__report(load, path, at.line, "", "this line is not UTF-8");
                return true;
            }
            at.line++;
            at.line_at = i + 1;
        }
    }
    return true;
}

/* Files seen for the first time are kept for -T. */
static struct hg_conf_node **keep_text(struct hg_conf_load *load, const char *path) {
    if (hg_map_get(&load->texts, hg_slice_of(path)) != NULL) {
        return NULL;
    }
    struct hg_conf_text *t = hg_conf__alloc(load, sizeof(*t));
    if (t == NULL) {
        return NULL;
    }
    t->path = path;
    t->ordinal = (unsigned)load->texts.n + 1;
    *load->conf->texts_tail = t;
    load->conf->texts_tail = &t->next;
    if (hg_map_put(&load->texts, hg_slice_of(path), t) != 0) {
        load->is_stopped = true;
    }
    return &t->first;
}

static bool read_text(struct hg_conf_load *load, const struct hg_conf_node *include,
                      const char *path, struct hg_slice *ret_text) {
    const int err = hg_conf_files_get(load->setup->files, hg_slice_of(path), ret_text);
    const char *why = err == HG_ENOENT || err == HG_EIO ? strerror(errno)
                      : err == HG_E2BIG                 ? "it is larger than 16 MiB"
                                                        : hg_err_text(err);
    if (err != 0 && include != NULL) {
        hg_conf__report_node(load, include, "cannot read \"%s\": %s", path, why);
    } else if (err != 0) {
        hg_conf__report(load, path, 1, "main", "cannot read this file: %s", why);
    }
    if (err != 0) {
        return false;
    }
    /* Files that include each other many times over grow without any file
     * being large: count each reading, empty ones too. */
    load->text_bytes += ret_text->len + sizeof(struct parser);
    if (load->text_bytes > HG_CONF_TEXT_MAX) {
        hg_conf__report(load, path, 1, "main", "all files together are larger than %d MiB",
                        HG_CONF_TEXT_MAX >> 20);
        load->is_stopped = true;
        return false;
    }
    return true;
}

static void parse_text(struct hg_conf_load *load, const struct parser *from, const char *path,
                       struct hg_slice text, struct body *body) {
    struct parser p = {.load = load, .from = from, .path = path};
    p.outer_depth = from != NULL ? from->outer_depth + from->depth : 0;
    p.bodies[0] = *body;
    p.text_tail = keep_text(load, path);
    if (check_text(load, path, text)) {
        hg_lexer_init(&p.lexer, text);
        parse_tokens(&p);
    }
    hg_buf_fini(&p.words);
    *body = p.bodies[0];
}

/* Is path being read already, or are too many files open in each other? */
static bool is_loop(struct hg_conf_load *load, const struct parser *from,
                    const struct hg_conf_node *include, const char *path) {
    unsigned deep = 0;
    for (const struct parser *p = from; p != NULL; p = p->from, deep++) {
        if (strcmp(p->path, path) == 0) {
            hg_conf__report_node(load, include, "\"%s\" includes itself%s", path,
                                 p == from ? "" : ", by way of others");
            return true;
        }
    }
    if (deep > HG_CONF_INCLUDES_DEEP_MAX) {
        hg_conf__report_node(load, include, "\"%s\" is included more than %d files deep", path,
                             HG_CONF_INCLUDES_DEEP_MAX);
        return true;
    }
    return false;
}

static void parse_path(struct hg_conf_load *load, const struct parser *from,
                       const struct hg_conf_node *include, const char *path, struct body *body) {
    struct hg_slice text;
    if (is_loop(load, from, include, path) || !read_text(load, include, path, &text)) {
        return;
    }
    /* The tree outlives the set of files, which owns the names of a pattern. */
    const char *kept = hg_conf__copy(load, hg_slice_of(path));
    if (kept != NULL) {
        parse_text(load, from, kept, text, body);
    }
}

struct hg_conf_node *hg_conf__parse(struct hg_conf_load *load) {
    struct hg_conf_node *first = NULL;
    struct body body = {&first};
    parse_path(load, NULL, NULL, load->path, &body);
    return first;
}

struct hg_conf_node *hg_conf__parse_default(struct hg_conf_load *load,
                                            const struct hg_conf_owner *owner,
                                            const struct hg_directive *row) {
    struct parser p = {.load = load, .path = owner->name};
    struct hg_token t = {.raw = hg_slice_of(row->name)};
    take_word(&p, &t);
    hg_lexer_init(&p.lexer, hg_slice_of(row->def));
    for (hg_lexer_next(&p.lexer, &t); t.kind == HG_TOKEN_WORD; hg_lexer_next(&p.lexer, &t)) {
        take_word(&p, &t);
    }
    struct hg_conf_node *node = new_node(&p, &t);
    if (node != NULL && t.kind != HG_TOKEN_EOF) {
        hg_conf__report_node(load, node,
                             "its default is not the arguments of one line; what has "
                             "\";\" or a brace in it stands in quotes");
        node->is_broken = true;
    }
    hg_buf_fini(&p.words);
    return node;
}
