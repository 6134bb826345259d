/* SPDX-License-Identifier: Apache-2.0 */
#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/counters.h"
#include "net/conn_impl.h"
#include "net/counters.h"
#include "net/limit.h"
#include "unit/net/tls_peer.h"

enum { CLIENTS_MAX = 32 };

static unsigned walked;

static void on_walk(struct hg_conn *c) {
    (void)c;
    walked++;
}

static unsigned count_conns(struct hg_listener *l) {
    walked = 0;
    hg_listener_each(l, on_walk);
    return walked;
}

/* The listener's arg: what it does and what it met. */
struct door {
    struct fixture *f;
    struct hg_listener *listener;
    int fd;
    struct hg_addr addr;
    int accepted;
    int refuse_from; /* accepted so many: refuse the rest */
    bool stops_itself;
    struct hg_tls *first, *second; /* a.example and b.example */
    struct hg_buf asked;           /* the names, each with a space behind it */
    struct seen seen[CLIENTS_MAX];
};

static struct hg_tls *tls_for(void *arg, struct hg_slice name) {
    struct door *d = arg;
    hg_buf_put_slice(&d->asked, name);
    HG_BUF_LIT(&d->asked, " ");
    if (name.len == 0 || hg_slice_eq(name, HG_SLICE("a.example"))) {
        return d->first;
    }
    return hg_slice_eq(name, HG_SLICE("b.example")) ? d->second : NULL;
}

static int on_accept(void *arg, struct hg_conn *c) {
    struct door *d = arg;
    assert_ptr_equal(hg_conn_listener_arg(c), d);
    if (d->stops_itself) {
        hg_listener_stop(&d->listener);
    }
    if (d->refuse_from > 0 && d->accepted >= d->refuse_from) {
        hg_conn_put(c, "ignored", 7);
        return HG_EAGAIN;
    }
    assert_true(d->accepted < CLIENTS_MAX);
    struct seen *s = &d->seen[d->accepted];
    d->accepted++;
    s->conn = c;
    hg_conn_set_ops(c, &seen_ops, s);
    return 0;
}

static const struct hg_listener_ops door_ops = {.tls_for = tls_for, .on_accept = on_accept};

static void open_door(struct fixture *f, struct door *d, bool is_tls) {
    memset(d, 0, sizeof *d);
    d->f = f;
    d->fd = listen_tcp(&d->addr);
    if (is_tls) {
        d->first = make_identity("a.example");
        d->second = make_identity("b.example");
    }
    assert_int_equal(hg_listener_start(f->loop, d->fd, is_tls, &door_ops, d, &d->listener), 0);
}

static bool all_closed(const struct door *d) {
    for (int i = 0; i < d->accepted; i++) {
        if (d->seen[i].n[SEEN_CLOSE] == 0) {
            return false;
        }
    }
    return true;
}

static void close_door(struct door *d) {
    hg_listener_stop(&d->listener);
    assert_null(d->listener);
    for (int i = 0; i < d->accepted; i++) {
        d->seen[i].hook = NULL;
        if (d->seen[i].conn) {
            hg_conn_abort(d->seen[i].conn);
        }
    }
    TURN_UNTIL(d->f, all_closed(d));
    for (int i = 0; i < d->accepted; i++) {
        hg_buf_fini(&d->seen[i].bytes);
    }
    hg_tls_unref(&d->first);
    hg_tls_unref(&d->second);
    hg_buf_fini(&d->asked);
    close(d->fd);
}

static bool is_closed(int fd) {
    char byte;
    ssize_t n = recv(fd, &byte, 1, 0);
    return n == 0 || (n < 0 && errno == ECONNRESET);
}

