/* SPDX-License-Identifier: Apache-2.0 */
/* tls_identity.h - what is inside a struct hg_tls, for the files of this room
 * that speak to OpenSSL. */
#ifndef HG_NET_TLS_IDENTITY_H
#define HG_NET_TLS_IDENTITY_H

#include <openssl/ssl.h>
#include <stdatomic.h>

#include "net/tls.h"
#include "net/tls_ticket.h"

struct hg_tls {
    uint32_t magic;
    _Atomic uint32_t refs;
    SSL_CTX *ctx; /* certificate, key, ciphers and ALPN; connections start from another */
    struct hg_tls_tickets tickets;
    bool is_tls12_off;
    bool is_h2_off;
};

/* A server context with the house's settings and no certificate, or NULL. */
SSL_CTX *hg_tls__ctx_new(void);

#endif
