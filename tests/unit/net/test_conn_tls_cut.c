/* SPDX-License-Identifier: Apache-2.0 */
/* test_conn_tls_cut.c - a TLS client in memory, whose bytes are cut anywhere. */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/conn_tls.h"
#include "unit/net/tls_peer.h"

/* The client's side in memory, so that its bytes can be cut anywhere. */
struct cut_peer {
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *in, *out;
};

static void cut_init(struct cut_peer *p) {
    p->ctx = SSL_CTX_new(TLS_client_method());
    p->ssl = SSL_new(p->ctx);
    p->in = BIO_new(BIO_s_mem());
    p->out = BIO_new(BIO_s_mem());
    SSL_set_bio(p->ssl, p->in, p->out);
    SSL_set_connect_state(p->ssl);
    SSL_set_tlsext_host_name(p->ssl, "a.example");
}

static void cut_fini(struct cut_peer *p) {
    SSL_free(p->ssl);
    SSL_CTX_free(p->ctx);
}

static void cut_pull(struct fixture *f, struct cut_peer *p) {
    struct hg_buf got = {0};
    read_peer(f->peer, &got);
    if (got.len > 0) {
        BIO_write(p->in, got.ptr, (int)got.len);
    }
    hg_buf_fini(&got);
    ERR_clear_error();
}

/* What the client has to say, cut once at this place or after each byte. */
static size_t cut_push(struct fixture *f, struct cut_peer *p, size_t at) {
    char *bytes = NULL;
    size_t n = (size_t)BIO_get_mem_data(p->out, &bytes);
    if (at == 0) {
        for (size_t i = 0; i < n; i++) {
            write_peer(f->peer, bytes + i, 1);
            hg_loop_turn(f->loop, false);
        }
    } else {
        size_t first = at < n ? at : n;
        write_peer(f->peer, bytes, first);
        hg_loop_turn(f->loop, false);
        if (n > first) {
            write_peer(f->peer, bytes + first, n - first);
        }
    }
    (void)BIO_reset(p->out);
    return n;
}

/* Returns the longest flight of the client, which ends with its request. */
static size_t run_cut(struct fixture *f, struct hg_tls *tls, size_t at) {
    struct cut_peer p;
    size_t longest = 0;
    bool is_written = false;
    cut_init(&p);
    open_pair(f, SOCK_STREAM, tls);
    int64_t until = deadline_from_now();
    while (f->seen.bytes.len < 7 && deadline_from_now() < until + 10000) {
        if (SSL_do_handshake(p.ssl) == 1 && !is_written) {
            SSL_write(p.ssl, "request", 7);
            is_written = true;
        }
        size_t n = cut_push(f, &p, at);
        longest = n > longest ? n : longest;
        hg_loop_turn(f->loop, false);
        cut_pull(f, &p);
    }
    expect_bytes(&f->seen.bytes, "request", 7);
    assert_int_equal(f->seen.n[SEEN_OPEN], 1);
    hg_conn_abort(f->seen.conn);
    TURN_UNTIL(f, f->seen.n[SEEN_CLOSE] == 1);
    cut_fini(&p);
    close(f->peer);
    f->peer = -1;
    hg_buf_fini(&f->seen.bytes);
    f->seen = (struct seen){0};
    return longest;
}

static void input_may_be_cut_anywhere(void **state) {
    struct fixture *f = *state;
    struct hg_tls *tls = make_identity("a.example");
    size_t longest = run_cut(f, tls, 0);
    assert_in_range(longest, 100, 1000);
    for (size_t at = 1; at < longest; at++) {
        run_cut(f, tls, at);
    }
    hg_tls_unref(&tls);
}

static void pause_at_open(struct seen *s, enum seen_what what) {
    if (what == SEEN_OPEN) {
        hg_conn_pause(s->conn);
    }
}

/* The request comes in one read with the end of the handshake. */
static void bytes_behind_the_handshake_wait_for_a_paused_protocol(void **state) {
    struct fixture *f = *state;
    struct cut_peer p;
    struct hg_tls *tls = make_identity("a.example");
    cut_init(&p);
    f->seen.hook = pause_at_open;
    open_pair(f, SOCK_STREAM, tls);
    while (SSL_do_handshake(p.ssl) != 1) {
        cut_push(f, &p, 1);
        hg_loop_turn(f->loop, false);
        cut_pull(f, &p);
    }
    SSL_write(p.ssl, "request", 7);
    cut_push(f, &p, 100000);
    TURN_UNTIL(f, f->seen.n[SEEN_OPEN] == 1);
    for (int i = 0; i < 4; i++) {
        turn(f);
    }
    assert_int_equal(f->seen.bytes.len, 0);
    assert_true(hg_conn_tls__is_holding(f->seen.conn));
    SSL_write(p.ssl, " more", 5);
    cut_push(f, &p, 100000);
    turn(f);
    hg_conn_resume(f->seen.conn);
    TURN_UNTIL(f, f->seen.bytes.len == 12);
    expect_bytes(&f->seen.bytes, "request more", 12);
    assert_false(hg_conn_tls__is_holding(f->seen.conn));
    cut_fini(&p);
    hg_tls_unref(&tls);
}

int test_conn_tls_cut(void) {
    const struct CMUnitTest tests[] = {
        IN_LOOP(input_may_be_cut_anywhere),
        IN_LOOP(bytes_behind_the_handshake_wait_for_a_paused_protocol),
    };
    return cmocka_run_group_tests_name("net/conn_tls, cut", tests, NULL, NULL);
}
