/* SPDX-License-Identifier: Apache-2.0 */
/* tls_bio.c - a BIO without a buffer of its own. */
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

static int on_write(BIO *bio, const char *bytes, int size) {
    struct hg_tls_bio *io = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t n = send(io->fd, bytes, (size_t)size, MSG_NOSIGNAL);
    if (n >= 0) {
        hg_counter_add(&hg_net_bytes_sent_total, n);
        return (int)n;
    }
    if (errno == EAGAIN || errno == EINTR) {
        BIO_set_retry_write(bio);
    } else {
        io->error = errno;
    }
    return -1;
}

static long on_control(BIO *bio, int command, long number, void *pointer) {
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH; /* nothing is ever kept back */
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
