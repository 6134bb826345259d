/* SPDX-License-Identifier: Apache-2.0 */
#include "net/conn.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/conn_impl.h"
#include "unit/net/fixture.h"

static void open_now(struct fixture *f) {
    TURN_UNTIL(f, f->seen.n[SEEN_OPEN] == 1);
}

static void opens_in_a_later_turn_and_hands_up_bytes(void **state) {
    struct fixture *f = *state;
    open_pair(f, SOCK_STREAM, NULL);
    assert_int_equal(f->seen.n[SEEN_OPEN], 0);
    write_peer(f->peer, "hello", 5);
    TURN_UNTIL(f, f->seen.bytes.len == 5);
    assert_int_equal(f->seen.n[SEEN_OPEN], 1);
    expect_bytes(&f->seen.bytes, "hello", 5);
    assert_ptr_equal(hg_conn_loop(f->seen.conn), f->loop);
    assert_false(hg_conn_is_tls(f->seen.conn));
    assert_false(hg_conn_is_h2(f->seen.conn));
    assert_int_equal(hg_conn_sni(f->seen.conn).len, 0);
    assert_null(hg_conn_listener_arg(f->seen.conn));
}

static void address_of_the_peer_is_known(void **state) {
    struct fixture *f = *state;
    open_tcp_pair(f, NULL);
    struct hg_addr own = {.len = sizeof own.sa};
    getsockname(f->peer, &own.sa.any, &own.len);
    struct hg_addr peer = hg_conn_peer(f->seen.conn);
    assert_true(hg_addr_eq(&peer, &own));
}

