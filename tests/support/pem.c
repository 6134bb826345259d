/* SPDX-License-Identifier: Apache-2.0 */
#include "support/pem.h"

#include "unit/unit.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

static void bio_to_buf(BIO *bio, struct hg_buf *out) {
    char *bytes = NULL;
    long n = BIO_get_mem_data(bio, &bytes);
    hg_buf_put(out, bytes, (size_t)n);
    BIO_free(bio);
}

static EVP_PKEY *make_key(enum key_kind kind) {
    EVP_PKEY *key = kind == KEY_P256      ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")
                    : kind == KEY_RSA2048 ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)
                                          : EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024);
    assert_non_null(key);
    return key;
}

void make_pem(struct pem *pem, const char *name, enum key_kind kind, int days) {
    EVP_PKEY *key = make_key(kind);
    X509 *certificate = X509_new();
    X509_NAME *subject = X509_get_subject_name(certificate);
    *pem = (struct pem){0};
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -100 * 86400L);
    X509_gmtime_adj(X509_getm_notAfter(certificate), days * 86400L);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    X509_set_version(certificate, 2);
    X509_set_pubkey(certificate, key);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, certificate);
    bio_to_buf(bio, &pem->certificate);
    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    bio_to_buf(bio, &pem->key);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

void pem_fini(struct pem *pem) {
    hg_buf_fini(&pem->certificate);
    hg_buf_fini(&pem->key);
}
