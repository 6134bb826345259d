/* SPDX-License-Identifier: Apache-2.0 */
/* out.c - the output queue: a ring of pieces, each inside a chunk of copied
 * bytes or inside a blob.
 *
 * A frame header of nine bytes between two blobs is common (HTTP/2), so copied
 * bytes of several pieces share one chunk. Pieces leave in the order in which
 * they came, so a chunk is done when its last piece is. */
#include "net/out.h"

struct hg_out_piece {
    struct hg_blob *blob;       /* one reference, or */
    struct hg_out_chunk *chunk; /* one of its pieces */
    const char *ptr;
    size_t len;
};

struct hg_out_chunk {
    uint32_t pieces; /* in the ring */
    uint32_t unused;
    size_t cap, len;
    char bytes[];
};

enum {
    /* Below this a copy costs less than counting a reference that other
     * threads count, too. */
    COPY_MAX_BYTES = 512,
    RING_MIN = 8,
    CHUNK_SMALL_BYTES = 1024 - sizeof(struct hg_out_chunk),
    CHUNK_MIDDLE_BYTES = 4096 - sizeof(struct hg_out_chunk),
    CHUNK_LARGE_BYTES = 16384 - sizeof(struct hg_out_chunk),
};

static struct hg_out_piece *piece_at(const struct hg_out *q, uint32_t i) {
    return &q->ring[(q->head + i) & (q->cap - 1)];
}

static void chunk_release(struct hg_out *q, struct hg_out_chunk *chunk) {
    chunk->pieces--;
    if (chunk->pieces == 0 && chunk == q->filling) {
        chunk->len = 0;
    } else if (chunk->pieces == 0) {
        hg_free(chunk);
    }
}

static void piece_drop(struct hg_out *q, struct hg_out_piece *p) {
    if (p->blob) {
        hg_blob_unref(&p->blob);
    } else {
        chunk_release(q, p->chunk);
    }
}

void hg_out_fini(struct hg_out *q) {
    for (uint32_t i = 0; i < q->n; i++) {
        piece_drop(q, piece_at(q, i));
    }
    hg_free(q->filling);
    hg_free(q->ring);
    *q = (struct hg_out){0};
}

static int ring_grow(struct hg_out *q) {
    uint32_t cap = q->cap ? q->cap * 2 : RING_MIN;
    struct hg_out_piece *ring = hg_try_realloc(NULL, cap * sizeof *ring);
    if (!ring) {
        return HG_ENOMEM;
    }
    for (uint32_t i = 0; i < q->n; i++) {
        ring[i] = *piece_at(q, i);
    }
    hg_free(q->ring);
    q->ring = ring;
    q->cap = cap;
    q->head = 0;
    return 0;
}

static int piece_add(struct hg_out *q, struct hg_out_piece piece) {
    if (q->n == q->cap && ring_grow(q) != 0) {
        return HG_ENOMEM;
    }
    *piece_at(q, q->n) = piece;
    q->n++;
    q->bytes += piece.len;
    return 0;
}

/* A new chunk to fill, larger the more is queued, and large enough for n. */
static int chunk_open(struct hg_out *q, size_t n) {
    size_t cap = q->bytes < CHUNK_SMALL_BYTES   ? CHUNK_SMALL_BYTES
                 : q->bytes < CHUNK_LARGE_BYTES ? CHUNK_MIDDLE_BYTES
                                                : CHUNK_LARGE_BYTES;
    if (cap < n) {
        cap = n;
    }
    /* Not hg_try_alloc: nobody needs these bytes to be zero. */
    struct hg_out_chunk *chunk = hg_try_realloc(NULL, sizeof *chunk + cap);
    if (!chunk) {
        return HG_ENOMEM;
    }
    chunk->pieces = 0;
    chunk->cap = cap;
    chunk->len = 0;
    struct hg_out_chunk *old = q->filling;
    q->filling = chunk;
    if (old && old->pieces == 0) {
        hg_free(old);
    }
    return 0;
}

/* Append n bytes, which fit, to the chunk being filled. */
static int chunk_fill(struct hg_out *q, const char *bytes, size_t n) {
    struct hg_out_chunk *chunk = q->filling;
    char *to = chunk->bytes + chunk->len;
    struct hg_out_piece *last = q->n > 0 ? piece_at(q, q->n - 1) : NULL;
    if (last && last->chunk == chunk && last->ptr + last->len == to) {
        last->len += n;
        q->bytes += n;
    } else {
        struct hg_out_piece piece = {.chunk = chunk, .ptr = to, .len = n};
        if (piece_add(q, piece) != 0) {
            return HG_ENOMEM;
        }
        chunk->pieces++;
    }
    memcpy(to, bytes, n);
    chunk->len += n;
    return 0;
}

int hg_out_put(struct hg_out *q, const void *bytes, size_t n) {
    const char *from = bytes;
    size_t room = q->filling ? q->filling->cap - q->filling->len : 0;
    size_t now = n < room ? n : room;
    if (now > 0 && chunk_fill(q, from, now) != 0) {
        return HG_ENOMEM;
    }
    if (now == n) {
        return 0;
    }
    int err = chunk_open(q, n - now);
    return err ? err : chunk_fill(q, from + now, n - now);
}

int hg_out_put_blob(struct hg_out *q, struct hg_blob *blob, size_t from, size_t len) {
    HG_ASSERT(from <= blob->len && len <= blob->len - from);
    if (len <= COPY_MAX_BYTES) {
        return hg_out_put(q, blob->bytes + from, len);
    }
    int err =
        piece_add(q, (struct hg_out_piece){.blob = blob, .ptr = blob->bytes + from, .len = len});
    if (err == 0) {
        hg_blob_ref(blob);
    }
    return err;
}

unsigned hg_out_iov(const struct hg_out *q, struct iovec *iov, unsigned max) {
    unsigned n = q->n < max ? q->n : max;
    for (unsigned i = 0; i < n; i++) {
        const struct hg_out_piece *p = piece_at(q, i);
        iov[i] = (struct iovec){.iov_base = (void *)p->ptr, .iov_len = p->len};
    }
    return n;
}

const char *hg_out_front(const struct hg_out *q, char *scratch, size_t max, size_t *ret_n) {
    if (q->n == 0) {
        *ret_n = 0;
        return scratch;
    }
    const struct hg_out_piece *first = piece_at(q, 0);
    if (q->n == 1 || first->len >= max) {
        *ret_n = first->len < max ? first->len : max;
        return first->ptr;
    }
    size_t got = 0;
    for (uint32_t i = 0; i < q->n && got < max; i++) {
        const struct hg_out_piece *p = piece_at(q, i);
        size_t n = p->len < max - got ? p->len : max - got;
        memcpy(scratch + got, p->ptr, n);
        got += n;
    }
    *ret_n = got;
    return scratch;
}

void hg_out_consume(struct hg_out *q, size_t n) {
    HG_ASSERT(n <= q->bytes);
    q->bytes -= n;
    if (q->bytes == 0) {
        hg_out_fini(q);
        return;
    }
    while (n > 0) {
        struct hg_out_piece *p = piece_at(q, 0);
        if (n < p->len) {
            p->ptr += n;
            p->len -= n;
            return;
        }
        n -= p->len;
        piece_drop(q, p);
        q->head = (q->head + 1) & (q->cap - 1);
        q->n--;
    }
}
