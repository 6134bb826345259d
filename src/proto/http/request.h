/* SPDX-License-Identifier: Apache-2.0 */
/* request.h - the request that modules see, built once from a head: the path
 * decoded and normalised, the query taken apart. What routes, what decides
 * rights and what is logged all see this one path. */
#ifndef HG_PROTO_HTTP_REQUEST_H
#define HG_PROTO_HTTP_REQUEST_H

#include "base/arena.h"
#include "headgate/request.h"
#include "proto/http/http.h"

enum { HG_REQUEST_PARAMS_MAX = 64 };

/* Owned by whoever embeds it; nothing to free but the arena. */
struct hg_request {
    struct hg_slice method;
    struct hg_slice path;
    const struct hg_field *fields;
    size_t n_fields;
    struct hg_field *params; /* of the query, decoded, in their order */
    size_t n_params;
};

/* The head's slices and the arena must outlive r. HG_EINVAL: the path or the
 * query is not one that is answered (400): a broken escape, NUL or a control
 * character, an encoded slash or backslash, bytes that are not UTF-8, ".."
 * above the root, or more than HG_REQUEST_PARAMS_MAX parameters. HG_ENOMEM. */
int hg_request_init(struct hg_request *r, const struct hg_http_head *head, struct hg_arena *arena);

/* Walk every query parameter, so that unknown ones can be refused: start with
 * *cursor = 0; false at the end. A name may come more than once. */
bool hg_request_param_next(const struct hg_request *r, size_t *cursor, struct hg_field *ret_param);

#endif
