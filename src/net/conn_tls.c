/* SPDX-License-Identifier: Apache-2.0 */
/* conn_tls.c - TLS between the socket and a connection's bytes.
 *
 * OpenSSL never touches the socket for reading: conn.c reads once into the
 * loop's scratch buffer, and a BIO of ours hands that out, so a record costs
 * one system call and not two. What comes out of it is decrypted behind it in
 * the same buffer and handed up in one piece. Writes go straight through. */
#include "net/conn_tls.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "headgate/logline.h"
#include "net/counters.h"
#include "net/listener.h"
#include "net/tls_bio.h"
#include "net/tls_identity.h"
#include "net/tls_name.h"

enum {
    RECORD_MAX_BYTES = 16 * 1024,
    HANDSHAKE_MAX_BYTES = 64 * 1024,
    HANDSHAKE_TIMEOUT_MS = 5000,
    /* Each costs us a key derivation and the peer five bytes. */
    KEY_UPDATES_MAX = 10,
    KEY_UPDATES_PER_MS = 60000,
};

_Static_assert((int)HG_CONN_TLS_IN_BYTES + 2 * (int)RECORD_MAX_BYTES <= (int)HG_LOOP_SCRATCH_BYTES,
               "one read and what it decrypts to share the scratch buffer");

struct hg_conn_tls {
    SSL *ssl;                     /* NULL once no more output is possible */
    struct hg_tls *identity;      /* NULL until the client named itself one */
    struct hg_listener *listener; /* during the handshake only */
    char *name;                   /* SNI, or NULL */
    uint8_t name_len;
    bool has_asked; /* the first hello was read */
    bool is_established;
    bool is_h2;
    bool is_abusive;     /* the peer did what ends a connection */
    bool is_unknown;     /* it asked for a name that is not served */
    uint8_t key_updates; /* since */
    int64_t key_updates_since_ms;
    struct hg_tls_bio io;
    char *held; /* io.in is inside: what had to wait */
    size_t handshake_bytes;
};

/* --- the handshake --- */

static struct hg_conn *conn_of(const SSL *ssl) {
    return SSL_get_app_data(ssl);
}

static bool is_same_name(const struct hg_conn_tls *t, struct hg_slice name) {
    return hg_slice_eq((struct hg_slice){t->name, t->name_len}, name);
}

/* The identity for the name, by the listener unless it is fixed. */
static int choose_identity(struct hg_conn *c, struct hg_slice name) {
    struct hg_conn_tls *t = c->tls;
    if (name.len > 0) {
        t->name = hg_try_alloc(name.len);
        if (!t->name) {
            return SSL_AD_INTERNAL_ERROR;
        }
        memcpy(t->name, name.ptr, name.len);
        t->name_len = (uint8_t)name.len;
    }
    if (!t->identity) {
        struct hg_tls *found = t->listener->ops->tls_for(c->listener_arg, name);
        if (!found) {
            t->is_unknown = true;
            return SSL_AD_UNRECOGNIZED_NAME;
        }
        t->identity = hg_tls_ref(found);
    }
    return 0;
}

static int take_hello(SSL *ssl) {
    struct hg_conn *c = conn_of(ssl);
    struct hg_conn_tls *t = c->tls;
    char canonical[HG_TLS_NAME_MAX];
    struct hg_slice name = {canonical, 0};
    const uint8_t *extension = NULL;
    size_t len = 0;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &extension, &len) == 1) {
        struct hg_slice asked;
        if (hg_tls_name_parse(extension, len, &asked) != 0) {
            return SSL_AD_DECODE_ERROR;
        }
        if (hg_tls_name_canonical(asked, canonical, &name.len) != 0) {
            t->is_unknown = true;
            return SSL_AD_UNRECOGNIZED_NAME;
        }
    }
    if (t->has_asked) { /* a second hello, after a retry request, changes nothing */
        return is_same_name(t, name) ? 0 : SSL_AD_ILLEGAL_PARAMETER;
    }
    t->has_asked = true;
    int alert = choose_identity(c, name);
    if (alert) {
        return alert;
    }
    if (!SSL_set_SSL_CTX(ssl, t->identity->ctx) ||
        (t->identity->is_tls12_off && SSL_set_min_proto_version(ssl, TLS1_3_VERSION) != 1)) {
        return SSL_AD_INTERNAL_ERROR;
    }
    return 0;
}

