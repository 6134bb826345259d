/* SPDX-License-Identifier: Apache-2.0 */
/* token.c - the lexer of the conf language.
 *
 * Holds the whole of nginx's grammar below the statement: blanks, comments,
 * quotes, escapes. What a statement is, parse.c knows. */
#include "conf/token.h"

#include <ctype.h>

#include "headgate/buf.h"

#define BOM "\xef\xbb\xbf"

void hg_lexer_init(struct hg_lexer *lx, struct hg_slice text) {
    *lx = (struct hg_lexer){.text = text, .line = 1};
}

/* Other control bytes are parts of words here; parse.c refuses them. */
static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool ends_word(char c) {
    return is_blank(c) || c == ';' || c == '{' || c == '}';
}

static void count_newline(struct hg_lexer *lx, size_t at) {
    if (lx->text.ptr[at] == '\n') {
        lx->line++;
        lx->line_at = at + 1;
    }
}

static void skip_comment(struct hg_lexer *lx) {
    while (lx->at < lx->text.len && lx->text.ptr[lx->at] != '\n') {
        lx->at++;
    }
}

static void skip_blanks(struct hg_lexer *lx) {
    while (lx->at < lx->text.len) {
        struct hg_slice rest = {lx->text.ptr + lx->at, lx->text.len - lx->at};
        if (is_blank(rest.ptr[0])) {
            count_newline(lx, lx->at);
            lx->at++;
        } else if (rest.ptr[0] == '#') {
            skip_comment(lx);
        } else if (hg_slice_starts(rest, HG_SLICE(BOM))) {
            /* Not only at the start: files are made by joining files. */
            lx->at += sizeof(BOM) - 1;
        } else {
            return;
        }
    }
}

static size_t trim(const char *p, size_t start, size_t end) {
    while (end > start && is_blank(p[end - 1])) {
        end--;
    }
    return end;
}

/* A quote that nobody closes would swallow the rest of the file. Go on where
 * its own line ends, and give back the ";" or "{" that stands there. Returns
 * the end of the word. */
static size_t recover_quote(struct hg_lexer *lx, const struct hg_token *t) {
    const char *p = lx->text.ptr;
    const size_t start = t->at + 1;
    size_t end = start;
    while (end < lx->text.len && p[end] != '\n') {
        end++;
    }
    end = trim(p, start, end);
    if (end > start && (p[end - 1] == ';' || p[end - 1] == '{')) {
        end--;
    }
    lx->line = t->line;
    lx->line_at = t->line_at;
    lx->at = end;
    return trim(p, start, end);
}

static void read_quoted(struct hg_lexer *lx, struct hg_token *t) {
    const char *p = lx->text.ptr;
    const char quote = p[lx->at++];
    size_t start = lx->at, end;
    while (lx->at < lx->text.len && p[lx->at] != quote) {
        if (p[lx->at] == '\\' && lx->at + 1 < lx->text.len) {
            count_newline(lx, lx->at++);
        }
        count_newline(lx, lx->at++);
    }
    if (lx->at == lx->text.len) {
        end = recover_quote(lx, t);
        t->fault = quote == '"' ? "the quote is never closed; expected another \""
                                : "the quote is never closed; expected another '";
    } else {
        end = lx->at++;
        if (lx->at < lx->text.len && !ends_word(p[lx->at])) {
            t->fault = "something follows the closing quote; expected a blank, ;, { or }";
        }
    }
    t->raw = (struct hg_slice){p + start, end - start};
}

/* "{name}" in a word that begins with / is a capture, as in
 * /topics/{topic}/events; any other brace opens a block. The length with
 * braces, or 0. */
static size_t capture_len(struct hg_slice rest) {
    size_t n = 1;
    while (n < rest.len && (isalnum((unsigned char)rest.ptr[n]) || rest.ptr[n] == '_')) {
        n++;
    }
    return n > 1 && n < rest.len && rest.ptr[n] == '}' ? n + 1 : 0;
}

