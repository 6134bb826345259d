/* SPDX-License-Identifier: Apache-2.0 */
/* pieces.h - body bytes on their way out that wait for their frame: parts of
 * shared blobs, in order. Empty, it holds no memory. */
#ifndef HG_PROTO_HTTP_PIECES_H
#define HG_PROTO_HTTP_PIECES_H

#include "base/blob.h"
#include "net/conn.h"

struct hg_piece {
    struct hg_blob *blob; /* one reference */
    size_t from, len;
};

/* Zeroed is empty. */
struct hg_pieces {
    size_t bytes;          /* in all */
    struct hg_piece *many; /* NULL: they fit into few */
    uint32_t first, n, cap;
    struct hg_piece few[2];
};

void hg_pieces_fini(struct hg_pieces *p);
/* Takes a reference. HG_ENOMEM. */
int hg_pieces_add(struct hg_pieces *p, struct hg_blob *blob, size_t from, size_t len);
/* Copies. HG_ENOMEM. */
int hg_pieces_copy(struct hg_pieces *p, const void *bytes, size_t n);
/* The first n bytes go to the connection; n is at most bytes. */
void hg_pieces_move(struct hg_pieces *p, struct hg_conn *c, size_t n);

#endif
