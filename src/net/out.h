/* SPDX-License-Identifier: Apache-2.0 */
/* out.h - the bytes a connection has yet to write, in order: copies of small
 * pieces gathered in chunks, and references into shared blobs. Does no I/O. */
#ifndef HG_NET_OUT_H
#define HG_NET_OUT_H

#include <sys/uio.h>

#include "base/blob.h"
#include "headgate/base.h"

struct hg_out_piece;
struct hg_out_chunk;

/* A zeroed struct hg_out is a valid empty queue, and an empty queue holds no
 * memory. */
struct hg_out {
    struct hg_out_piece *ring;    /* the pieces, cap of them, n in use from head on */
    struct hg_out_chunk *filling; /* takes the next copied bytes */
    uint32_t head, n, cap;
    size_t bytes; /* in all pieces */
};

void hg_out_fini(struct hg_out *q);
/* HG_ENOMEM: some of the bytes may be queued, the queue is of no more use. */
int hg_out_put(struct hg_out *q, const void *bytes, size_t n);
/* Takes a reference of its own, or copies what is small. HG_ENOMEM. */
int hg_out_put_blob(struct hg_out *q, struct hg_blob *blob, size_t from, size_t len);
/* The first pieces as up to max vectors. Returns how many. */
unsigned hg_out_iov(const struct hg_out *q, struct iovec *iov, unsigned max);
/* Up to max of the first bytes in one place: where they are, or copied to
 * scratch when they lie in several pieces. */
const char *hg_out_front(const struct hg_out *q, char *scratch, size_t max, size_t *ret_n);
/* Forget the first n bytes. */
void hg_out_consume(struct hg_out *q, size_t n);

#endif
