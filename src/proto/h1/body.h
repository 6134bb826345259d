/* SPDX-License-Identifier: Apache-2.0 */
/* body.h - the body of an HTTP/1.1 request: counted, or in chunks. Pure: bytes
 * in, pieces of the same bytes out. Extensions and trailers are held to their
 * grammar and limits, and dropped. */
#ifndef HG_PROTO_H1_BODY_H
#define HG_PROTO_H1_BODY_H

#include "proto/h1/framing.h"

/* Framing may cost this much, or as much as what it frames (L8). */
enum { HG_H1_OVERHEAD_BYTES_MAX = 100 * 1024, HG_H1_CHUNK_LINE_MAX = 4096 };

struct hg_h1_body {
    const struct hg_http_limits *limits;
    struct hg_h1_fault fault;
    uint64_t left;          /* of the content, or of the chunk */
    uint64_t payload_bytes; /* given out so far */
    uint64_t overhead_bytes;
    uint32_t line_bytes; /* of the chunk or trailer line so far */
    uint32_t trailer_bytes;
    uint16_t n_trailers;
    uint8_t n_digits;
    uint8_t state;
};

void hg_h1_body_init(struct hg_h1_body *b, const struct hg_h1_head *head,
                     const struct hg_http_limits *limits);

/* Uses bytes from *pos on and moves it. MORE, PIECE, END or FAULT; the piece
 * points into the bytes fed. */
enum hg_h1_step hg_h1_body_feed(struct hg_h1_body *b, const char **pos, const char *end,
                                struct hg_slice *ret_piece);

/* Whether END has been reached. */
bool hg_h1_body_is_whole(const struct hg_h1_body *b);

#endif
