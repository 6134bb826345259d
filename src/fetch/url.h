/* SPDX-License-Identifier: Apache-2.0 */
/* url.h - addresses of outbound requests: read, given parameters, resolved
 * (RFC 3986). What comes out is text in a buffer, not terminated. */
#ifndef HG_FETCH_URL_H
#define HG_FETCH_URL_H

#include "headgate/buf.h"

/* Append text as it will be sent, without a fragment. HG_EINVAL: it is not an
 * http or https URL with a host. HG_ENOMEM. */
int hg_url_read(struct hg_slice text, struct hg_buf *out);
/* name=value, percent-encoded, into the query of a URL without a fragment. */
void hg_url_add_param(struct hg_buf *url, struct hg_slice name, struct hg_slice value);
/* The first value of a parameter of a URL or reference, decoded and appended;
 * HG_ENOENT. */
int hg_url_param(struct hg_slice url, struct hg_slice name, struct hg_buf *out);
/* Append what reference means at base. Errors as hg_url_read. */
int hg_url_resolve(struct hg_slice base, struct hg_slice reference, struct hg_buf *out);

#endif
