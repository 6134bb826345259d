/* SPDX-License-Identifier: Apache-2.0 */
/* records.c - a growing list of records. Key and headers of a record lie in
 * one block of its own, whose first bytes are the array of headers. */
#include "log/records.h"

static size_t detail_bytes(const struct hg_record *r) {
    size_t bytes = r->n_headers * sizeof *r->headers + r->key.len;
    for (size_t i = 0; i < r->n_headers; i++) {
        bytes += r->headers[i].name.len + r->headers[i].value.len;
    }
    return bytes;
}

static struct hg_slice put(char **at, struct hg_slice s) {
    struct hg_slice copy = {*at, s.len};
    if (s.len > 0) {
        memcpy(*at, s.ptr, s.len);
    }
    *at += s.len;
    return copy;
}

/* Point key and headers at a copy of theirs. */
static int copy_details(struct hg_record *r) {
    size_t bytes = detail_bytes(r);
    if (bytes == 0) {
        r->headers = NULL;
        r->key = (struct hg_slice){0};
        return 0;
    }
    struct hg_record_header *headers = hg_try_alloc(bytes);
    if (headers == NULL) {
        return HG_ENOMEM;
    }
    char *at = (char *)(headers + r->n_headers);
    for (size_t i = 0; i < r->n_headers; i++) {
        headers[i].name = put(&at, r->headers[i].name);
        headers[i].value = put(&at, r->headers[i].value);
    }
    r->key = put(&at, r->key);
    r->headers = headers;
    return 0;
}

static int reserve(struct hg_records *out) {
    if (out->n < out->cap) {
        return 0;
    }
    size_t cap = out->cap == 0 ? 16 : out->cap * 2;
    struct hg_record *items = hg_try_realloc(out->items, cap * sizeof *items);
    if (items == NULL) {
        return HG_ENOMEM;
    }
    out->items = items;
    out->cap = cap;
    return 0;
}

int hg_records_add(struct hg_records *out, struct hg_record *record) {
    struct hg_record copy = *record;
    if (!out->has_details) {
        copy.key = (struct hg_slice){0};
        copy.headers = NULL;
        copy.n_headers = 0;
    }
    if (reserve(out) != 0 || copy_details(&copy) != 0) {
        return HG_ENOMEM;
    }
    out->items[out->n++] = copy;
    record->event = NULL;
    return 0;
}

void hg_records_cut(struct hg_records *r, size_t n) {
    for (size_t i = n; i < r->n; i++) {
        hg_event_unref(&r->items[i].event);
        /* The block of details begins with the headers, or is the key. */
        const void *block = r->items[i].n_headers > 0 ? (const void *)r->items[i].headers
                                                      : (const void *)r->items[i].key.ptr;
        hg_free((void *)block);
    }
    r->n = n < r->n ? n : r->n;
}

void hg_records_clear(struct hg_records *r) {
    hg_records_cut(r, 0);
}

void hg_records_fini(struct hg_records *r) {
    hg_records_clear(r);
    hg_free(r->items);
    *r = (struct hg_records){0};
}