static void read_bare(struct hg_lexer *lx, struct hg_token *t) {
    const char *p = lx->text.ptr;
    const size_t start = lx->at;
    bool in_variable = false;
    while (lx->at < lx->text.len) {
        const char c = p[lx->at];
        if (c == '\\' && lx->at + 1 < lx->text.len) {
            lx->at++;
            count_newline(lx, lx->at);
        } else if (c == '$' && lx->at + 1 < lx->text.len && p[lx->at + 1] == '{') {
            in_variable = true;
            lx->at++;
        } else if (c == '}' && in_variable) {
            in_variable = false;
        } else if (c == '{' && p[start] == '/' &&
                   capture_len((struct hg_slice){p + lx->at, lx->text.len - lx->at}) > 0) {
            lx->at += capture_len((struct hg_slice){p + lx->at, lx->text.len - lx->at}) - 1;
        } else if (ends_word(c)) {
            break;
        }
        lx->at++;
    }
    t->raw = (struct hg_slice){p + start, lx->at - start};
}

void hg_lexer_next(struct hg_lexer *lx, struct hg_token *ret) {
    skip_blanks(lx);
    *ret = (struct hg_token){
        .kind = HG_TOKEN_EOF, .line = lx->line, .at = lx->at, .line_at = lx->line_at};
    if (lx->at == lx->text.len) {
        return;
    }
    switch (lx->text.ptr[lx->at]) {
    case ';':
        ret->kind = HG_TOKEN_END_LINE;
        lx->at++;
        return;
    case '{':
        ret->kind = HG_TOKEN_OPEN;
        lx->at++;
        return;
    case '}':
        ret->kind = HG_TOKEN_CLOSE;
        lx->at++;
        return;
    case '"':
    case '\'':
        ret->kind = HG_TOKEN_WORD;
        read_quoted(lx, ret);
        return;
    default:
        ret->kind = HG_TOKEN_WORD;
        read_bare(lx, ret);
        return;
    }
}

/* What \c stands for; 0: the backslash stands for itself, so that patterns
 * such as \d need no doubling. */
static char unescape(char c) {
    switch (c) {
    case '"':
    case '\'':
    case '\\':
        return c;
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case 'n':
        return '\n';
    default:
        return 0;
    }
}

size_t hg_token_decode(struct hg_slice raw, char *out) {
    size_t n = 0;
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.ptr[i];
        if (c == '\\' && i + 1 < raw.len) {
            const char plain = unescape(raw.ptr[i + 1]);
            if (plain != 0) {
                c = plain;
                i++;
            } else {
                /* Both stay; the second is not looked at again. */
                out[n++] = c;
                c = raw.ptr[++i];
            }
        }
        out[n++] = c;
    }
    return n;
}

static bool needs_quotes(struct hg_slice word) {
    if (word.len == 0 || hg_slice_starts(word, HG_SLICE(BOM))) {
        return true;
    }
    for (size_t i = 0; i < word.len; i++) {
        const char c = word.ptr[i];
        if (ends_word(c) || c == '\\' || c == '"' || c == '\'' || c == '#') {
            return true;
        }
    }
    return false;
}

void hg_token_encode(struct hg_slice word, struct hg_buf *out) {
    if (!needs_quotes(word)) {
        hg_buf_put_slice(out, word);
        return;
    }
    HG_BUF_LIT(out, "\"");
    for (size_t i = 0; i < word.len; i++) {
        const char c = word.ptr[i];
        if (c == '"' || c == '\\') {
            HG_BUF_LIT(out, "\\");
            hg_buf_put(out, &c, 1);
        } else if (c == '\n') {
            HG_BUF_LIT(out, "\\n");
        } else if (c == '\r') {
            HG_BUF_LIT(out, "\\r");
        } else if (c == '\t') {
            HG_BUF_LIT(out, "\\t");
        } else {
            hg_buf_put(out, &c, 1);
        }
    }
    HG_BUF_LIT(out, "\"");
}

unsigned hg_token_column(struct hg_slice text, const struct hg_token *t) {
    unsigned column = 1;
    for (size_t i = t->line_at; i < t->at && i < text.len; i++) {
        column += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    }
    return column;
}
