/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/socket.h>
#include <unistd.h>

#include "base/counters.h"
#include "net/conn_impl.h"
#include "net/counters.h"
#include "unit/net/fixture.h"

static void what_one_turn_queues_leaves_in_one_call(void **state) {
    struct fixture *f = *state;
    struct hg_buf got = {0};
    char text[1000];
    memset(text, 'b', sizeof text);
    struct hg_blob *blob = hg_blob_new(text, sizeof text);
    open_pair(f, SOCK_SEQPACKET, NULL); /* keeps the bounds of each call */
    TURN_UNTIL(f, f->seen.n[SEEN_OPEN] == 1);
    for (int i = 0; i < 16; i++) {
        hg_conn_put(f->seen.conn, "head", 4);
        hg_conn_put_blob(f->seen.conn, blob, 0, blob->len);
    }
    assert_int_equal(hg_conn_queued(f->seen.conn), 16 * 1004);
    assert_int_equal(hg_conn_room(f->seen.conn), HG_CONN_HIGH_BYTES - 16 * 1004);
    assert_true(read_peer(f->peer, &got));
    assert_int_equal(got.len, 0); /* nothing before the end of the turn */
    turn(f);
    char packet[20000];
    assert_int_equal(recv(f->peer, packet, sizeof packet, 0), 16 * 1004);
    assert_int_equal(hg_conn_queued(f->seen.conn), 0);
    assert_int_equal(blob->refs, 1);
    hg_blob_unref(&blob);
    hg_buf_fini(&got);
}

/* Queues the pattern in pieces of many sizes, as much as fits each time. */
enum { BULK = 3 * 1024 * 1024 };

static void produce(struct seen *s) {
    static char piece[7000];
    while (s->count < BULK && hg_conn_room(s->conn) > 0) {
        size_t n = 1 + s->count * 2654435761u % sizeof piece;
        n = n < BULK - s->count ? n : BULK - s->count;
        fill_pattern(piece, n, s->count);
        if (s->count % 3 == 0) {
            struct hg_blob *blob = hg_blob_new(piece, n);
            hg_conn_put_blob(s->conn, blob, 0, n);
            hg_blob_unref(&blob);
        } else {
            hg_conn_put(s->conn, piece, n);
        }
        s->count += n;
    }
}

static void on_produce(struct seen *s, enum seen_what what) {
    if (what == SEEN_OPEN || what == SEEN_ROOM) {
        produce(s);
    }
}

static void slow_reader_gets_every_byte_and_bounds_the_queue(void **state) {
    struct fixture *f = *state;
    struct hg_buf got = {0};
    f->seen.hook = on_produce;
    open_pair(f, SOCK_STREAM, NULL);
    size_t largest = 0;
    int64_t until = deadline_from_now();
    while (got.len < BULK && deadline_from_now() < until + 20000) {
        char bite[30000];
        turn(f);
        largest = hg_conn_queued(f->seen.conn) > largest ? hg_conn_queued(f->seen.conn) : largest;
        ssize_t n = read(f->peer, bite, sizeof bite);
        hg_buf_put(&got, bite, n > 0 ? (size_t)n : 0);
    }
    assert_int_equal(got.len, BULK);
    assert_true(is_pattern(got.ptr, BULK, 0));
    assert_in_range(largest, HG_CONN_LOW_BYTES, HG_CONN_HIGH_BYTES + 7000);
    assert_true(f->seen.n[SEEN_ROOM] > 5);
    assert_int_equal(f->seen.conn->watch.want, HG_WATCH_READ);
    hg_buf_fini(&got);
}

static void on_endless(struct seen *s, enum seen_what what) {
    static char bulk[HG_CONN_LOW_BYTES + 1];
    if (what == SEEN_OPEN || what == SEEN_ROOM) {
        hg_conn_put(s->conn, bulk, sizeof bulk);
    }
}

