/* SPDX-License-Identifier: Apache-2.0 */
/* tls_ticket.c - session tickets: our own keys, and a limit to their age.
 *
 * OpenSSL's keys would live as long as the process and would belong to the
 * context a connection starts from, which each listener has for itself. Keys
 * of the identity are shared by all loops, and end with the identity. */
#include "net/tls_ticket.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/clock.h"
#include "base/lock.h"

static int make_key(struct hg_tls_ticket_key *key, int64_t now_ms) {
    if (RAND_bytes(key->name, sizeof key->name) != 1 ||
        RAND_priv_bytes(key->aes, sizeof key->aes) != 1 ||
        RAND_priv_bytes(key->mac, sizeof key->mac) != 1) {
        return HG_EIO;
    }
    key->made_ms = now_ms > 0 ? now_ms : 1;
    return 0;
}

int hg_tls_tickets_init(struct hg_tls_tickets *t, int64_t now_ms) {
    memset(&t->before, 0, sizeof t->before);
    int err = make_key(&t->now, now_ms);
    if (err == 0) {
        pthread_mutex_init(&t->lock, NULL);
    }
    return err;
}

void hg_tls_tickets_fini(struct hg_tls_tickets *t) {
    pthread_mutex_destroy(&t->lock);
    OPENSSL_cleanse(&t->now, sizeof t->now);
    OPENSSL_cleanse(&t->before, sizeof t->before);
}

/* Under the lock. A key seals for one period and opens for two. */
static int rotate(struct hg_tls_tickets *t, int64_t now_ms) {
    int64_t age_ms = now_ms - t->now.made_ms;
    if (age_ms < HG_TLS_TICKET_ROTATE_MS) {
        return 0;
    }
    struct hg_tls_ticket_key fresh;
    int err = make_key(&fresh, now_ms);
    if (err) {
        return err;
    }
    if (age_ms < 2 * (int64_t)HG_TLS_TICKET_ROTATE_MS) {
        t->before = t->now;
    } else {
        OPENSSL_cleanse(&t->before, sizeof t->before);
    }
    t->now = fresh;
    OPENSSL_cleanse(&fresh, sizeof fresh);
    return 0;
}

int hg_tls_tickets_seal_key(struct hg_tls_tickets *t, int64_t now_ms,
                            struct hg_tls_ticket_key *ret) {
    hg_lock_take(&t->lock);
    int err = rotate(t, now_ms);
    if (err == 0) {
        *ret = t->now;
    }
    hg_lock_give(&t->lock);
    return err;
}

static bool is_key(const struct hg_tls_ticket_key *key, const uint8_t name[16]) {
    return key->made_ms != 0 && memcmp(key->name, name, sizeof key->name) == 0;
}

int hg_tls_tickets_open_key(struct hg_tls_tickets *t, int64_t now_ms, const uint8_t name[16],
                            struct hg_tls_ticket_key *ret, bool *ret_is_old) {
    hg_lock_take(&t->lock);
    int err = rotate(t, now_ms);
    if (err == 0 && is_key(&t->now, name)) {
        *ret = t->now;
        *ret_is_old = false;
    } else if (err == 0 && is_key(&t->before, name)) {
        *ret = t->before;
        *ret_is_old = true;
    } else if (err == 0) {
        err = HG_ENOENT;
    }
    hg_lock_give(&t->lock);
    return err;
}

/* OpenSSL asks for: below 0 an error, 0 a full handshake, 1 go on, 2 go on
 * and give a new ticket. */
int hg_tls_tickets_apply(struct hg_tls_tickets *t, int64_t now_ms, uint8_t name[16], uint8_t *iv,
                         EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int is_sealing) {
    struct hg_tls_ticket_key key;
    bool is_old = false;
    char digest[] = "SHA256";
    int verdict = -1;
    if (is_sealing) {
        if (hg_tls_tickets_seal_key(t, now_ms, &key) != 0 || RAND_bytes(iv, 16) != 1) {
            return -1;
        }
        memcpy(name, key.name, sizeof key.name);
    } else if (hg_tls_tickets_open_key(t, now_ms, name, &key, &is_old) != 0) {
        return 0;
    }
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac, sizeof key.mac),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    if (EVP_MAC_CTX_set_params(mac, params) == 1 &&
        EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key.aes, iv, is_sealing) == 1) {
        verdict = is_old ? 2 : 1;
    }
    OPENSSL_cleanse(&key, sizeof key);
    return verdict;
}

/* Called when a ticket is about to be made, also for a resumed session, which
 * carries what was written here the first time. */
static int on_ticket_made(SSL *ssl, void *arg) {
    (void)arg;
    SSL_SESSION *session = SSL_get_session(ssl);
    void *data = NULL;
    size_t len = 0;
    if (SSL_SESSION_get0_ticket_appdata(session, &data, &len) == 1 && len == sizeof(int64_t)) {
        return 1;
    }
    int64_t first_ms = hg_clock_mono_ms();
    return SSL_SESSION_set1_ticket_appdata(session, &first_ms, sizeof first_ms);
}

static SSL_TICKET_RETURN on_ticket_opened(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
                                          size_t name_len, SSL_TICKET_STATUS status, void *arg) {
    (void)ssl, (void)name, (void)name_len, (void)arg;
    if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW) {
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    }
    void *data = NULL;
    size_t len = 0;
    int64_t first_ms;
    if (SSL_SESSION_get0_ticket_appdata(session, &data, &len) != 1 || len != sizeof first_ms) {
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    }
    memcpy(&first_ms, data, sizeof first_ms);
    int64_t age_ms = hg_clock_mono_ms() - first_ms;
    if (age_ms < 0 || age_ms > HG_TLS_SESSION_MAX_S * (int64_t)1000) {
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    }
    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

void hg_tls_tickets_limit_age(SSL_CTX *ctx) {
    SSL_CTX_set_session_ticket_cb(ctx, on_ticket_made, on_ticket_opened, NULL);
}