static void one_turn_reads_a_fair_share(void **state) {
    struct fixture *f = *state;
    enum { ALL = 6 * HG_LOOP_SCRATCH_BYTES };
    char *bytes = hg_alloc(ALL);
    int size = 2 * ALL;
    open_pair(f, SOCK_STREAM, NULL);
    open_now(f);
    setsockopt(f->peer, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
    setsockopt(f->peer, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    fill_pattern(bytes, ALL, 0);
    size_t sent = 0;
    for (ssize_t n; sent < ALL && (n = send(f->peer, bytes + sent, ALL - sent, 0)) > 0;) {
        sent += (size_t)n;
    }
    hg_loop_turn(f->loop, true);
    assert_true(f->seen.bytes.len <= 4 * HG_LOOP_SCRATCH_BYTES);
    TURN_UNTIL(f, f->seen.bytes.len == sent);
    assert_true(is_pattern(f->seen.bytes.ptr, sent, 0));
    hg_free(bytes);
}

static void paused_hands_up_nothing_until_resumed(void **state) {
    struct fixture *f = *state;
    open_pair(f, SOCK_STREAM, NULL);
    open_now(f);
    hg_conn_pause(f->seen.conn);
    write_peer(f->peer, "abc", 3);
    for (int i = 0; i < 5; i++) {
        turn(f);
    }
    assert_int_equal(f->seen.bytes.len, 0);
    assert_int_equal(f->seen.conn->watch.want, 0); /* or it would spin */
    hg_conn_resume(f->seen.conn);
    TURN_UNTIL(f, f->seen.bytes.len == 3);
    /* Pausing and resuming without input does not touch the watch. */
    hg_conn_pause(f->seen.conn);
    turn(f);
    assert_int_equal(f->seen.conn->watch.want, HG_WATCH_READ);
    hg_conn_resume(f->seen.conn);
    hg_conn_resume(f->seen.conn);
    write_peer(f->peer, "def", 3);
    TURN_UNTIL(f, f->seen.bytes.len == 6);
}

static void pause_before_the_opening_is_kept(void **state) {
    struct fixture *f = *state;
    open_pair(f, SOCK_STREAM, NULL);
    write_peer(f->peer, "abc", 3);
    hg_conn_pause(f->seen.conn);
    for (int i = 0; i < 4; i++) {
        turn(f);
    }
    assert_int_equal(f->seen.bytes.len, 0);
    hg_conn_resume(f->seen.conn);
    TURN_UNTIL(f, f->seen.bytes.len == 3);
}

static void end_of_the_peer_leaves_output_possible(void **state) {
    struct fixture *f = *state;
    struct hg_buf got = {0};
    open_pair(f, SOCK_STREAM, NULL);
    write_peer(f->peer, "request", 7);
    shutdown(f->peer, SHUT_WR);
    TURN_UNTIL(f, f->seen.n[SEEN_EOF] == 1);
    expect_bytes(&f->seen.bytes, "request", 7);
    hg_conn_put(f->seen.conn, "answer", 6);
    hg_conn_close(f->seen.conn);
    TURN_UNTIL(f, f->seen.n[SEEN_CLOSE] == 1);
    assert_int_equal(f->seen.end, HG_CONN_OURS);
    assert_int_equal(f->seen.n[SEEN_EOF], 1);
    assert_false(read_peer(f->peer, &got));
    expect_bytes(&got, "answer", 6);
    hg_buf_fini(&got);
}

static void end_of_the_peer_closes_where_nobody_listens_for_it(void **state) {
    struct fixture *f = *state;
    struct hg_conn_ops ops = seen_ops;
    ops.on_eof = NULL;
    open_pair(f, SOCK_STREAM, NULL);
    hg_conn_set_ops(f->seen.conn, &ops, &f->seen);
    shutdown(f->peer, SHUT_WR);
    TURN_UNTIL(f, f->seen.n[SEEN_CLOSE] == 1);
}

static void reset_by_the_peer_is_the_peers_end(void **state) {
    struct fixture *f = *state;
    struct linger reset = {.l_onoff = 1};
    open_tcp_pair(f, NULL);
    open_now(f);
    setsockopt(f->peer, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(f->peer);
    f->peer = -1;
    TURN_UNTIL(f, f->seen.n[SEEN_CLOSE] == 1);
    assert_int_equal(f->seen.end, HG_CONN_PEER);
    assert_int_equal(f->seen.n[SEEN_EOF], 0);
}

static void abort_at(struct seen *s, enum seen_what what) {
    if ((size_t)what == s->count) {
        hg_conn_abort(s->conn);
        hg_conn_put(s->conn, "late", 4); /* is ignored */
        hg_conn_close(s->conn);
        hg_conn_resume(s->conn);
        hg_conn_deadline(s->conn, 1);
        assert_int_equal(s->n[SEEN_CLOSE], 0);
    }
}

static void provoke(struct fixture *f, enum seen_what what) {
    static char bulk[HG_CONN_HIGH_BYTES];
    struct hg_buf sink = {0};
    if (what == SEEN_BYTES) {
        write_peer(f->peer, "x", 1);
    } else if (what == SEEN_EOF) {
        shutdown(f->peer, SHUT_WR);
    } else if (what == SEEN_DEADLINE) {
        hg_conn_deadline(f->seen.conn, 1);
    } else if (what == SEEN_ROOM) {
        hg_conn_put(f->seen.conn, bulk, sizeof bulk);
    }
    int64_t until = deadline_from_now();
    while (f->seen.n[SEEN_CLOSE] == 0 && deadline_from_now() < until + 10000) {
        turn(f);
        read_peer(f->peer, &sink);
    }
    hg_buf_fini(&sink);
}

static void abort_inside_any_callback_is_the_last_but_on_close(void **state) {
    struct fixture *f = *state;
    for (int what = SEEN_OPEN; what <= SEEN_DEADLINE; what++) {
        hg_buf_fini(&f->seen.bytes);
        f->seen = (struct seen){.hook = abort_at, .count = (size_t)what};
        open_pair(f, SOCK_STREAM, NULL);
        provoke(f, (enum seen_what)what);
        assert_int_equal(f->seen.n[what], 1);
        assert_int_equal(f->seen.n[SEEN_CLOSE], 1);
        assert_int_equal(f->seen.end, HG_CONN_OURS);
        close(f->peer);
        f->peer = -1;
    }
}

static void close_at(struct seen *s, enum seen_what what) {
    if ((size_t)what == s->count) {
        hg_conn_put(s->conn, "bye", 3);
        hg_conn_close(s->conn);
        hg_conn_put(s->conn, "late", 4);
        hg_conn_close(s->conn);
    }
}

static void close_inside_any_callback_writes_what_was_queued(void **state) {
    struct fixture *f = *state;
    for (int what = SEEN_OPEN; what <= SEEN_DEADLINE; what++) {
        struct hg_buf got = {0};
        f->seen = (struct seen){.hook = close_at, .count = (size_t)what};
        open_pair(f, SOCK_STREAM, NULL);
        if (what == SEEN_BYTES) {
            write_peer(f->peer, "x", 1);
        } else if (what == SEEN_EOF) {
            shutdown(f->peer, SHUT_WR);
        } else if (what == SEEN_DEADLINE) {
            hg_conn_deadline(f->seen.conn, 1);
        } else if (what == SEEN_ROOM) {
            char bulk[HG_CONN_LOW_BYTES + 1] = {0};
            hg_conn_put(f->seen.conn, bulk, sizeof bulk);
        }
        bool is_open = true;
        TURN_UNTIL(f, !(is_open = is_open && read_peer(f->peer, &got)));
        assert_true(got.len >= 3);
        assert_memory_equal(got.ptr + got.len - 3, "bye", 3);
        close(f->peer);
        f->peer = -1;
        TURN_UNTIL(f, f->seen.n[SEEN_CLOSE] == 1);
        assert_int_equal(f->seen.n[what], 1);
        hg_buf_fini(&got);
        hg_buf_fini(&f->seen.bytes);
    }
}

static void close_waits_for_the_peers_end_and_discards_input(void **state) {
    struct fixture *f = *state;
    struct hg_buf got = {0};
    char flood[8192] = {0};
    open_tcp_pair(f, NULL);
    open_now(f);
    write_peer(f->peer, flood, sizeof flood); /* unread: a plain close would reset */
    hg_conn_put(f->seen.conn, "answer", 6);
    hg_conn_close(f->seen.conn);
    bool is_open = true;
    TURN_UNTIL(f, !(is_open = is_open && read_peer(f->peer, &got)));
    expect_bytes(&got, "answer", 6);
    write_peer(f->peer, flood, sizeof flood);
    turn(f);
    turn(f);
    assert_int_equal(f->seen.n[SEEN_CLOSE], 0);
    size_t before = f->seen.bytes.len;
    shutdown(f->peer, SHUT_WR);
    TURN_UNTIL(f, f->seen.n[SEEN_CLOSE] == 1);
    assert_int_equal(f->seen.bytes.len, before);
    assert_int_equal(f->seen.end, HG_CONN_OURS);
    hg_buf_fini(&got);
}

static void lingering_ends_after_two_seconds(void **state) {
    struct fixture *f = *state;
    open_tcp_pair(f, NULL);
    open_now(f);
    int64_t before = deadline_from_now();
    hg_conn_close(f->seen.conn);
    TURN_UNTIL(f, f->seen.n[SEEN_CLOSE] == 1);
    assert_in_range(deadline_from_now() - before, 1900, 4000);
    assert_int_equal(f->seen.end, HG_CONN_OURS);
}

static void deadline_fires_once_and_not_before(void **state) {
    struct fixture *f = *state;
    open_pair(f, SOCK_STREAM, NULL);
    open_now(f);
    int64_t at = hg_loop_now_ms(f->loop) + 40;
    hg_conn_deadline(f->seen.conn, at);
    write_peer(f->peer, "x", 1);
    TURN_UNTIL(f, f->seen.n[SEEN_DEADLINE] == 1);
    assert_true(hg_loop_now_ms(f->loop) >= at);
    int64_t later = hg_loop_now_ms(f->loop) + 60;
    TURN_UNTIL(f, hg_loop_now_ms(f->loop) > later);
    assert_int_equal(f->seen.n[SEEN_DEADLINE], 1);
}

static void moved_deadline_fires_when_it_was_moved_to(void **state) {
    struct fixture *f = *state;
    open_pair(f, SOCK_STREAM, NULL);
    open_now(f);
    int64_t now = hg_loop_now_ms(f->loop);
    hg_conn_deadline(f->seen.conn, now + 30);
    hg_conn_deadline(f->seen.conn, now + 90); /* later: the timer is left alone */
    assert_int_equal(f->seen.conn->timer_at_ms, now + 30);
    TURN_UNTIL(f, f->seen.n[SEEN_DEADLINE] == 1);
    assert_true(hg_loop_now_ms(f->loop) >= now + 90);

    now = hg_loop_now_ms(f->loop);
    hg_conn_deadline(f->seen.conn, now + 60000);
    hg_conn_deadline(f->seen.conn, now + 20); /* earlier */
    TURN_UNTIL(f, f->seen.n[SEEN_DEADLINE] == 2);
    assert_true(hg_loop_now_ms(f->loop) < now + 10000);
}

static void cleared_deadline_does_not_fire(void **state) {
    struct fixture *f = *state;
    open_pair(f, SOCK_STREAM, NULL);
    open_now(f);
    int64_t at = hg_loop_now_ms(f->loop) + 20;
    hg_conn_deadline(f->seen.conn, at);
    hg_conn_deadline(f->seen.conn, 0);
    TURN_UNTIL(f, hg_loop_now_ms(f->loop) > at + 40);
    assert_int_equal(f->seen.n[SEEN_DEADLINE], 0);
}

static void past_deadline_fires_in_the_next_turns(void **state) {
    struct fixture *f = *state;
    open_pair(f, SOCK_STREAM, NULL);
    open_now(f);
    hg_conn_deadline(f->seen.conn, 1);
    assert_int_equal(f->seen.n[SEEN_DEADLINE], 0);
    TURN_UNTIL(f, f->seen.n[SEEN_DEADLINE] == 1);
}

static void idle_connection_holds_no_timer_and_no_buffer(void **state) {
    struct fixture *f = *state;
    open_pair(f, SOCK_STREAM, NULL);
    open_now(f);
    hg_conn_put(f->seen.conn, "x", 1);
    TURN_UNTIL(f, hg_conn_queued(f->seen.conn) == 0);
    assert_null(f->seen.conn->timer);
    assert_null(f->seen.conn->out.ring);
    assert_null(f->seen.conn->out.filling);
    assert_true(sizeof(struct hg_conn) <= 400);
}

static void descriptor_is_taken_also_on_failure(void **state) {
    struct fixture *f = *state;
    struct hg_conn *c = NULL;
    assert_int_equal(hg_conn_new(f->loop, -1, NULL, &seen_ops, &f->seen, &c), HG_EIO);
    assert_null(c);
}

int test_conn(void) {
    const struct CMUnitTest tests[] = {
        IN_LOOP(opens_in_a_later_turn_and_hands_up_bytes),
        IN_LOOP(address_of_the_peer_is_known),
        IN_LOOP(one_turn_reads_a_fair_share),
        IN_LOOP(paused_hands_up_nothing_until_resumed),
        IN_LOOP(pause_before_the_opening_is_kept),
        IN_LOOP(end_of_the_peer_leaves_output_possible),
        IN_LOOP(end_of_the_peer_closes_where_nobody_listens_for_it),
        IN_LOOP(reset_by_the_peer_is_the_peers_end),
        IN_LOOP(abort_inside_any_callback_is_the_last_but_on_close),
        IN_LOOP(close_inside_any_callback_writes_what_was_queued),
        IN_LOOP(close_waits_for_the_peers_end_and_discards_input),
        IN_LOOP(lingering_ends_after_two_seconds),
        IN_LOOP(deadline_fires_once_and_not_before),
        IN_LOOP(moved_deadline_fires_when_it_was_moved_to),
        IN_LOOP(cleared_deadline_does_not_fire),
        IN_LOOP(past_deadline_fires_in_the_next_turns),
        IN_LOOP(idle_connection_holds_no_timer_and_no_buffer),
        IN_LOOP(descriptor_is_taken_also_on_failure),
    };
    return cmocka_run_group_tests_name("net/conn", tests, NULL, NULL);
}