/* Earlier than OpenSSL's servername callback: versions and resumed sessions
 * are judged after this one, by the identity it chose. */
static int on_hello(SSL *ssl, int *ret_alert, void *arg) {
    (void)arg;
    int alert = take_hello(ssl);
    if (alert) {
        *ret_alert = alert;
        return SSL_CLIENT_HELLO_ERROR;
    }
    return SSL_CLIENT_HELLO_SUCCESS;
}

static int on_ticket_key(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                         EVP_MAC_CTX *mac, int is_sealing) {
    struct hg_conn *c = conn_of(ssl);
    return hg_tls_tickets_apply(&c->tls->identity->tickets, hg_loop_now_ms(c->loop), name, iv,
                                cipher, mac, is_sealing);
}

static void count_key_update(struct hg_conn *c) {
    struct hg_conn_tls *t = c->tls;
    int64_t now_ms = hg_loop_now_ms(c->loop);
    if (t->key_updates == 0 || now_ms - t->key_updates_since_ms > KEY_UPDATES_PER_MS) {
        t->key_updates = 0;
        t->key_updates_since_ms = now_ms;
    }
    t->key_updates++;
    if (t->key_updates > KEY_UPDATES_MAX) {
        t->is_abusive = true;
    }
}

/* Sees each message; only what a client may not do (often) is of interest. */
static void on_message(int is_ours, int version, int type, const void *bytes, size_t n, SSL *ssl,
                       void *arg) {
    (void)version, (void)arg;
    struct hg_conn *c = conn_of(ssl);
    if (is_ours || type != SSL3_RT_HANDSHAKE || n == 0 || !c || !c->tls->is_established) {
        return;
    }
    uint8_t message = *(const uint8_t *)bytes;
    if (message == SSL3_MT_KEY_UPDATE) {
        count_key_update(c);
    } else if (message == SSL3_MT_CLIENT_HELLO) {
        c->tls->is_abusive = true; /* renegotiation */
    }
}

SSL_CTX *hg_conn_tls__front_new(void) {
    SSL_CTX *ctx = hg_tls__ctx_new();
    if (ctx) {
        SSL_CTX_set_client_hello_cb(ctx, on_hello, NULL);
        SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket_key);
        SSL_CTX_set_msg_callback(ctx, on_message);
        hg_tls_tickets_limit_age(ctx);
    }
    return ctx;
}

static void handshake_over(struct hg_conn *c) {
    hg_conn__limit(c, 0);
    hg_listener__handshake_end(&c->tls->listener);
}

static void handshake_failed(struct hg_conn *c) {
    struct hg_conn_tls *t = c->tls;
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    char peer[HG_ADDR_TEXT_MAX];
    struct hg_addr addr = hg_conn_peer(c);
    hg_addr_format(&addr, peer);
    HG_LOG(HG_DEBUG, "tls_handshake_failed", "peer=%s reason=\"%s\"", peer,
           reason ? reason : "closed by peer");
    hg_counter_add(t->is_unknown ? &hg_net_handshakes_unknown_name : &hg_net_handshakes_failed, 1);
    handshake_over(c);
    ERR_clear_error();
}

static void handshake_done(struct hg_conn *c) {
    struct hg_conn_tls *t = c->tls;
    const uint8_t *protocol = NULL;
    unsigned len = 0;
    SSL_get0_alpn_selected(t->ssl, &protocol, &len);
    t->is_h2 = len == 2 && memcmp(protocol, "h2", 2) == 0;
    t->is_established = true;
    hg_counter_add(
        SSL_session_reused(t->ssl) ? &hg_net_handshakes_resumed : &hg_net_handshakes_full, 1);
    handshake_over(c);
    hg_conn__open(c);
}

