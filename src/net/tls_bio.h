/* SPDX-License-Identifier: Apache-2.0 */
/* tls_bio.h - how OpenSSL reads and writes: from bytes that were read for it,
 * and to the socket. */
#ifndef HG_NET_TLS_BIO_H
#define HG_NET_TLS_BIO_H

#include <openssl/types.h>

#include "headgate/base.h"

/* Embedded in the owner's object, which outlives the SSL. */
struct hg_tls_bio {
    const char *in; /* not yet read by OpenSSL */
    size_t n_in;
    int fd;
    int error; /* errno of the last write that failed, or 0 */
};

/* HG_ENOMEM. */
int hg_tls_bio_attach(SSL *ssl, struct hg_tls_bio *io);

#endif
