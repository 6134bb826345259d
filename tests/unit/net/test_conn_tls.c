/* SPDX-License-Identifier: Apache-2.0 */
#include "net/conn_tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/counters.h"
#include "net/counters.h"
#include "unit/net/tls_peer.h"

#define H2 "\2h2"
#define HTTP11 "\10http/1.1"

/* A connection with the identity and a client that has not begun. */
static void open_tls(struct fixture *f, struct hg_tls *tls, struct tls_peer *p, const char *name,
                     const char *alpn) {
    open_pair(f, SOCK_STREAM, tls);
    peer_init(p, f->peer, name, alpn);
}

/* For cases that open several. */
static void close_tls(struct fixture *f, struct tls_peer *p) {
    peer_fini(p);
    close(f->peer);
    f->peer = -1;
    TURN_UNTIL(f, f->seen.n[SEEN_CLOSE] == 1);
    hg_buf_fini(&f->seen.bytes);
    f->seen = (struct seen){0};
}

static void close_at_eof(struct seen *s, enum seen_what what) {
    if (what == SEEN_EOF) {
        hg_conn_close(s->conn);
    }
}

static void bytes_go_both_ways(void **state) {
    struct fixture *f = *state;
    struct tls_peer p;
    struct hg_tls *tls = make_identity("a.example");
    int64_t before = hg_counter_read(&hg_net_handshakes_full);
    open_tls(f, tls, &p, "a.example", NULL);
    hg_tls_unref(&tls); /* the connection has its own */
    shake_hands(f, &p);
    assert_true(hg_conn_is_tls(f->seen.conn));
    assert_false(hg_conn_is_h2(f->seen.conn));
    assert_true(hg_slice_eq(hg_conn_sni(f->seen.conn), HG_SLICE("a.example")));
    assert_int_equal(SSL_version(p.ssl), TLS1_3_VERSION);
    assert_int_equal(hg_counter_read(&hg_net_handshakes_full) - before, 1);
    peer_write(&p, "ping", 4);
    PEER_UNTIL(f, &p, f->seen.bytes.len == 4);
    hg_conn_put(f->seen.conn, "pong", 4);
    PEER_UNTIL(f, &p, p.bytes.len == 4);
    expect_bytes(&f->seen.bytes, "ping", 4);
    expect_bytes(&p.bytes, "pong", 4);
    peer_fini(&p);
}

static void protocol_is_chosen_by_alpn(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *offer;
        bool is_h2_off, is_h2;
        const char *chosen;
    } rows[] = {
        {H2 HTTP11, false, true, "h2"},     {HTTP11 H2, false, true, "h2"},
        {HTTP11, false, false, "http/1.1"}, {H2 HTTP11, true, false, "http/1.1"},
        {"\4spdy" H2, false, true, "h2"},   {NULL, false, false, ""},
    };
    for (size_t i = 0; i < HG_COUNT(rows); i++) {
        struct tls_peer p;
        const unsigned char *chosen = NULL;
        unsigned len = 0;
        struct hg_tls *tls =
            make_identity_with("a.example", (struct hg_tls_setup){.is_h2_off = rows[i].is_h2_off});
        open_tls(f, tls, &p, NULL, rows[i].offer);
        f->seen.hook = close_at_eof;
        shake_hands(f, &p);
        SSL_get0_alpn_selected(p.ssl, &chosen, &len);
        assert_int_equal(hg_conn_is_h2(f->seen.conn), rows[i].is_h2);
        assert_int_equal(len, strlen(rows[i].chosen));
        assert_int_equal(hg_conn_sni(f->seen.conn).len, 0);
        if (len > 0) {
            assert_memory_equal(chosen, rows[i].chosen, len);
        }
        close_tls(f, &p);
        hg_tls_unref(&tls);
    }
}