static void shake(struct hg_conn *c) {
    struct hg_conn_tls *t = c->tls;
    ERR_clear_error();
    int r = SSL_do_handshake(t->ssl);
    if (r == 1) {
        handshake_done(c);
        return;
    }
    if (SSL_get_error(t->ssl, r) != SSL_ERROR_WANT_READ ||
        t->handshake_bytes > HANDSHAKE_MAX_BYTES) {
        /* Lingering, so that the alert is not lost in a reset. */
        handshake_failed(c);
        hg_conn__linger(c, HG_CONN_ERROR);
    }
}

/* --- bytes in --- */

/* The queue of errors has to be empty before a call whose outcome is asked for.
 * It nearly always is, and clearing costs more than looking. */
static void forget_errors(void) {
    if (ERR_peek_error() != 0) {
        ERR_clear_error();
    }
}

/* Whether OpenSSL may have more for us. Asking it would make it take a buffer
 * and try to read, to say no. */
static bool may_have_more(const struct hg_conn_tls *t) {
    return t->io.n_in > 0 || SSL_pending(t->ssl) > 0;
}

/* Everything that was read, decrypted into one piece. */
static void decrypt(struct hg_conn *c) {
    struct hg_conn_tls *t = c->tls;
    char *plain = hg_loop_scratch(c->loop) + HG_CONN_TLS_IN_BYTES;
    size_t max = HG_LOOP_SCRATCH_BYTES - HG_CONN_TLS_IN_BYTES, got = 0;
    int error = SSL_ERROR_NONE;
    forget_errors();
    while (error == SSL_ERROR_NONE && got < max && may_have_more(t)) {
        int n = SSL_read(t->ssl, plain + got, (int)(max - got));
        if (n > 0) {
            got += (size_t)n;
        } else {
            error = SSL_get_error(t->ssl, n);
        }
    }
    bool is_broken = error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL;
    forget_errors();
    hg_conn__bytes(c, plain, got);
    if (t->is_abusive) {
        hg_conn__die(c, HG_CONN_ERROR);
    } else if (is_broken && c->state != HG_CONN_DEAD) {
        hg_conn__linger(c, HG_CONN_ERROR);
    } else if (error == SSL_ERROR_ZERO_RETURN) {
        hg_conn__eof(c);
    }
}

/* What could not be decrypted yet leaves the scratch buffer. */
static void keep_rest(struct hg_conn *c) {
    struct hg_conn_tls *t = c->tls;
    if (c->state >= HG_CONN_CLOSING) {
        t->io.n_in = 0;
    }
    if (t->io.n_in == 0) {
        hg_free(t->held);
        t->held = NULL;
        c->is_read_off = c->is_read_off && c->is_paused;
    } else if (!t->held) {
        t->held = hg_try_realloc(NULL, t->io.n_in);
        if (!t->held) {
            hg_conn__die(c, HG_CONN_ERROR);
            return;
        }
        memcpy(t->held, t->io.in, t->io.n_in);
        t->io.in = t->held;
    }
}

static void advance(struct hg_conn *c) {
    struct hg_conn_tls *t = c->tls;
    if (!t->is_established) {
        shake(c);
    }
    if (t->is_established && c->state == HG_CONN_OPEN && !c->is_paused) {
        decrypt(c);
    }
    keep_rest(c);
    c->is_blocked = c->is_blocked || hg_conn_tls__is_late(c);
    hg_conn__watch(c);
}

void hg_conn_tls__feed(struct hg_conn *c, const char *bytes, size_t n) {
    struct hg_conn_tls *t = c->tls;
    t->io.in = bytes;
    t->io.n_in = n;
    if (!t->is_established) {
        t->handshake_bytes += n;
    }
    advance(c);
}

void hg_conn_tls__eof(struct hg_conn *c) {
    struct hg_conn_tls *t = c->tls;
    if (!t->is_established && t->ssl && t->handshake_bytes > 0) {
        handshake_failed(c);
    }
}

void hg_conn_tls__go_on(struct hg_conn *c) {
    if (c->tls->held && !c->is_paused) {
        advance(c);
    }
}

/* --- bytes out --- */