static void accepted_connection_is_counted_and_tuned(void **state) {
    struct fixture *f = *state;
    struct door d;
    int64_t total = hg_counter_read(&hg_net_connections_total);
    int64_t open = hg_counter_read(&hg_net_connections_open);
    uint32_t places = hg_net_limit_used();
    open_door(f, &d, false);
    f->peer = connect_to(&d.addr);
    TURN_UNTIL(f, d.seen[0].n[SEEN_OPEN] == 1);
    assert_int_equal(hg_counter_read(&hg_net_connections_total) - total, 1);
    assert_int_equal(hg_counter_read(&hg_net_connections_open) - open, 1);
    assert_int_equal(hg_net_limit_used() - places, 1);

    static const struct {
        int level, name, value;
    } options[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},
        {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, 30},
        {IPPROTO_TCP, TCP_USER_TIMEOUT, 0}, /* it cuts who stops reading */
        {IPPROTO_TCP, TCP_NOTSENT_LOWAT, 128 * 1024},
    };
    int fd = d.seen[0].conn->watch.fd;
    for (size_t i = 0; i < HG_COUNT(options); i++) {
        int value = -1;
        socklen_t len = sizeof value;
        assert_int_equal(getsockopt(fd, options[i].level, options[i].name, &value, &len), 0);
        assert_int_equal(value, options[i].value);
    }
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    struct hg_addr own = {.len = sizeof own.sa};
    getsockname(f->peer, &own.sa.any, &own.len);
    struct hg_addr peer = hg_conn_peer(d.seen[0].conn);
    assert_true(hg_addr_eq(&peer, &own));
    close_door(&d);
    assert_int_equal(hg_counter_read(&hg_net_connections_open), open);
    assert_int_equal(hg_net_limit_used(), places);
}

static void private_connection_counts_nowhere_and_has_its_own_places(void **state) {
    struct fixture *f = *state;
    struct door d;
    const struct hg_counter *const counters[] = {
        &hg_net_connections_total, &hg_net_connections_open, &hg_net_connections_refused_total,
        &hg_net_bytes_received_total, &hg_net_bytes_sent_total};
    int64_t before[HG_COUNT(counters)];
    for (size_t i = 0; i < HG_COUNT(counters); i++) {
        before[i] = hg_counter_read(counters[i]);
    }
    open_door(f, &d, false);
    hg_listener_set_private(d.listener, 1);
    hg_net_limit_take();
    hg_net_limit_set(hg_net_limit_used()); /* no client gets in */
    f->peer = connect_to(&d.addr);
    TURN_UNTIL(f, d.seen[0].n[SEEN_OPEN] == 1);
    assert_true(hg_conn_is_private(d.seen[0].conn));
    assert_int_equal(send(f->peer, "x", 1, 0), 1);
    TURN_UNTIL(f, d.seen[0].n[SEEN_BYTES] == 1);
    hg_conn_put(d.seen[0].conn, "y", 1);
    char byte = 0;
    TURN_UNTIL(f, recv(f->peer, &byte, 1, MSG_DONTWAIT) == 1);
    int second = connect_to(&d.addr);
    TURN_UNTIL(f, recv(second, &byte, 1, MSG_DONTWAIT) == 0);
    close(second);
    hg_conn_abort(d.seen[0].conn);
    TURN_UNTIL(f, d.seen[0].n[SEEN_CLOSE] == 1);
    int third = connect_to(&d.addr);
    TURN_UNTIL(f, d.seen[1].n[SEEN_OPEN] == 1);
    close(third);
    for (size_t i = 0; i < HG_COUNT(counters); i++) {
        assert_int_equal(hg_counter_read(counters[i]), before[i]);
    }
    hg_net_limit_set(0);
    hg_net_limit_give();
    close_door(&d);
}

static void unix_clients_are_served(void **state) {
    struct fixture *f = *state;
    struct door d = {.f = f};
    char dir[] = "/tmp/headgate-listener-XXXXXX", text[128];
    assert_non_null(mkdtemp(dir));
    snprintf(text, sizeof text, "unix:%s/s", dir);
    assert_int_equal(hg_addr_parse(hg_slice_of(text), &d.addr), 0);
    assert_int_equal(hg_addr_listen(&d.addr, 16, false, &d.fd), 0);
    assert_int_equal(hg_listener_start(f->loop, d.fd, false, &door_ops, &d, &d.listener), 0);
    f->peer = connect_to(&d.addr);
    write_peer(f->peer, "x", 1);
    TURN_UNTIL(f, d.seen[0].bytes.len == 1);
    struct hg_addr peer = hg_conn_peer(d.seen[0].conn);
    hg_addr_format(&peer, text);
    assert_string_equal(text, "unix:");
    close_door(&d);
    unlink(d.addr.sa.unix_path.sun_path);
    rmdir(dir);
}

