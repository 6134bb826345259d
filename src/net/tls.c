/* SPDX-License-Identifier: Apache-2.0 */
/* tls.c - a server identity: certificate chain, key and the settings that TLS
 * connections have under it.
 *
 * Knows nothing of connections. Settings that OpenSSL copies into a connection
 * at its birth (options, modes, groups) are the same for every context, since
 * a connection is born before the client has said which identity it wants. */
#include "net/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <time.h>

#include "base/clock.h"
#include "net/tls_identity.h"

enum {
    TLS_MAGIC = 0x746c7369,
    CHAIN_MAX = 8, /* certificates in certificate_pem */
    PEM_MAX_BYTES = 128 * 1024,
};

/* The suites of Mozilla's intermediate profile; the client chooses. */
static const char default_ciphers[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                                      "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                                      "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

static bool set_groups(SSL_CTX *ctx) {
    /* Libraries before 3.5 do not know the post-quantum group. */
    if (SSL_CTX_set1_groups_list(ctx, "X25519MLKEM768:X25519:P-256:P-384") == 1) {
        return true;
    }
    ERR_clear_error();
    return SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384") == 1;
}

SSL_CTX *hg_tls__ctx_new(void) {
    /* Without it a file named in the environment could load a provider. */
    OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx) {
        return NULL;
    }
    SSL_CTX_set_security_level(ctx, 2);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    /* Nobody is verified here, and tickets carry the sessions: no cache. */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_early_data(ctx, 0);
    SSL_CTX_set_read_ahead(ctx, 0);
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 || !set_groups(ctx) ||
        SSL_CTX_set_cipher_list(ctx, default_ciphers) != 1) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

/* Whether the client's list of length-prefixed names has this one. */
static bool list_has(const uint8_t *list, unsigned len, struct hg_slice name) {
    for (unsigned i = 0; i < len && list[i] < len - i; i += list[i] + 1u) {
        if (hg_slice_eq((struct hg_slice){(const char *)list + i + 1, list[i]}, name)) {
            return true;
        }
    }
    return false;
}

/* Ours decides the order: h2 where it is on. No common protocol ends the
 * handshake (RFC 7301 section 3.2); a client without ALPN never comes here. */
static int on_alpn(SSL *ssl, const uint8_t **ret, uint8_t *ret_len, const uint8_t *list,
                   unsigned len, void *arg) {
    (void)ssl;
    const struct hg_tls *t = HG_CAST(struct hg_tls, TLS_MAGIC, arg);
    static const struct hg_slice h2 = {"h2", 2}, http11 = {"http/1.1", 8};
    const struct hg_slice *choice = NULL;
    if (!t->is_h2_off && list_has(list, len, h2)) {
        choice = &h2;
    } else if (list_has(list, len, http11)) {
        choice = &http11;
    }
    if (!choice) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *ret = (const uint8_t *)choice->ptr;
    *ret_len = (uint8_t)choice->len;
    return SSL_TLSEXT_ERR_OK;
}

static int on_passphrase(char *out, int size, int is_writing, void *arg) {
    (void)out, (void)size, (void)is_writing;
    *(bool *)arg = true;
    return 0;
}

static const char *last_reason(void) {
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason ? reason : "unknown reason";
}

static BIO *bio_over(struct hg_slice pem) {
    return BIO_new_mem_buf(pem.ptr, (int)pem.len);
}

static int use_leaf(struct hg_tls *t, X509 *leaf, struct hg_why *why) {
    if (SSL_CTX_use_certificate(t->ctx, leaf) != 1) {
        hg_why_set(why, "the certificate cannot be used: %s", last_reason());
        return HG_EINVAL;
    }
    return 0;
}

/* The n-th certificate of the chain; takes it. */
static int use_certificate(struct hg_tls *t, X509 *certificate, int n, struct hg_why *why) {
    int err = 0;
    if (n >= CHAIN_MAX) {
        hg_why_set(why, "the chain has more than %d certificates", CHAIN_MAX);
        err = HG_EINVAL;
    } else if (n == 0) {
        err = use_leaf(t, certificate, why);
    } else if (SSL_CTX_add1_chain_cert(t->ctx, certificate) != 1) {
        hg_why_set(why, "certificate %d of the chain cannot be used: %s", n + 1, last_reason());
        err = HG_EINVAL;
    }
    X509_free(certificate);
    return err;
}

static int load_chain(struct hg_tls *t, struct hg_slice pem, struct hg_why *why) {
    BIO *bio = bio_over(pem);
    int n = 0, err = bio ? 0 : HG_ENOMEM;
    bool is_encrypted = false;
    if (err) {
        hg_why_set(why, "no memory");
    }
    while (err == 0) {
        X509 *certificate = PEM_read_bio_X509(bio, NULL, on_passphrase, &is_encrypted);
        if (!certificate) {
            break;
        }
        err = use_certificate(t, certificate, n, why);
        n++;
    }
    bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (err == 0 && n == 0 && is_end) {
        hg_why_set(why, "there is no certificate in it (PEM expected)");
        err = HG_EINVAL;
    } else if (err == 0 && !is_end) {
        hg_why_set(why, "certificate %d cannot be read: %s", n + 1, last_reason());
        err = HG_EINVAL;
    }
    BIO_free(bio);
    ERR_clear_error();
    return err;
}

