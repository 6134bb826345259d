/* SPDX-License-Identifier: Apache-2.0 */
/* tls_name.h - the server name of a TLS hello (RFC 6066 section 3). */
#ifndef HG_NET_TLS_NAME_H
#define HG_NET_TLS_NAME_H

#include "headgate/base.h"

enum { HG_TLS_NAME_MAX = 255 };

/* The one name in the extension's bytes. HG_EINVAL. */
int hg_tls_name_parse(const uint8_t *extension, size_t len, struct hg_slice *ret_name);
/* The form in which names are compared: lower case, no final dot. HG_EINVAL:
 * not a host name. */
int hg_tls_name_canonical(struct hg_slice name, char out[HG_TLS_NAME_MAX], size_t *ret_len);

#endif
