/* SPDX-License-Identifier: Apache-2.0 */
/* pieces.c - see pieces.h. */
#include "proto/http/pieces.h"

static struct hg_piece *array_of(struct hg_pieces *p) {
    return p->many != NULL ? p->many : p->few;
}

static uint32_t cap_of(const struct hg_pieces *p) {
    return p->many != NULL ? p->cap : (uint32_t)HG_COUNT(p->few);
}

void hg_pieces_fini(struct hg_pieces *p) {
    struct hg_piece *all = array_of(p);
    for (uint32_t i = 0; i < p->n; i++) {
        hg_blob_unref(&all[p->first + i].blob);
    }
    hg_free(p->many);
    *p = (struct hg_pieces){.bytes = 0};
}

/* Room for one more at the end: by moving to the front, or by growing. */
static int make_room(struct hg_pieces *p) {
    struct hg_piece *all = array_of(p);
    if (p->first > p->n) {
        memcpy(all, all + p->first, p->n * sizeof(*all));
        p->first = 0;
        return 0;
    }
    uint32_t cap = cap_of(p) * 4;
    struct hg_piece *fresh = hg_try_alloc(cap * sizeof(*fresh));
    if (fresh == NULL) {
        return HG_ENOMEM;
    }
    memcpy(fresh, all + p->first, p->n * sizeof(*fresh));
    hg_free(p->many);
    p->many = fresh;
    p->cap = cap;
    p->first = 0;
    return 0;
}

int hg_pieces_add(struct hg_pieces *p, struct hg_blob *blob, size_t from, size_t len) {
    if (p->first + p->n == cap_of(p) && make_room(p) != 0) {
        return HG_ENOMEM;
    }
    array_of(p)[p->first + p->n] = (struct hg_piece){hg_blob_ref(blob), from, len};
    p->n++;
    p->bytes += len;
    return 0;
}

int hg_pieces_copy(struct hg_pieces *p, const void *bytes, size_t n) {
    struct hg_blob *blob = hg_blob_new(bytes, n);
    if (blob == NULL) {
        return HG_ENOMEM;
    }
    int err = hg_pieces_add(p, blob, 0, n);
    hg_blob_unref(&blob);
    return err;
}

void hg_pieces_move(struct hg_pieces *p, struct hg_conn *c, size_t n) {
    HG_ASSERT(n <= p->bytes);
    while (n > 0) {
        struct hg_piece *piece = &array_of(p)[p->first];
        size_t now = piece->len < n ? piece->len : n;
        hg_conn_put_blob(c, piece->blob, piece->from, now);
        piece->from += now;
        piece->len -= now;
        p->bytes -= now;
        n -= now;
        if (piece->len == 0) {
            hg_blob_unref(&piece->blob);
            p->first++;
            p->n--;
        }
    }
    if (p->n == 0) {
        hg_pieces_fini(p);
    }
}
