/* SPDX-License-Identifier: Apache-2.0 */
/* parser.h - the head of an HTTP/1.1 request. Pure: bytes in, a verdict out;
 * knows no connection. The verdict does not depend on how the bytes were cut.
 *
 * The parser is large and meant for the stack: a head that comes in one piece
 * is parsed there and settled into a block of its exact size. Only a head that
 * comes in several pieces has its parser moved to the heap. */
#ifndef HG_PROTO_H1_PARSER_H
#define HG_PROTO_H1_PARSER_H

#include "proto/h1/framing.h"

enum { HG_H1_LINE_MAX = 8192, HG_H1_FIRST_BYTES = 2048, HG_H1_FIRST_FIELDS = 40 };

struct hg_h1_parser {
    const struct hg_http_limits *limits;
    struct hg_h1_fault fault;
    struct hg_h1_head head; /* valid after HG_H1_HEAD */
    struct hg_h1_framing framing;
    uint8_t state;
    char *bytes; /* the head so far: first_bytes or the heap's */
    size_t n_bytes, bytes_cap;
    size_t line_from;        /* where the current line starts in bytes */
    size_t looked;           /* up to where it was searched for its end */
    size_t fields_size;      /* of the field lines so far, 32 for each */
    struct hg_field *fields; /* first_fields or the heap's */
    size_t n_fields, fields_cap;
    struct hg_field first_fields[HG_H1_FIRST_FIELDS];
    char first_bytes[HG_H1_FIRST_BYTES];
};

void hg_h1_parser_init(struct hg_h1_parser *p, const struct hg_http_limits *limits);
void hg_h1_parser_fini(struct hg_h1_parser *p);
/* to takes over everything; from needs no fini. */
void hg_h1_parser_move(struct hg_h1_parser *to, struct hg_h1_parser *from);

/* Uses bytes from *pos on and moves it. MORE, HEAD or FAULT. */
enum hg_h1_step hg_h1_parser_feed(struct hg_h1_parser *p, const char **pos, const char *end);

/* The head as far as it was read, whatever the verdict: its slices live until
 * the next feed. */
struct hg_http_head hg_h1_parser_head(const struct hg_h1_parser *p);

/* After HEAD: the bytes that hg_h1_parser_settle needs, and the head with all
 * of its slices moved into that memory (aligned for pointers). */
size_t hg_h1_parser_settled_size(const struct hg_h1_parser *p);
void hg_h1_parser_settle(const struct hg_h1_parser *p, void *memory, struct hg_h1_head *ret_head);

#endif