/* Whether the socket failed; then the connection is dead. */
static bool has_failed(struct hg_conn *c) {
    int error = c->tls->io.error;
    if (error) {
        hg_conn__die(c, hg_conn__end_of(error));
    }
    return error != 0;
}

bool hg_conn_tls__flush(struct hg_conn *c) {
    return hg_tls_bio_flush(&c->tls->io) || (has_failed(c), false);
}

size_t hg_conn_tls__write(struct hg_conn *c) {
    struct hg_conn_tls *t = c->tls;
    size_t n = 0;
    if (t->io.late) {
        return 0;
    }
    const char *bytes = hg_out_front(&c->out, hg_loop_scratch(c->loop), RECORD_MAX_BYTES, &n);
    forget_errors();
    int r = SSL_write(t->ssl, bytes, (int)n);
    if (r > 0) {
        return (size_t)r;
    }
    if (!has_failed(c)) {
        hg_conn__die(c, HG_CONN_ERROR);
    }
    ERR_clear_error();
    return 0;
}

bool hg_conn_tls__farewell(struct hg_conn *c) {
    struct hg_conn_tls *t = c->tls;
    if (t->is_established && !(SSL_get_shutdown(t->ssl) & SSL_SENT_SHUTDOWN)) {
        ERR_clear_error();
        SSL_shutdown(t->ssl);
        ERR_clear_error();
    }
    return !t->io.late;
}

/* --- life --- */

int hg_conn_tls__accept(struct hg_conn *c, SSL_CTX *front, struct hg_listener *listener) {
    struct hg_conn_tls *t = hg_try_alloc(sizeof *t);
    if (!t) {
        return HG_ENOMEM;
    }
    c->tls = t;
    t->io.fd = c->watch.fd;
    t->ssl = SSL_new(front);
    if (!t->ssl || hg_tls_bio_attach(t->ssl, &t->io) != 0) {
        ERR_clear_error();
        hg_conn_tls__free(c);
        return HG_ENOMEM;
    }
    SSL_set_app_data(t->ssl, c);
    SSL_set_accept_state(t->ssl);
    int64_t timeout_ms = HANDSHAKE_TIMEOUT_MS;
    if (listener) {
        t->listener = listener;
        hg_listener__handshake_begin(listener);
        timeout_ms = listener->handshake_timeout_ms;
    }
    hg_conn__limit(c, hg_loop_now_ms(c->loop) + timeout_ms);
    return 0;
}

int hg_conn_tls__start(struct hg_conn *c, struct hg_tls *identity) {
    SSL_CTX *front = hg_conn_tls__front_new();
    int err = front ? hg_conn_tls__accept(c, front, NULL) : HG_ENOMEM;
    SSL_CTX_free(front); /* the session holds it */
    if (err == 0) {
        c->tls->identity = hg_tls_ref(identity);
    }
    return err;
}

void hg_conn_tls__free_session(struct hg_conn *c) {
    struct hg_conn_tls *t = c->tls;
    if (t) {
        SSL_free(t->ssl);
        t->ssl = NULL;
        hg_free(t->held);
        t->held = NULL;
        t->io.n_in = 0;
        hg_tls_bio_fini(&t->io);
    }
}

void hg_conn_tls__free(struct hg_conn *c) {
    struct hg_conn_tls *t = c->tls;
    if (!t) {
        return;
    }
    hg_conn_tls__free_session(c);
    hg_listener__handshake_end(&t->listener);
    hg_tls_unref(&t->identity);
    hg_free(t->name);
    hg_free(t);
    c->tls = NULL;
}

bool hg_conn_tls__is_established(const struct hg_conn *c) {
    return c->tls->is_established;
}

bool hg_conn_tls__is_holding(const struct hg_conn *c) {
    return c->tls->held != NULL;
}

bool hg_conn_tls__is_late(const struct hg_conn *c) {
    return c->tls->io.late != NULL;
}

bool hg_conn_is_h2(const struct hg_conn *c) {
    return c->tls && c->tls->is_h2;
}

struct hg_slice hg_conn_sni(const struct hg_conn *c) {
    return c->tls ? (struct hg_slice){c->tls->name, c->tls->name_len} : (struct hg_slice){NULL, 0};
}
