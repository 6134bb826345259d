/* SPDX-License-Identifier: Apache-2.0 */
/* answer.h - what answers of both versions have in common: reasons, the date,
 * and the refusals that the protocol itself gives. */
#ifndef HG_PROTO_HTTP_ANSWER_H
#define HG_PROTO_HTTP_ANSWER_H

#include "proto/http/http.h"

/* "Sun, 06 Nov 1994 08:49:37 GMT", of this second. Valid until the next call
 * on this thread. */
struct hg_slice hg_http_date(void);
enum { HG_HTTP_DATE_LEN = 29 };
/* The same for a given second since 1970; out needs HG_HTTP_DATE_LEN bytes. */
void hg_http_date_format(int64_t wall_s, char *out);

/* Answers with this status never have a body (RFC 9110 6.4.1). */
static inline bool hg_http_is_bodyless(int status) {
    return status < 200 || status == 204 || status == 304;
}

/* A field that an answer may carry: a legal name and value, and not one that
 * the protocol adds or forbids by itself. Others are left out: what a peer
 * once sent must not become a field of its own. */
bool hg_http_field_is_ours(const struct hg_field *field);

/* A refusal as a problem document (RFC 9457). text is one static sentence.
 * Returns the length of the body; the fields are static. */
enum { HG_HTTP_REFUSAL_MAX = 512 };
size_t hg_http_refusal_print(int status, const char *text, char out[HG_HTTP_REFUSAL_MAX]);
const struct hg_field *hg_http_refusal_fields(int status, size_t *ret_n);
/* Tells the layer above of one that was given; s NULL: of a request that it
 * never saw. */
void hg_http_refusal_tell(const struct hg_stream_ops *ops, struct hg_conn *c, struct hg_stream *s,
                          int status, const struct hg_http_head *head);

#endif