static void refused_connection_is_closed_without_a_word(void **state) {
    struct fixture *f = *state;
    struct door d;
    int64_t refused = hg_counter_read(&hg_net_connections_refused_total);
    open_door(f, &d, false);
    d.refuse_from = 1;
    f->peer = connect_to(&d.addr);
    TURN_UNTIL(f, d.accepted == 1);
    int other = connect_to(&d.addr);
    TURN_UNTIL(f, is_closed(other));
    assert_int_equal(d.accepted, 1);
    assert_int_equal(hg_counter_read(&hg_net_connections_refused_total) - refused, 1);
    close(other);
    close_door(&d);
}

static void limit_of_the_process_closes_the_next(void **state) {
    struct fixture *f = *state;
    struct door d;
    int64_t refused = hg_counter_read(&hg_net_connections_refused_total);
    open_door(f, &d, false);
    hg_net_limit_set(hg_net_limit_used() + 1);
    f->peer = connect_to(&d.addr);
    TURN_UNTIL(f, d.accepted == 1);
    int other = connect_to(&d.addr);
    TURN_UNTIL(f, is_closed(other));
    close(other);
    assert_int_equal(hg_counter_read(&hg_net_connections_refused_total) - refused, 1);
    hg_conn_abort(d.seen[0].conn);
    TURN_UNTIL(f, d.seen[0].n[SEEN_CLOSE] == 1);
    other = connect_to(&d.addr);
    TURN_UNTIL(f, d.accepted == 2);
    close(other);
    hg_net_limit_set(0);
    close_door(&d);
}

static void new_arg_is_for_new_connections(void **state) {
    struct fixture *f = *state;
    struct door d, next;
    open_door(f, &d, false);
    next = (struct door){.f = f, .fd = -1};
    f->peer = connect_to(&d.addr);
    TURN_UNTIL(f, d.accepted == 1);
    hg_listener_set_arg(d.listener, &next);
    assert_ptr_equal(hg_listener_arg(d.listener), &next);
    int other = connect_to(&d.addr);
    TURN_UNTIL(f, next.accepted == 1);
    assert_ptr_equal(hg_conn_listener_arg(d.seen[0].conn), &d);
    close(other);
    close_door(&d);
    close_door(&next);
}

static void stopped_listener_leaves_its_connections_alone(void **state) {
    struct fixture *f = *state;
    struct door d;
    open_door(f, &d, false);
    d.stops_itself = true; /* inside on_accept */
    f->peer = connect_to(&d.addr);
    int other = connect_to(&d.addr);
    TURN_UNTIL(f, d.seen[0].n[SEEN_OPEN] == 1);
    assert_null(d.listener);
    write_peer(f->peer, "x", 1);
    TURN_UNTIL(f, d.seen[0].bytes.len == 1);
    turn(f);
    assert_int_equal(d.accepted, 1);
    close(other);
    close_door(&d);
}

static void one_turn_accepts_a_bounded_number(void **state) {
    struct fixture *f = *state;
    struct door d;
    int clients[100];
    open_door(f, &d, false);
    d.refuse_from = 1;
    for (int i = 0; i < 100; i++) {
        clients[i] = connect_to(&d.addr);
    }
    int64_t before = hg_counter_read(&hg_net_connections_refused_total);
    hg_loop_turn(f->loop, true);
    assert_in_range(hg_counter_read(&hg_net_connections_refused_total) - before, 0, 64);
    TURN_UNTIL(f, hg_counter_read(&hg_net_connections_refused_total) - before == 99);
    for (int i = 0; i < 100; i++) {
        close(clients[i]);
    }
    close_door(&d);
}

