/* SPDX-License-Identifier: Apache-2.0 */
/* h1_run.h - drives the HTTP/1.1 engines over bytes cut in any way, and tells
 * what came out as one line of text, so that two runs can be compared. */
#ifndef HG_TESTS_PROTO_H1_RUN_H
#define HG_TESTS_PROTO_H1_RUN_H

#include "headgate/buf.h"
#include "proto/h1/body.h"
#include "proto/h1/parser.h"

extern const struct hg_http_limits h1_run_limits;

/* One run over a stream of requests. Zeroed but for is_moved. */
struct h1_run {
    struct hg_h1_parser parser;
    struct hg_h1_body body;
    bool has_parser, has_body, is_over;
    bool is_moved; /* move the parser to other memory after every feed */
    struct hg_buf told;
};

void h1_run_feed(struct h1_run *r, const char *bytes, size_t n);
void h1_run_fini(struct h1_run *r);

/* "POST /a host=h 5:hello; more", "...; fault 400". Valid until the next call. */
const char *h1_run_whole(struct hg_slice bytes);

/* The same text however the bytes are cut in two, one byte at a time, with
 * the parser moved about, and behind a good request. Fails the test if not. */
void h1_run_expect(const char *name, struct hg_slice bytes, const char *told);

#endif
