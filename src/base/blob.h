/* SPDX-License-Identifier: Apache-2.0 */
/* blob.h - immutable bytes that many connections and loops share. */
#ifndef HG_BASE_BLOB_H
#define HG_BASE_BLOB_H

#include <stdatomic.h>

#include "headgate/base.h"

struct hg_blob {
    _Atomic uint32_t refs;
    uint32_t mark; /* an offset that whoever made the bytes wants remembered */
    size_t len;
    char bytes[];
};

/* One reference for the caller; content is copied. NULL: no memory. */
struct hg_blob *hg_blob_new(const void *bytes, size_t len);
/* len bytes for the caller to fill before the blob is shared. */
struct hg_blob *hg_blob_new_raw(size_t len);
/* Any thread. */
struct hg_blob *hg_blob_ref(struct hg_blob *blob);
void hg_blob_unref(struct hg_blob **pblob);

#endif