/* Takes every descriptor there is; returns how many. */
static int hog(int *fds, int max) {
    int n = 0;
    while (n < max && (fds[n] = dup(0)) >= 0) {
        n++;
    }
    assert_true(n < max);
    return n;
}

static void without_descriptors_clients_are_turned_away_and_it_recovers(void **state) {
    struct fixture *f = *state;
    struct door d;
    struct rlimit limit, low;
    int hogged[256], clients[20];
    open_door(f, &d, false);
    for (int i = 0; i < 20; i++) {
        clients[i] = connect_to(&d.addr);
    }
    int64_t errors = hg_counter_read(&hg_net_accept_errors_total);
    getrlimit(RLIMIT_NOFILE, &limit);
    low = (struct rlimit){.rlim_cur = 128, .rlim_max = limit.rlim_max};
    setrlimit(RLIMIT_NOFILE, &low);
    int n = hog(hogged, 256);
    TURN_UNTIL(f, hg_counter_read(&hg_net_accept_errors_total) > errors);
    for (int i = 0; i < 20; i++) {
        TURN_UNTIL(f, is_closed(clients[i]));
    }
    assert_int_equal(d.accepted, 0);
    assert_int_equal(d.listener->watch.want, 0); /* rests: no spinning */
    assert_true(d.listener->spare_fd >= 0);

    int late = clients[0]; /* with descriptors again, the next is served */
    close(late);
    for (int i = 0; i < n; i++) {
        close(hogged[i]);
    }
    setrlimit(RLIMIT_NOFILE, &limit);
    clients[0] = connect_to(&d.addr);
    TURN_UNTIL(f, d.accepted == 1);
    for (int i = 0; i < 20; i++) {
        close(clients[i]);
    }
    close_door(&d);
}

static void name_chooses_the_identity(void **state) {
    struct fixture *f = *state;
    struct door d;
    static const struct {
        const char *asked, *canonical, *served;
    } rows[] = {
        {"a.example", "a.example", "a.example"},
        {"b.example", "b.example", "b.example"},
        {"B.EXAMPLE.", "b.example", "b.example"},
        {NULL, "", "a.example"},
    };
    open_door(f, &d, true);
    for (size_t i = 0; i < HG_COUNT(rows); i++) {
        for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
            struct tls_peer p;
            struct seen *s = &d.seen[d.accepted];
            peer_init(&p, connect_to(&d.addr), rows[i].asked, NULL);
            SSL_set_max_proto_version(p.ssl, version);
            PEER_UNTIL(f, &p, p.is_done && s->n[SEEN_OPEN] == 1);
            assert_true(peer_sees(&p, rows[i].served));
            assert_true(hg_slice_eq(hg_conn_sni(s->conn), hg_slice_of(rows[i].canonical)));
            close(p.fd);
            peer_fini(&p);
        }
    }
    assert_int_equal(d.listener->handshakes, 0);
    assert_int_equal(d.listener->refs, 1 + count_conns(d.listener));
    close_door(&d);
}

static void unknown_name_is_refused(void **state) {
    struct fixture *f = *state;
    struct door d;
    struct tls_peer p;
    int64_t before = hg_counter_read(&hg_net_handshakes_unknown_name);
    open_door(f, &d, true);
    peer_init(&p, connect_to(&d.addr), "c.example", NULL);
    PEER_UNTIL(f, &p, p.is_failed);
    assert_int_equal(p.alert, SSL_AD_UNRECOGNIZED_NAME);
    assert_int_equal(hg_counter_read(&hg_net_handshakes_unknown_name) - before, 1);
    assert_int_equal(d.seen[0].n[SEEN_OPEN], 0);
    close(p.fd);
    peer_fini(&p);
    TURN_UNTIL(f, d.seen[0].n[SEEN_CLOSE] == 1);
    close_door(&d);
}

