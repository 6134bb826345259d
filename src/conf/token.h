/* SPDX-License-Identifier: Apache-2.0 */
/* token.h - the lexer: bytes of a conf file to words, ";", "{" and "}".
 *
 * A function of its bytes alone: no memory, no files, no errors of its own
 * but the text it hangs on a word. Never fails: after a fault it goes on
 * where the next statement most likely begins. */
#ifndef HG_CONF_TOKEN_H
#define HG_CONF_TOKEN_H

#include "headgate/base.h"

enum hg_token_kind {
    HG_TOKEN_WORD,
    HG_TOKEN_END_LINE,
    HG_TOKEN_OPEN,
    HG_TOKEN_CLOSE,
    HG_TOKEN_EOF
};

struct hg_token {
    enum hg_token_kind kind;
    struct hg_slice raw; /* of a word, without its quotes, escapes as written */
    const char *fault;   /* of a word: what is wrong with it, else NULL */
    unsigned line;       /* from 1 */
    size_t at, line_at;  /* offsets: the token, the line it begins on */
};

struct hg_lexer {
    struct hg_slice text;
    size_t at, line_at;
    unsigned line;
};

/* text must outlive the lexer and its tokens. */
void hg_lexer_init(struct hg_lexer *lx, struct hg_slice text);
/* At the end of the text: HG_TOKEN_EOF, however often it is asked. */
void hg_lexer_next(struct hg_lexer *lx, struct hg_token *ret);

/* Undo the escapes of a word into out, which has room for raw.len bytes.
 * Returns how many there are. */
size_t hg_token_decode(struct hg_slice raw, char *out);
/* The other way: append the word as it must be written. */
struct hg_buf;
void hg_token_encode(struct hg_slice word, struct hg_buf *out);

/* Characters from the beginning of the line, from 1. */
unsigned hg_token_column(struct hg_slice text, const struct hg_token *t);

#endif
