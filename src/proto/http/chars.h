/* SPDX-License-Identifier: Apache-2.0 */
/* chars.h - which bytes HTTP allows where, for both versions. One table, so
 * that HTTP/1.1 and HTTP/2 can never disagree. */
#ifndef HG_PROTO_HTTP_CHARS_H
#define HG_PROTO_HTTP_CHARS_H

#include "headgate/base.h"

enum {
    HG_HTTP_NAME = 1,   /* a field name: tchar without the underscore, which others fold to '-' */
    HG_HTTP_VALUE = 2,  /* a field value: visible, space, tab, 0x80 and above */
    HG_HTTP_TARGET = 4, /* a request target: visible ASCII but '#' */
    HG_HTTP_HOST = 8,   /* a host name or IPv4 address */
    HG_HTTP_HEX = 16,
    HG_HTTP_TOKEN = 32, /* tchar (RFC 9110 5.6.2) */
};

extern const uint8_t hg_http_chars[256];

static inline bool hg_http_is(char c, unsigned class) {
    return (hg_http_chars[(unsigned char)c] & class) != 0;
}

static inline unsigned hg_http_hex(char c) {
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

/* Every byte of s; true for an empty s. */
bool hg_http_all(struct hg_slice s, unsigned class);

/* Whether a comma-separated list holds the token, whatever its case. */
bool hg_http_has_token(struct hg_slice list, struct hg_slice token);

#endif
