/* SPDX-License-Identifier: Apache-2.0 */
/* h2_head.h - gathers the fields of one HTTP/2 request as they come out of
 * HPACK, under our own account of their number and size, and holds them to the
 * rules that the library leaves to us. Pure. */
#ifndef HG_PROTO_H2_HEAD_H
#define HG_PROTO_H2_HEAD_H

#include "headgate/buf.h"
#include "proto/http/http.h"

enum { HG_H2_FIELD_BYTES_MAX = 8192 };

struct hg_h2_entry; /* where a field lies in bytes */

/* One per connection, reused from request to request. Zeroed is empty. */
struct hg_h2_block {
    struct hg_buf bytes; /* names and values, one behind the other */
    struct hg_h2_entry *entries;
    size_t n_entries, entries_cap;
    size_t n_fields;    /* that came, kept or not */
    size_t fields_size; /* 32 for each */
    struct hg_slice_at {
        size_t at, len;
        bool is_there;
    } method, path, scheme, authority, protocol, host;
    int64_t content_length;
    int status;       /* of the refusal; 0: none so far */
    const char *text; /* why, static */
    uint8_t n_hosts, n_versions;
    bool is_trailer;
    bool expects_continue;
    bool is_version_13;
};

void hg_h2_block_begin(struct hg_h2_block *b, bool is_trailer);
void hg_h2_block_fini(struct hg_h2_block *b);

/* A field, pseudo or not, in the order of its coming. false: the stream is to
 * be reset; anything milder becomes a status at the end. */
bool hg_h2_block_add(struct hg_h2_block *b, struct hg_slice name, struct hg_slice value,
                     const struct hg_http_limits *limits);

/* All fields are there. Sets b->status when the request is to be refused. */
void hg_h2_block_close(struct hg_h2_block *b, bool is_end_stream);

/* The bytes that hg_h2_block_settle needs, and the head in that memory
 * (aligned for pointers). After close. */
size_t hg_h2_block_settled_size(const struct hg_h2_block *b);
void hg_h2_block_settle(const struct hg_h2_block *b, bool is_end_stream, void *memory,
                        struct hg_http_head *ret_head);

#endif