static void ticket_of_one_name_is_worth_nothing_for_another(void **state) {
    struct fixture *f = *state;
    struct door d;
    struct tls_peer p, again;
    open_door(f, &d, true);
    peer_init(&p, connect_to(&d.addr), "a.example", NULL);
    PEER_UNTIL(f, &p, p.session);
    static const char *const names[] = {"b.example", "a.example"};
    for (int i = 0; i < 2; i++) {
        peer_init(&again, connect_to(&d.addr), names[i], NULL);
        SSL_set_session(again.ssl, p.session);
        SSL_set_tlsext_host_name(again.ssl, names[i]); /* the session brought its own */
        PEER_UNTIL(f, &again, again.is_done);
        assert_int_equal(SSL_session_reused(again.ssl), i == 1);
        close(again.fd);
        peer_fini(&again);
    }
    close(p.fd);
    peer_fini(&p);
    close_door(&d);
}

static void silent_client_loses_its_handshake(void **state) {
    struct fixture *f = *state;
    struct door d;
    int64_t before = hg_counter_read(&hg_net_handshakes_timeout);
    open_door(f, &d, true);
    hg_listener_set_handshake_timeout(d.listener, 50);
    f->peer = connect_to(&d.addr);
    TURN_UNTIL(f, d.seen[0].n[SEEN_CLOSE] == 1);
    assert_int_equal(d.seen[0].end, HG_CONN_TIMEOUT);
    assert_true(is_closed(f->peer));
    assert_int_equal(hg_counter_read(&hg_net_handshakes_timeout) - before, 1);
    close_door(&d);
}

static void too_many_handshakes_wait_in_the_backlog(void **state) {
    struct fixture *f = *state;
    struct door d;
    struct tls_peer p;
    open_door(f, &d, true);
    hg_listener_set_handshakes_max(d.listener, 2);
    int silent[2] = {connect_to(&d.addr), connect_to(&d.addr)};
    TURN_UNTIL(f, d.accepted == 2);
    peer_init(&p, connect_to(&d.addr), NULL, NULL);
    for (int i = 0; i < 5; i++) {
        peer_step(&p);
        turn(f);
    }
    assert_int_equal(d.accepted, 2);
    assert_int_equal(d.listener->watch.want, 0);
    close(silent[0]);
    PEER_UNTIL(f, &p, p.is_done);
    assert_int_equal(d.accepted, 3);
    close(silent[1]);
    close(p.fd);
    peer_fini(&p);
    close_door(&d);
}

static void handshake_goes_on_after_the_listener_stopped(void **state) {
    struct fixture *f = *state;
    struct door d;
    struct tls_peer p;
    open_door(f, &d, true);
    peer_init(&p, connect_to(&d.addr), "b.example", NULL);
    TURN_UNTIL(f, d.accepted == 1);
    hg_listener_stop(&d.listener);
    PEER_UNTIL(f, &p, p.is_done && d.seen[0].n[SEEN_OPEN] == 1);
    assert_true(peer_sees(&p, "b.example"));
    close(p.fd);
    peer_fini(&p);
    close_door(&d);
}

int test_listener(void) {
    const struct CMUnitTest tests[] = {
        IN_LOOP(accepted_connection_is_counted_and_tuned),
        IN_LOOP(private_connection_counts_nowhere_and_has_its_own_places),
        IN_LOOP(unix_clients_are_served),
        IN_LOOP(refused_connection_is_closed_without_a_word),
        IN_LOOP(limit_of_the_process_closes_the_next),
        IN_LOOP(new_arg_is_for_new_connections),
        IN_LOOP(stopped_listener_leaves_its_connections_alone),
        IN_LOOP(one_turn_accepts_a_bounded_number),
        IN_LOOP(without_descriptors_clients_are_turned_away_and_it_recovers),
        IN_LOOP(name_chooses_the_identity),
        IN_LOOP(unknown_name_is_refused),
        IN_LOOP(ticket_of_one_name_is_worth_nothing_for_another),
        IN_LOOP(silent_client_loses_its_handshake),
        IN_LOOP(too_many_handshakes_wait_in_the_backlog),
        IN_LOOP(handshake_goes_on_after_the_listener_stopped),
    };
    return cmocka_run_group_tests_name("net/listener", tests, NULL, NULL);
}
