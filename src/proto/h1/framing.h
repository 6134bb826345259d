/* SPDX-License-Identifier: Apache-2.0 */
/* framing.h - what the fields of an HTTP/1.1 head say about the message: how
 * long the body is, whom it is for, whether the connection stays.
 *
 * Where two parsers could disagree about a message's end, it is refused. */
#ifndef HG_PROTO_H1_FRAMING_H
#define HG_PROTO_H1_FRAMING_H

#include "proto/h1/verdict.h"
#include "proto/http/http.h"

/* Start zeroed. */
struct hg_h1_framing {
    struct hg_slice host;
    struct hg_slice websocket_key;
    struct hg_h1_fault fault;  /* at the first field that is wrong by itself */
    struct hg_h1_fault coding; /* what Transfer-Encoding earns unless something worse comes */
    int64_t content_length;
    uint8_t n_hosts, n_lengths, n_codings, n_expects, n_upgrades, n_keys, n_versions;
    bool is_chunked;
    bool expects_continue;
    bool wants_close, wants_keep_alive, wants_upgrade; /* Connection */
    bool is_websocket;                                 /* Upgrade */
    bool is_version_13;
};

struct hg_h1_head {
    struct hg_http_head http;
    bool is_http10;
    bool is_chunked;
    bool is_last; /* the peer wants the connection closed after the answer */
};

/* Takes note of a field whose name is lower case. false: f->fault. */
bool hg_h1_framing_note(struct hg_h1_framing *f, const struct hg_field *field);

/* All fields are there; fills head but for method, target and fields, of which
 * method, target and is_http10 are already set. false: f->fault. */
bool hg_h1_framing_close(struct hg_h1_framing *f, struct hg_h1_head *head);

#endif