static int load_key(struct hg_tls *t, struct hg_slice pem, struct hg_why *why) {
    bool is_encrypted = false;
    BIO *bio = bio_over(pem);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, on_passphrase, &is_encrypted) : NULL;
    BIO_free(bio);
    int err = 0;
    if (is_encrypted) {
        hg_why_set(why, "the private key is encrypted; a key without a passphrase is needed");
        err = HG_EINVAL;
    } else if (!key) {
        hg_why_set(why, "the private key cannot be read: %s", last_reason());
        err = HG_EINVAL;
    } else if (X509_check_private_key(SSL_CTX_get0_certificate(t->ctx), key) != 1) {
        hg_why_set(why, "the private key does not belong to the certificate");
        err = HG_EINVAL;
    } else if (SSL_CTX_use_PrivateKey(t->ctx, key) != 1) {
        hg_why_set(why, "the private key cannot be used: %s", last_reason());
        err = HG_EINVAL;
    }
    EVP_PKEY_free(key);
    ERR_clear_error();
    return err;
}

static int load_ciphers(struct hg_tls *t, struct hg_slice ciphers, struct hg_why *why) {
    char list[1024];
    if (ciphers.len == 0) {
        return 0;
    }
    if (ciphers.len >= sizeof list || memchr(ciphers.ptr, 0, ciphers.len)) {
        hg_why_set(why, "the list of ciphers is too long");
        return HG_EINVAL;
    }
    memcpy(list, ciphers.ptr, ciphers.len);
    list[ciphers.len] = 0;
    if (SSL_CTX_set_cipher_list(t->ctx, list) != 1) {
        ERR_clear_error();
        hg_why_set(why, "no cipher of the list \"%s\" is known", list);
        return HG_EINVAL;
    }
    return 0;
}

/* A session made under one identity is never resumed under another. */
static int set_session_context(struct hg_tls *t, const struct hg_tls_setup *setup) {
    uint8_t digest[SHA256_DIGEST_LENGTH];
    uint8_t flags[2] = {setup->is_tls12_off, setup->is_h2_off};
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
              EVP_DigestUpdate(md, flags, sizeof flags) == 1 &&
              EVP_DigestUpdate(md, setup->ciphers.ptr, setup->ciphers.len) == 1 &&
              EVP_DigestUpdate(md, setup->certificate_pem.ptr, setup->certificate_pem.len) == 1 &&
              EVP_DigestFinal_ex(md, digest, NULL) == 1 &&
              SSL_CTX_set_session_id_context(t->ctx, digest, SSL_MAX_SID_CTX_LENGTH) == 1;
    EVP_MD_CTX_free(md);
    return ok ? 0 : HG_ENOMEM;
}

static int fill(struct hg_tls *t, const struct hg_tls_setup *setup, struct hg_why *why) {
    if (setup->certificate_pem.len > PEM_MAX_BYTES || setup->key_pem.len > PEM_MAX_BYTES) {
        hg_why_set(why, "more than %d bytes of PEM", PEM_MAX_BYTES);
        return HG_EINVAL;
    }
    ERR_clear_error();
    int err = load_chain(t, setup->certificate_pem, why);
    if (err == 0) {
        err = load_key(t, setup->key_pem, why);
    }
    if (err == 0) {
        err = load_ciphers(t, setup->ciphers, why);
    }
    if (err == 0) {
        err = set_session_context(t, setup);
    }
    return err;
}

int hg_tls_new(const struct hg_tls_setup *setup, struct hg_tls **ret_tls, struct hg_why *why) {
    struct hg_tls *t = hg_try_alloc(sizeof *t);
    if (!t) {
        hg_why_set(why, "no memory");
        return HG_ENOMEM;
    }
    t->magic = TLS_MAGIC;
    t->refs = 1;
    t->is_tls12_off = setup->is_tls12_off;
    t->is_h2_off = setup->is_h2_off;
    if (hg_tls_tickets_init(&t->tickets, hg_clock_mono_ms()) != 0) {
        hg_why_set(why, "no random bytes for the keys of session tickets");
        hg_free(t);
        return HG_EIO;
    }
    t->ctx = hg_tls__ctx_new();
    if (!t->ctx) {
        hg_why_set(why, "OpenSSL gives no context: %s", last_reason());
        hg_tls_unref(&t);
        return HG_ENOMEM;
    }
    SSL_CTX_set_alpn_select_cb(t->ctx, on_alpn, t);
    int err = fill(t, setup, why);
    if (err) {
        hg_tls_unref(&t);
        return err;
    }
    *ret_tls = t;
    return 0;
}

struct hg_tls *hg_tls_ref(struct hg_tls *t) {
    atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    return t;
}

void hg_tls_unref(struct hg_tls **pt) {
    struct hg_tls *t = *pt;
    *pt = NULL;
    if (t && atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) == 1) {
        SSL_CTX_free(t->ctx);
        hg_tls_tickets_fini(&t->tickets);
        hg_free(t);
    }
}

int hg_tls_certificate_end(struct hg_slice pem, int64_t *ret_ms) {
    struct tm end;
    bool is_encrypted = false;
    BIO *in = bio_over(pem);
    X509 *leaf = in != NULL ? PEM_read_bio_X509(in, NULL, on_passphrase, &is_encrypted) : NULL;
    int err = HG_EINVAL;
    if (leaf != NULL && ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &end) == 1) {
        *ret_ms = (int64_t)timegm(&end) * 1000;
        err = 0;
    }
    X509_free(leaf);
    BIO_free(in);
    ERR_clear_error();
    return err;
}