static void expect_alert(struct fixture *f, struct tls_peer *p, int alert) {
    PEER_UNTIL(f, p, p->is_failed);
    assert_int_equal(p->alert, alert);
    assert_int_equal(f->seen.n[SEEN_OPEN], 0);
    peer_fini(p);
    close(f->peer);
    f->peer = -1;
    TURN_UNTIL(f, f->seen.n[SEEN_CLOSE] == 1);
    assert_int_equal(f->seen.end, HG_CONN_ERROR);
    f->seen = (struct seen){0};
}

static void handshake_without_common_ground_ends_with_its_alert(void **state) {
    struct fixture *f = *state;
    struct tls_peer p;
    struct hg_tls *tls = make_identity("a.example");
    struct hg_tls *h1 = make_identity_with("a.example", (struct hg_tls_setup){.is_h2_off = true});
    struct hg_tls *modern =
        make_identity_with("a.example", (struct hg_tls_setup){.is_tls12_off = true});
    int64_t before = hg_counter_read(&hg_net_handshakes_failed);

    open_tls(f, tls, &p, NULL, "\4spdy\2xx");
    expect_alert(f, &p, SSL_AD_NO_APPLICATION_PROTOCOL);
    open_tls(f, h1, &p, NULL, H2);
    expect_alert(f, &p, SSL_AD_NO_APPLICATION_PROTOCOL);

    open_tls(f, modern, &p, NULL, NULL);
    SSL_set_max_proto_version(p.ssl, TLS1_2_VERSION);
    expect_alert(f, &p, SSL_AD_PROTOCOL_VERSION);

    open_tls(f, tls, &p, NULL, NULL);
    SSL_set_security_level(p.ssl, 0);
    SSL_set_min_proto_version(p.ssl, TLS1_VERSION);
    SSL_set_max_proto_version(p.ssl, TLS1_1_VERSION);
    expect_alert(f, &p, SSL_AD_PROTOCOL_VERSION);

    open_tls(f, tls, &p, NULL, NULL);
    SSL_set_max_proto_version(p.ssl, TLS1_2_VERSION);
    SSL_set_cipher_list(p.ssl, "ECDHE-ECDSA-AES128-SHA");
    expect_alert(f, &p, SSL_AD_HANDSHAKE_FAILURE);
    assert_int_equal(hg_counter_read(&hg_net_handshakes_failed) - before, 5);
    hg_tls_unref(&tls);
    hg_tls_unref(&h1);
    hg_tls_unref(&modern);
}

static void odd_server_names_are_refused(void **state) {
    struct fixture *f = *state;
    static const char *const names[] = {"a..example", "a b", ".a", "*.example", "a/b"};
    struct hg_tls *tls = make_identity("a.example");
    int64_t before = hg_counter_read(&hg_net_handshakes_unknown_name);
    for (size_t i = 0; i < HG_COUNT(names); i++) {
        struct tls_peer p;
        open_tls(f, tls, &p, names[i], NULL);
        expect_alert(f, &p, SSL_AD_UNRECOGNIZED_NAME);
    }
    assert_int_equal(hg_counter_read(&hg_net_handshakes_unknown_name) - before, HG_COUNT(names));
    hg_tls_unref(&tls);
}

static void tls12_works_with_the_old_clients(void **state) {
    struct fixture *f = *state;
    struct tls_peer p;
    struct hg_tls *tls = make_identity("a.example");
    open_tls(f, tls, &p, "A.Example.", NULL);
    SSL_set_max_proto_version(p.ssl, TLS1_2_VERSION);
    shake_hands(f, &p);
    assert_true(hg_slice_eq(hg_conn_sni(f->seen.conn), HG_SLICE("a.example")));
    peer_write(&p, "x", 1);
    PEER_UNTIL(f, &p, f->seen.bytes.len == 1);
    peer_fini(&p);
    hg_tls_unref(&tls);
}