static void endless_producer_does_not_keep_the_turn(void **state) {
    struct fixture *f = *state;
    int size = 8 * 1024 * 1024;
    f->seen.hook = on_endless;
    open_pair(f, SOCK_STREAM, NULL);
    setsockopt(f->seen.conn->watch.fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
    for (int i = 0; i < 4; i++) {
        int before = f->seen.n[SEEN_ROOM];
        turn(f);
        assert_true(f->seen.n[SEEN_ROOM] - before <= 2);
    }
}

static void room_is_offered_only_after_the_queue_was_long(void **state) {
    struct fixture *f = *state;
    char bytes[HG_CONN_LOW_BYTES] = {0};
    open_pair(f, SOCK_STREAM, NULL);
    hg_conn_put(f->seen.conn, bytes, sizeof bytes);
    TURN_UNTIL(f, hg_conn_queued(f->seen.conn) == 0);
    turn(f);
    assert_int_equal(f->seen.n[SEEN_ROOM], 0);
}

static void full_queue_has_no_room(void **state) {
    struct fixture *f = *state;
    static char bytes[HG_CONN_HIGH_BYTES + 1];
    open_pair(f, SOCK_STREAM, NULL);
    assert_int_equal(hg_conn_room(f->seen.conn), HG_CONN_HIGH_BYTES);
    hg_conn_put(f->seen.conn, bytes, sizeof bytes);
    assert_int_equal(hg_conn_room(f->seen.conn), 0);
}

static void peer_that_is_gone_ends_a_write_quietly(void **state) {
    struct fixture *f = *state;
    open_pair(f, SOCK_STREAM, NULL);
    TURN_UNTIL(f, f->seen.n[SEEN_OPEN] == 1);
    close(f->peer);
    f->peer = -1;
    hg_conn_put(f->seen.conn, "x", 1); /* SIGPIPE would kill the test */
    TURN_UNTIL(f, f->seen.n[SEEN_CLOSE] == 1);
    assert_int_equal(f->seen.end, HG_CONN_PEER);
}

static void references_are_dropped_when_the_connection_dies(void **state) {
    struct fixture *f = *state;
    struct hg_blob *blob = hg_blob_new_raw(200000);
    memset(blob->bytes, 'x', blob->len);
    open_pair(f, SOCK_STREAM, NULL);
    for (int i = 0; i < 100; i++) {
        hg_conn_put_blob(f->seen.conn, blob, 0, blob->len);
    }
    turn(f);
    assert_int_equal(f->seen.conn->watch.want, HG_WATCH_READ | HG_WATCH_WRITE);
    assert_true(blob->refs > 50);
    hg_conn_abort(f->seen.conn);
    TURN_UNTIL(f, f->seen.n[SEEN_CLOSE] == 1);
    assert_int_equal(blob->refs, 1);
    hg_blob_unref(&blob);
}

static void abort_with_a_queue_resets(void **state) {
    struct fixture *f = *state;
    static char bulk[8 * 1024 * 1024];
    char byte;
    open_tcp_pair(f, NULL);
    TURN_UNTIL(f, f->seen.n[SEEN_OPEN] == 1);
    hg_conn_put(f->seen.conn, bulk, sizeof bulk);
    turn(f);
    assert_true(hg_conn_queued(f->seen.conn) > 0);
    hg_conn_abort(f->seen.conn);
    TURN_UNTIL(f, f->seen.n[SEEN_CLOSE] == 1);
    ssize_t n;
    int64_t until = deadline_from_now();
    do { /* what had arrived may be read, then comes the reset, not an end */
        n = recv(f->peer, bulk, sizeof bulk, 0);
    } while (n > 0 && deadline_from_now() < until + 10000);
    assert_int_equal(n, -1);
    assert_int_equal(recv(f->peer, &byte, 1, 0), 0);
}

static void sent_bytes_are_counted(void **state) {
    struct fixture *f = *state;
    open_pair(f, SOCK_STREAM, NULL);
    int64_t sent = hg_counter_read(&hg_net_bytes_sent_total);
    int64_t received = hg_counter_read(&hg_net_bytes_received_total);
    hg_conn_put(f->seen.conn, "12345", 5);
    write_peer(f->peer, "123", 3);
    TURN_UNTIL(f, f->seen.bytes.len == 3);
    assert_int_equal(hg_counter_read(&hg_net_bytes_sent_total) - sent, 5);
    assert_int_equal(hg_counter_read(&hg_net_bytes_received_total) - received, 3);
}

int test_conn_out(void) {
    const struct CMUnitTest tests[] = {
        IN_LOOP(what_one_turn_queues_leaves_in_one_call),
        IN_LOOP(slow_reader_gets_every_byte_and_bounds_the_queue),
        IN_LOOP(endless_producer_does_not_keep_the_turn),
        IN_LOOP(room_is_offered_only_after_the_queue_was_long),
        IN_LOOP(full_queue_has_no_room),
        IN_LOOP(peer_that_is_gone_ends_a_write_quietly),
        IN_LOOP(references_are_dropped_when_the_connection_dies),
        IN_LOOP(abort_with_a_queue_resets),
        IN_LOOP(sent_bytes_are_counted),
    };
    return cmocka_run_group_tests_name("net/conn_out", tests, NULL, NULL);
}
