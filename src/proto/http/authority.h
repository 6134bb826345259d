/* SPDX-License-Identifier: Apache-2.0 */
/* authority.h - what the client says it talks to: Host, :authority, and the
 * authority of an absolute target. Strict: no user info, no empty or wrong
 * port, no list. */
#ifndef HG_PROTO_HTTP_AUTHORITY_H
#define HG_PROTO_HTTP_AUTHORITY_H

#include "headgate/base.h"

/* host[:port]: a name, an IPv4 address, or an IPv6 address in brackets; port
 * 1 to 65535. */
bool hg_authority_is_valid(struct hg_slice text);

#endif