static void renegotiation_ends_the_connection(void **state) {
    struct fixture *f = *state;
    struct tls_peer p;
    struct hg_tls *tls = make_identity("a.example");
    open_tls(f, tls, &p, NULL, NULL);
    SSL_set_max_proto_version(p.ssl, TLS1_2_VERSION);
    shake_hands(f, &p);
    assert_int_equal(SSL_renegotiate(p.ssl), 1);
    SSL_do_handshake(p.ssl);
    TURN_UNTIL(f, f->seen.n[SEEN_CLOSE] == 1);
    assert_int_equal(f->seen.end, HG_CONN_ERROR);
    peer_fini(&p);
    hg_tls_unref(&tls);
}

static void few_key_updates_are_borne_and_a_flood_is_not(void **state) {
    struct fixture *f = *state;
    struct tls_peer p;
    struct hg_tls *tls = make_identity("a.example");
    open_tls(f, tls, &p, NULL, NULL);
    shake_hands(f, &p);
    for (int i = 1; i <= 10; i++) {
        assert_int_equal(SSL_key_update(p.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        peer_write(&p, "x", 1);
        PEER_UNTIL(f, &p, f->seen.bytes.len == (size_t)i);
    }
    hg_conn_put(f->seen.conn, "still here", 10);
    PEER_UNTIL(f, &p, p.bytes.len == 10);
    SSL_key_update(p.ssl, SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(p.ssl);
    TURN_UNTIL(f, f->seen.n[SEEN_CLOSE] == 1);
    peer_fini(&p);
    hg_tls_unref(&tls);
}

/* The answer to the update has to wait behind a record that is half written. */
static void key_update_is_borne_while_output_is_blocked(void **state) {
    struct fixture *f = *state;
    struct tls_peer p;
    struct hg_tls *tls = make_identity("a.example");
    enum { ALL = 1024 * 1024 };
    char *bytes = hg_alloc(ALL);
    fill_pattern(bytes, ALL, 0);
    open_tls(f, tls, &p, NULL, NULL);
    shake_hands(f, &p);
    hg_conn_put(f->seen.conn, bytes, ALL);
    turn(f);
    assert_true(f->seen.conn->is_blocked);
    for (int i = 0; i < 3; i++) {
        SSL_key_update(p.ssl, SSL_KEY_UPDATE_REQUESTED);
        peer_write(&p, "x", 1);
        turn(f);
    }
    PEER_UNTIL(f, &p, p.bytes.len == ALL && f->seen.bytes.len == 3);
    assert_true(is_pattern(p.bytes.ptr, ALL, 0));
    hg_free(bytes);
    peer_fini(&p);
    hg_tls_unref(&tls);
}

static void close_notify_is_an_end_and_is_given(void **state) {
    struct fixture *f = *state;
    struct tls_peer p;
    struct hg_tls *tls = make_identity("a.example");
    open_tls(f, tls, &p, NULL, NULL);
    shake_hands(f, &p);
    peer_write(&p, "last", 4);
    SSL_shutdown(p.ssl);
    PEER_UNTIL(f, &p, f->seen.n[SEEN_EOF] == 1);
    expect_bytes(&f->seen.bytes, "last", 4);
    hg_conn_put(f->seen.conn, "answer", 6);
    hg_conn_close(f->seen.conn);
    PEER_UNTIL(f, &p, p.is_eof);
    expect_bytes(&p.bytes, "answer", 6);
    TURN_UNTIL(f, f->seen.n[SEEN_CLOSE] == 1);
    assert_int_equal(f->seen.end, HG_CONN_OURS);
    peer_fini(&p);
    hg_tls_unref(&tls);
}

static void end_without_close_notify_is_an_end_too(void **state) {
    struct fixture *f = *state;
    struct tls_peer p;
    struct hg_tls *tls = make_identity("a.example");
    open_tls(f, tls, &p, NULL, NULL);
    shake_hands(f, &p);
    peer_write(&p, "last", 4);
    shutdown(f->peer, SHUT_WR);
    PEER_UNTIL(f, &p, f->seen.n[SEEN_EOF] == 1);
    expect_bytes(&f->seen.bytes, "last", 4);
    hg_conn_put(f->seen.conn, "answer", 6);
    hg_conn_close(f->seen.conn);
    PEER_UNTIL(f, &p, p.is_eof);
    expect_bytes(&p.bytes, "answer", 6);
    peer_fini(&p);
    hg_tls_unref(&tls);
}

static void end_inside_the_handshake_opens_nothing(void **state) {
    struct fixture *f = *state;
    struct tls_peer p;
    struct hg_tls *tls = make_identity("a.example");
    open_tls(f, tls, &p, NULL, NULL);
    peer_step(&p);
    shutdown(f->peer, SHUT_WR);
    TURN_UNTIL(f, f->seen.n[SEEN_CLOSE] == 1);
    assert_int_equal(f->seen.n[SEEN_OPEN], 0);
    assert_int_equal(f->seen.end, HG_CONN_PEER);
    peer_fini(&p);
    hg_tls_unref(&tls);
}

static void garbage_and_plain_http_end_the_connection(void **state) {
    struct fixture *f = *state;
    static const char *const first[] = {"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                                        "\x16\x03\x01\x40\x01garbage", "\x80\x2e\x01\x00\x02sslv2"};
    struct hg_tls *tls = make_identity("a.example");
    for (size_t i = 0; i < HG_COUNT(first); i++) {
        open_pair(f, SOCK_STREAM, tls);
        write_peer(f->peer, first[i], strlen(first[i]));
        shutdown(f->peer, SHUT_WR);
        TURN_UNTIL(f, f->seen.n[SEEN_CLOSE] == 1);
        assert_int_equal(f->seen.n[SEEN_OPEN], 0);
        close(f->peer);
        f->peer = -1;
        f->seen = (struct seen){0};
    }
    hg_tls_unref(&tls);
}

/* A hello that never ends, one byte a record. */
static void handshake_is_limited_in_bytes(void **state) {
    struct fixture *f = *state;
    static const char head[] = "\x16\x03\x01\x00\x04\x01\x00\x7f\xff";
    struct hg_tls *tls = make_identity("a.example");
    size_t sent = sizeof head - 1;
    open_pair(f, SOCK_STREAM, tls);
    write_peer(f->peer, head, sent);
    while (f->seen.conn->state == HG_CONN_OPENING && sent < 200000) {
        for (int i = 0; i < 100 && send(f->peer, "\x16\x03\x01\x00\x01\x03", 6, 0) == 6; i++) {
            sent += 6;
        }
        hg_loop_turn(f->loop, false);
    }
    assert_int_equal(f->seen.conn->state, HG_CONN_LINGERING);
    assert_in_range(sent, 32 * 1024, 80 * 1024);
    assert_int_equal(f->seen.n[SEEN_OPEN], 0);
    hg_tls_unref(&tls);
}

static void broken_record_ends_the_connection(void **state) {
    struct fixture *f = *state;
    struct tls_peer p;
    struct hg_tls *tls = make_identity("a.example");
    open_tls(f, tls, &p, NULL, NULL);
    shake_hands(f, &p);
    peer_write(&p, "good", 4);
    write_peer(f->peer,
               "\x17\x03\x03\x00\x18"
               "012345678901234567890123",
               29);
    PEER_UNTIL(f, &p, p.is_failed);
    assert_int_equal(p.alert, SSL_AD_BAD_RECORD_MAC);
    expect_bytes(&f->seen.bytes, "good", 4);
    close(f->peer);
    f->peer = -1;
    TURN_UNTIL(f, f->seen.n[SEEN_CLOSE] == 1);
    assert_int_equal(f->seen.end, HG_CONN_ERROR);
    peer_fini(&p);
    hg_tls_unref(&tls);
}

enum { BULK = 3 * 1024 * 1024 };

static void on_produce(struct seen *s, enum seen_what what) {
    static char piece[5000];
    if (what != SEEN_OPEN && what != SEEN_ROOM) {
        return;
    }
    while (s->count < BULK && hg_conn_room(s->conn) > 0) {
        size_t n = 1 + s->count * 2654435761u % sizeof piece;
        n = n < BULK - s->count ? n : BULK - s->count;
        fill_pattern(piece, n, s->count);
        struct hg_blob *blob = hg_blob_new(piece, n);
        hg_conn_put_blob(s->conn, blob, 0, n / 2);
        hg_conn_put(s->conn, piece + n / 2, n - n / 2);
        hg_blob_unref(&blob);
        s->count += n;
    }
}

static void slow_reader_gets_every_byte(void **state) {
    struct fixture *f = *state;
    struct tls_peer p;
    struct hg_tls *tls = make_identity("a.example");
    f->seen.hook = on_produce;
    open_tls(f, tls, &p, NULL, NULL);
    shake_hands(f, &p);
    int64_t until = deadline_from_now();
    int turn_count = 0;
    while (p.bytes.len < BULK && deadline_from_now() < until + 20000) {
        char bite[3000];
        turn(f);
        turn_count++;
        for (int i = 0; i < turn_count % 40; i++) {
            int n = SSL_read(p.ssl, bite, sizeof bite);
            hg_buf_put(&p.bytes, bite, n > 0 ? (size_t)n : 0);
        }
    }
    assert_int_equal(p.bytes.len, BULK);
    assert_true(is_pattern(p.bytes.ptr, BULK, 0));
    peer_fini(&p);
    hg_tls_unref(&tls);
}

static void long_upload_arrives_whole(void **state) {
    struct fixture *f = *state;
    struct tls_peer p;
    struct hg_tls *tls = make_identity("a.example");
    char *bytes = hg_alloc(BULK);
    size_t sent = 0;
    fill_pattern(bytes, BULK, 0);
    open_tls(f, tls, &p, NULL, NULL);
    shake_hands(f, &p);
    int64_t until = deadline_from_now();
    while (f->seen.bytes.len < BULK && deadline_from_now() < until + 20000) {
        int n = sent < BULK ? SSL_write(p.ssl, bytes + sent, (int)(BULK - sent)) : 0;
        sent += n > 0 ? (size_t)n : 0;
        if ((sent >> 16) % 3 == 1) {
            hg_conn_pause(f->seen.conn);
            hg_loop_turn(f->loop, false);
            hg_conn_resume(f->seen.conn);
        }
        hg_loop_turn(f->loop, false);
    }
    assert_int_equal(f->seen.bytes.len, BULK);
    assert_true(is_pattern(f->seen.bytes.ptr, BULK, 0));
    hg_free(bytes);
    peer_fini(&p);
    hg_tls_unref(&tls);
}

static void abort_at_bytes(struct seen *s, enum seen_what what) {
    if (what == SEEN_BYTES) {
        hg_conn_abort(s->conn);
    }
}

static void abort_inside_on_bytes_is_safe(void **state) {
    struct fixture *f = *state;
    struct tls_peer p;
    struct hg_tls *tls = make_identity("a.example");
    open_tls(f, tls, &p, NULL, NULL);
    f->seen.hook = abort_at_bytes;
    shake_hands(f, &p);
    peer_write(&p, "one", 3);
    peer_write(&p, "two", 3);
    TURN_UNTIL(f, f->seen.n[SEEN_CLOSE] == 1);
    assert_int_equal(f->seen.n[SEEN_BYTES], 1);
    peer_fini(&p);
    hg_tls_unref(&tls);
}

static void close_inside_the_handshake_ends_at_once(void **state) {
    struct fixture *f = *state;
    struct hg_tls *tls = make_identity("a.example");
    open_pair(f, SOCK_STREAM, tls);
    hg_conn_put(f->seen.conn, "x", 1);
    hg_conn_close(f->seen.conn);
    TURN_UNTIL(f, f->seen.n[SEEN_CLOSE] == 1);
    assert_int_equal(f->seen.end, HG_CONN_OURS);
    hg_tls_unref(&tls);
}

/* One handshake with the session offered; returns whether it was resumed.
 * ret_session, where wanted: the ticket given. */
static bool resumes(struct fixture *f, struct hg_tls *tls, int version, SSL_SESSION *offer,
                    SSL_SESSION **ret_session) {
    struct tls_peer p;
    open_tls(f, tls, &p, "a.example", NULL);
    f->seen.hook = close_at_eof;
    SSL_set_max_proto_version(p.ssl, version);
    if (offer) {
        SSL_set_session(p.ssl, offer);
    }
    shake_hands(f, &p);
    bool is_resumed = SSL_session_reused(p.ssl) == 1;
    if (ret_session) {
        PEER_UNTIL(f, &p, p.session);
        SSL_SESSION_up_ref(p.session);
        *ret_session = p.session;
    }
    close_tls(f, &p);
    return is_resumed;
}

static void ticket_resumes_its_own_identity_only(void **state) {
    struct fixture *f = *state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct hg_tls *tls = make_identity("a.example"), *other = make_identity("b.example");
    for (size_t i = 0; i < HG_COUNT(versions); i++) {
        SSL_SESSION *session = NULL;
        int64_t before = hg_counter_read(&hg_net_handshakes_resumed);
        assert_false(resumes(f, tls, versions[i], NULL, &session));
        assert_true(SSL_SESSION_has_ticket(session));
        assert_true(resumes(f, tls, versions[i], session, NULL));
        assert_false(resumes(f, other, versions[i], session, NULL));
        assert_int_equal(hg_counter_read(&hg_net_handshakes_resumed) - before, 1);
        SSL_SESSION_free(session);
    }
    hg_tls_unref(&tls);
    hg_tls_unref(&other);
}

static void early_data_is_not_offered(void **state) {
    struct fixture *f = *state;
    struct hg_tls *tls = make_identity("a.example");
    SSL_SESSION *session = NULL;
    resumes(f, tls, TLS1_3_VERSION, NULL, &session);
    assert_int_equal(SSL_SESSION_get_max_early_data(session), 0);
    SSL_SESSION_free(session);
    hg_tls_unref(&tls);
}

int test_conn_tls(void) {
    const struct CMUnitTest tests[] = {
        IN_LOOP(bytes_go_both_ways),
        IN_LOOP(protocol_is_chosen_by_alpn),
        IN_LOOP(handshake_without_common_ground_ends_with_its_alert),
        IN_LOOP(odd_server_names_are_refused),
        IN_LOOP(tls12_works_with_the_old_clients),
        IN_LOOP(renegotiation_ends_the_connection),
        IN_LOOP(few_key_updates_are_borne_and_a_flood_is_not),
        IN_LOOP(key_update_is_borne_while_output_is_blocked),
        IN_LOOP(close_notify_is_an_end_and_is_given),
        IN_LOOP(end_without_close_notify_is_an_end_too),
        IN_LOOP(end_inside_the_handshake_opens_nothing),
        IN_LOOP(garbage_and_plain_http_end_the_connection),
        IN_LOOP(handshake_is_limited_in_bytes),
        IN_LOOP(broken_record_ends_the_connection),
        IN_LOOP(slow_reader_gets_every_byte),
        IN_LOOP(long_upload_arrives_whole),
        IN_LOOP(abort_inside_on_bytes_is_safe),
        IN_LOOP(close_inside_the_handshake_ends_at_once),
        IN_LOOP(ticket_resumes_its_own_identity_only),
        IN_LOOP(early_data_is_not_offered),
    };
    return cmocka_run_group_tests_name("net/conn_tls", tests, NULL, NULL);
}
