/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls_bio.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/net/fixture.h"

struct bio_fixture {
    SSL_CTX *ctx;
    SSL *ssl;
    struct hg_tls_bio io;
    int peer;
};

static int set_up(void **state) {
    static struct bio_fixture f;
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    f = (struct bio_fixture){.io.fd = fds[0], .peer = fds[1]};
    f.ctx = SSL_CTX_new(TLS_method());
    f.ssl = SSL_new(f.ctx);
    assert_int_equal(hg_tls_bio_attach(f.ssl, &f.io), 0);
    *state = &f;
    return 0;
}

static int tear_down(void **state) {
    struct bio_fixture *f = *state;
    SSL_free(f->ssl);
    hg_tls_bio_fini(&f->io);
    SSL_CTX_free(f->ctx);
    close(f->io.fd);
    if (f->peer >= 0) {
        close(f->peer);
    }
    return 0;
}

static void reads_what_was_given_and_then_asks_for_more(void **state) {
    struct bio_fixture *f = *state;
    BIO *bio = SSL_get_rbio(f->ssl);
    char out[8];
    f->io.in = "abcde";
    f->io.n_in = 5;
    assert_int_equal(BIO_read(bio, out, 3), 3);
    assert_memory_equal(out, "abc", 3);
    assert_int_equal(f->io.n_in, 2);
    assert_int_equal(BIO_read(bio, out, sizeof out), 2);
    assert_int_equal(BIO_read(bio, out, sizeof out), -1);
    assert_true(BIO_should_read(bio));
}

static void what_the_full_socket_does_not_take_is_late_and_in_order(void **state) {
    struct bio_fixture *f = *state;
    BIO *bio = SSL_get_wbio(f->ssl);
    enum { PIECE = 50000 };
    static char piece[PIECE], back[PIECE];
    size_t sent = 0, got = 0;
    while (!f->io.late) {
        fill_pattern(piece, PIECE, sent);
        assert_int_equal(BIO_write(bio, piece, PIECE), PIECE);
        sent += PIECE;
    }
    fill_pattern(piece, 100, sent); /* behind it, not before it */
    assert_int_equal(BIO_write(bio, piece, 100), 100);
    sent += 100;
    assert_false(hg_tls_bio_flush(&f->io));
    assert_int_equal(f->io.error, 0);
    while (got < sent) {
        ssize_t n = recv(f->peer, back, PIECE, 0);
        if (n > 0) {
            assert_true(is_pattern(back, (size_t)n, got));
            got += (size_t)n;
        }
        hg_tls_bio_flush(&f->io);
    }
    assert_true(hg_tls_bio_flush(&f->io));
    assert_null(f->io.late);
}

static void failed_write_leaves_its_error(void **state) {
    struct bio_fixture *f = *state;
    close(f->peer);
    f->peer = -1;
    assert_int_equal(BIO_write(SSL_get_wbio(f->ssl), "x", 1), -1);
    assert_false(BIO_should_retry(SSL_get_wbio(f->ssl)));
    assert_true(f->io.error != 0);
    assert_false(hg_tls_bio_flush(&f->io));
    assert_null(f->io.late);
}

int test_tls_bio(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_what_was_given_and_then_asks_for_more, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_the_full_socket_does_not_take_is_late_and_in_order,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(failed_write_leaves_its_error, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("net/tls_bio", tests, NULL, NULL);
}
