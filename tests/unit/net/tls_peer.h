/* SPDX-License-Identifier: Apache-2.0 */
/* tls_peer.h - identities made on the spot, and OpenSSL as the client. */
#ifndef TESTS_UNIT_NET_TLS_PEER_H
#define TESTS_UNIT_NET_TLS_PEER_H

#include <openssl/ssl.h>

#include "support/pem.h"
#include "unit/net/fixture.h"

/* A P-256 identity with default settings. */
struct hg_tls *make_identity(const char *name);
struct hg_tls *make_identity_with(const char *name, struct hg_tls_setup setup);

struct tls_peer {
    SSL_CTX *ctx;
    SSL *ssl;
    int fd;
    int alert; /* the last one received, or -1 */
    bool is_done, is_failed, is_eof;
    struct hg_buf bytes;
    SSL_SESSION *session; /* the last ticket */
};

/* A client over fd, not started. alpn in wire form, or NULL. */
void peer_init(struct tls_peer *p, int fd, const char *name, const char *alpn);
void peer_fini(struct tls_peer *p);
/* Handshake and read as far as it goes. */
void peer_step(struct tls_peer *p);
void peer_write(struct tls_peer *p, const void *bytes, size_t n);
/* The subject's common name of the server's certificate is this. */
bool peer_sees(const struct tls_peer *p, const char *name);

/* Turn the loop and the client until the handshake is over for both. */
void shake_hands(struct fixture *f, struct tls_peer *p);

#define PEER_UNTIL(f, p, condition)                                                                \
    do {                                                                                           \
        int64_t until_ = deadline_from_now();                                                      \
        while (!(condition)) {                                                                     \
            if (deadline_from_now() > until_ + 10000) {                                            \
                fail_msg("never: %s", #condition);                                                 \
            }                                                                                      \
            peer_step(p);                                                                          \
            turn(f);                                                                               \
        }                                                                                          \
    } while (0)

#endif
