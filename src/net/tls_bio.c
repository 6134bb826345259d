/* SPDX-License-Identifier: Apache-2.0 */
/* tls_bio.c - a BIO that reads from memory and writes to the socket.
 *
 * Writing never asks OpenSSL to come again. Were a record half written, OpenSSL
 * could not answer what it reads meanwhile (a key update) and would give up;
 * so the rest of the record is kept here, where it costs what it would cost
 * there. */
#include "net/tls_bio.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/socket.h>

#include "net/counters.h"

static int on_read(BIO *bio, char *out, int size) {
    struct hg_tls_bio *io = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (io->n_in == 0) {
        BIO_set_retry_read(bio); /* the end of the socket is conn.c's matter */
        return -1;
    }
    size_t n = io->n_in < (size_t)size ? io->n_in : (size_t)size;
    memcpy(out, io->in, n);
    io->in += n;
    io->n_in -= n;
    return (int)n;
}

/* What of the bytes the socket takes now. */
static size_t send_now(struct hg_tls_bio *io, const char *bytes, size_t n) {
    ssize_t sent = send(io->fd, bytes, n, MSG_NOSIGNAL);
    if (sent >= 0) {
        hg_counter_add(&hg_net_bytes_sent_total, sent);
        return (size_t)sent;
    }
    if (errno != EAGAIN && errno != EINTR) {
        io->error = errno;
    }
    return 0;
}

static void keep_late(struct hg_tls_bio *io, const char *bytes, size_t n) {
    char *late = hg_try_realloc(io->late, io->late_len + n);
    if (!late) {
        io->error = ENOMEM;
        return;
    }
    memcpy(late + io->late_len, bytes, n);
    io->late = late;
    io->late_len += n;
}

static int on_write(BIO *bio, const char *bytes, int size) {
    struct hg_tls_bio *io = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    size_t sent = io->late || io->error ? 0 : send_now(io, bytes, (size_t)size);
    if (io->error == 0 && sent < (size_t)size) {
        keep_late(io, bytes + sent, (size_t)size - sent);
    }
    return io->error == 0 ? size : -1;
}

bool hg_tls_bio_flush(struct hg_tls_bio *io) {
    if (io->late && io->error == 0) {
        io->late_from += send_now(io, io->late + io->late_from, io->late_len - io->late_from);
        if (io->late_from == io->late_len) {
            hg_tls_bio_fini(io);
        }
    }
    return !io->late && io->error == 0;
}

void hg_tls_bio_fini(struct hg_tls_bio *io) {
    hg_free(io->late);
    io->late = NULL;
    io->late_len = io->late_from = 0;
}

static long on_control(BIO *bio, int command, long number, void *pointer) {
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

/* A const table in spirit, which OpenSSL only lets us build at run time. */
static BIO_METHOD *method;
static pthread_once_t method_once = PTHREAD_ONCE_INIT;

static void make_method(void) {
    method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "headgate");
    if (method) {
        BIO_meth_set_read(method, on_read);
        BIO_meth_set_write(method, on_write);
        BIO_meth_set_ctrl(method, on_control);
    }
}

int hg_tls_bio_attach(SSL *ssl, struct hg_tls_bio *io) {
    pthread_once(&method_once, make_method);
    BIO *bio = method ? BIO_new(method) : NULL;
    if (!bio) {
        return HG_ENOMEM;
    }
    BIO_set_data(bio, io);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    return 0;
}
