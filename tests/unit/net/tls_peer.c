/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/net/tls_peer.h"

#include <openssl/err.h>

struct hg_tls *make_identity_with(const char *name, struct hg_tls_setup setup) {
    struct pem pem;
    struct hg_why why = {0};
    struct hg_tls *tls = NULL;
    make_pem(&pem, name, KEY_P256, 30);
    setup.certificate_pem = hg_buf_slice(&pem.certificate);
    setup.key_pem = hg_buf_slice(&pem.key);
    if (hg_tls_new(&setup, &tls, &why) != 0) {
        fail_msg("%s", why.text);
    }
    pem_fini(&pem);
    return tls;
}

struct hg_tls *make_identity(const char *name) {
    return make_identity_with(name, (struct hg_tls_setup){0});
}

static void on_info(const SSL *ssl, int where, int value) {
    struct tls_peer *p = SSL_get_app_data(ssl);
    if (where == SSL_CB_READ_ALERT) {
        p->alert = value & 0xff;
    }
}

static int on_session(SSL *ssl, SSL_SESSION *session) {
    struct tls_peer *p = SSL_get_app_data(ssl);
    SSL_SESSION_free(p->session);
    p->session = session;
    return 1;
}

void peer_init(struct tls_peer *p, int fd, const char *name, const char *alpn) {
    *p = (struct tls_peer){.fd = fd, .alert = -1};
    p->ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_session_cache_mode(p->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(p->ctx, on_session);
    SSL_CTX_set_mode(p->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    p->ssl = SSL_new(p->ctx);
    SSL_set_fd(p->ssl, fd);
    SSL_set_app_data(p->ssl, p);
    SSL_set_info_callback(p->ssl, on_info);
    SSL_set_connect_state(p->ssl);
    if (name) {
        SSL_set_tlsext_host_name(p->ssl, name);
    }
    if (alpn) {
        SSL_set_alpn_protos(p->ssl, (const unsigned char *)alpn, (unsigned)strlen(alpn));
    }
}

void peer_fini(struct tls_peer *p) {
    /* Or OpenSSL would take the session for a broken one, never to be resumed. */
    SSL_set_shutdown(p->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_SESSION_free(p->session);
    SSL_free(p->ssl);
    SSL_CTX_free(p->ctx);
    hg_buf_fini(&p->bytes);
}

static void judge(struct tls_peer *p, int r) {
    int error = SSL_get_error(p->ssl, r);
    if (error == SSL_ERROR_ZERO_RETURN) {
        p->is_eof = true;
    } else if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
        p->is_failed = true;
    }
}

void peer_step(struct tls_peer *p) {
    char chunk[20000];
    ERR_clear_error();
    if (p->is_failed || p->is_eof) {
        return;
    }
    if (!p->is_done) {
        int r = SSL_do_handshake(p->ssl);
        p->is_done = r == 1;
        if (!p->is_done) {
            judge(p, r);
            return;
        }
    }
    int n;
    while ((n = SSL_read(p->ssl, chunk, sizeof chunk)) > 0) {
        hg_buf_put(&p->bytes, chunk, (size_t)n);
    }
    judge(p, n);
    ERR_clear_error();
}

void peer_write(struct tls_peer *p, const void *bytes, size_t n) {
    assert_int_equal(SSL_write(p->ssl, bytes, (int)n), (int)n);
}

bool peer_sees(const struct tls_peer *p, const char *name) {
    char text[256] = "";
    X509 *certificate = SSL_get0_peer_certificate(p->ssl);
    assert_non_null(certificate);
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text,
                              sizeof text);
    return strcmp(text, name) == 0;
}

void shake_hands(struct fixture *f, struct tls_peer *p) {
    PEER_UNTIL(f, p, p->is_done && f->seen.n[SEEN_OPEN] == 1);
}
