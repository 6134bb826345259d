/* SPDX-License-Identifier: Apache-2.0 */
/* blob.c - immutable bytes that many connections and loops share. */
#include "base/blob.h"

/* Far above any real count, far below the wrap that would free shared bytes. */
static const uint32_t refs_max = UINT32_MAX / 2;

struct hg_blob *hg_blob_new_raw(size_t len) {
    if (len > SIZE_MAX - sizeof(struct hg_blob)) {
        return NULL;
    }
    struct hg_blob *blob = hg_try_alloc(sizeof(*blob) + len);
    if (blob != NULL) {
        atomic_init(&blob->refs, 1);
        blob->len = len;
    }
    return blob;
}

struct hg_blob *hg_blob_new(const void *bytes, size_t len) {
    struct hg_blob *blob = hg_blob_new_raw(len);
    if (blob != NULL && len > 0) {
        memcpy(blob->bytes, bytes, len);
    }
    return blob;
}

struct hg_blob *hg_blob_ref(struct hg_blob *blob) {
    uint32_t before = atomic_fetch_add_explicit(&blob->refs, 1, memory_order_relaxed);
    HG_ASSERT(before > 0 && before < refs_max);
    return blob;
}

void hg_blob_unref(struct hg_blob **pblob) {
    struct hg_blob *blob = *pblob;
    *pblob = NULL;
    if (blob == NULL) {
        return;
    }
    uint32_t before = atomic_fetch_sub_explicit(&blob->refs, 1, memory_order_acq_rel);
    HG_ASSERT(before > 0);
    if (before == 1) {
        hg_free(blob);
    }
}
