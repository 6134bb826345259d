/* SPDX-License-Identifier: Apache-2.0 */
/* tls_ticket.h - the keys that seal session tickets of one identity, changed
 * every twelve hours, and the absolute age of a session. */
#ifndef HG_NET_TLS_TICKET_H
#define HG_NET_TLS_TICKET_H

#include <openssl/ssl.h>
#include <pthread.h>

#include "headgate/base.h"

enum {
    HG_TLS_TICKET_ROTATE_MS = 12 * 3600 * 1000,
    HG_TLS_SESSION_MAX_S = 24 * 3600,
};

struct hg_tls_ticket_key {
    uint8_t name[16];
    uint8_t aes[32];
    uint8_t mac[32];
    int64_t made_ms; /* monotonic; 0: there is no key */
};

/* Shared by the loops; the one thing of an identity that changes. */
struct hg_tls_tickets {
    pthread_mutex_t lock;
    struct hg_tls_ticket_key now, before;
};

/* HG_EIO: no randomness. */
int hg_tls_tickets_init(struct hg_tls_tickets *t, int64_t now_ms);
void hg_tls_tickets_fini(struct hg_tls_tickets *t);

/* The key to seal with at this time. HG_EIO. */
int hg_tls_tickets_seal_key(struct hg_tls_tickets *t, int64_t now_ms,
                            struct hg_tls_ticket_key *ret);
/* The key of that name. HG_ENOENT: unknown or two rotations old. */
int hg_tls_tickets_open_key(struct hg_tls_tickets *t, int64_t now_ms, const uint8_t name[16],
                            struct hg_tls_ticket_key *ret, bool *ret_is_old);

/* OpenSSL's callback of SSL_CTX_set_tlsext_ticket_key_evp_cb, but for the
 * keys, whose choice is the caller's. */
int hg_tls_tickets_apply(struct hg_tls_tickets *t, int64_t now_ms, uint8_t name[16], uint8_t *iv,
                         EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int is_sealing);

/* A session remembers when it was first made, so that tickets renewed again
 * and again do not live for ever. */
void hg_tls_tickets_limit_age(SSL_CTX *ctx);

#endif
