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
    char *late; /* written by OpenSSL and not taken by the socket, or NULL */
    size_t late_len;
    size_t late_from; /* what of it was taken since */
    int fd;
    int error; /* errno of the write that failed, or 0 */
};

/* HG_ENOMEM. */
int hg_tls_bio_attach(SSL *ssl, struct hg_tls_bio *io);
void hg_tls_bio_fini(struct hg_tls_bio *io);
/* Write what is late. False: some of it still is, or error is set. Nobody but
 * OpenSSL itself may add to what is late: the owner waits until there is none. */
bool hg_tls_bio_flush(struct hg_tls_bio *io);

#endif
