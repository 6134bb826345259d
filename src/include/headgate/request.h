/* SPDX-License-Identifier: Apache-2.0 */
/* request.h - the request as modules see it, whatever HTTP version carried it,
 * and the problem that an answer tells. */
#ifndef HEADGATE_REQUEST_H
#define HEADGATE_REQUEST_H

#include "headgate/base.h"
#include "headgate/buf.h"

struct hg_request;

struct hg_field {
    struct hg_slice name;  /* lower case */
    struct hg_slice value; /* without white space around */
};

/* All slices live as long as the request. Owner loop only. */
HG_API struct hg_slice hg_request_method(const struct hg_request *r);
HG_API struct hg_slice hg_request_path(const struct hg_request *r); /* normalised, decoded */
/* The value of a header field, or empty. Several fields of one name: the
 * first; walk hg_request_fields for the rest. */
HG_API struct hg_slice hg_request_field(const struct hg_request *r, struct hg_slice name);
HG_API const struct hg_field *hg_request_fields(const struct hg_request *r, size_t *ret_n);
/* A query parameter, percent-decoded, or false. */
HG_API bool hg_request_param(const struct hg_request *r, struct hg_slice name,
                             struct hg_slice *ret_value);

/* Why a request is refused: RFC 9457. Written by whoever refuses; sent by the
 * gate. type is a slug listed in docs/reference/problems.md. */
struct hg_problem {
    int status;
    const char *type;  /* "event-invalid"; static */
    char detail[256];  /* one sentence about this occurrence, UTF-8 */
    int index;         /* of the event in a batch, or -1 */
    char pointer[128]; /* JSON Pointer (RFC 6901) to the fault, or "" */
};

/* Always returns HG_EINVAL, so that a decoder can return it at once. */
HG_API int hg_problem_set(struct hg_problem *p, int status, const char *type, const char *fmt, ...)
    HG_PRINTF(4, 5);

#endif
