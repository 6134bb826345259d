/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/net/fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

static void saw(struct hg_conn *c, enum seen_what what) {
    struct seen *s = hg_conn_user(c);
    s->conn = c;
    s->n[what]++;
    if (s->hook) {
        s->hook(s, what);
    }
}

static void on_open(struct hg_conn *c) {
    saw(c, SEEN_OPEN);
}

static void on_bytes(struct hg_conn *c, const char *bytes, size_t n) {
    struct seen *s = hg_conn_user(c);
    assert_true(n > 0);
    hg_buf_put(&s->bytes, bytes, n);
    saw(c, SEEN_BYTES);
}

static void on_room(struct hg_conn *c) {
    saw(c, SEEN_ROOM);
}

static void on_eof(struct hg_conn *c) {
    saw(c, SEEN_EOF);
}

static void on_deadline(struct hg_conn *c) {
    saw(c, SEEN_DEADLINE);
}

static void on_close(struct hg_conn *c, enum hg_conn_end end) {
    struct seen *s = hg_conn_user(c);
    assert_int_equal(s->n[SEEN_CLOSE], 0);
    s->end = end;
    saw(c, SEEN_CLOSE);
    s->conn = NULL;
}

const struct hg_conn_ops seen_ops = {
    .on_open = on_open,
    .on_bytes = on_bytes,
    .on_room = on_room,
    .on_eof = on_eof,
    .on_deadline = on_deadline,
    .on_close = on_close,
};

static void on_tick(void *arg) {
    hg_timer_start(((struct fixture *)arg)->tick, 5);
}

int fixture_set_up(void **state) {
    struct fixture *f = hg_alloc(sizeof *f);
    f->fds_before = count_fds();
    f->peer = -1;
    assert_int_equal(hg_loop_new(0, &f->loop), 0);
    hg_loop_adopt(f->loop);
    f->tick = hg_timer_new(f->loop, on_tick, f);
    hg_timer_start(f->tick, 5);
    *state = f;
    return 0;
}

int fixture_tear_down(void **state) {
    struct fixture *f = *state;
    if (f->seen.conn) {
        f->seen.hook = NULL;
        hg_conn_abort(f->seen.conn);
        TURN_UNTIL(f, !f->seen.conn);
    }
    if (f->peer >= 0) {
        close(f->peer);
    }
    hg_timer_free(&f->tick);
    hg_loop_free(&f->loop);
    hg_buf_fini(&f->seen.bytes);
    assert_int_equal(count_fds(), f->fds_before);
    hg_free(f);
    return 0;
}

static void open_conn(struct fixture *f, int fd, struct hg_tls *tls) {
    assert_int_equal(hg_conn_new(f->loop, fd, tls, &seen_ops, &f->seen, &f->seen.conn), 0);
    (void)fcntl(f->peer, F_SETFL, O_NONBLOCK);
}

void open_pair(struct fixture *f, int type, struct hg_tls *tls) {
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds), 0);
    f->peer = fds[1];
    open_conn(f, fds[0], tls);
}

int listen_tcp(struct hg_addr *ret_addr) {
    struct hg_addr any;
    int fd = -1;
    assert_int_equal(hg_addr_parse(HG_SLICE("127.0.0.1:0"), &any), 0);
    assert_int_equal(hg_addr_listen(&any, 128, false, &fd), 0);
    ret_addr->len = sizeof ret_addr->sa;
    assert_int_equal(getsockname(fd, &ret_addr->sa.any, &ret_addr->len), 0);
    return fd;
}

int connect_to(const struct hg_addr *addr) {
    int fd = socket(addr->sa.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, &addr->sa.any, addr->len), 0);
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

void open_tcp_pair(struct fixture *f, struct hg_tls *tls) {
    struct hg_addr addr;
    int listener = listen_tcp(&addr);
    f->peer = connect_to(&addr);
    (void)fcntl(listener, F_SETFL, 0);
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fd >= 0);
    close(listener);
    open_conn(f, fd, tls);
}

void turn(struct fixture *f) {
    hg_loop_turn(f->loop, true);
}

int count_fds(void) {
    int n = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir)) {
        n++;
    }
    closedir(dir);
    return n;
}

int64_t deadline_from_now(void) {
    return hg_clock_mono_ms() + 10000;
}

bool read_peer(int fd, struct hg_buf *into) {
    char chunk[65536];
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n <= 0) {
            return n < 0 && errno == EAGAIN;
        }
        hg_buf_put(into, chunk, (size_t)n);
    }
}

void write_peer(int fd, const void *bytes, size_t n) {
    assert_int_equal(send(fd, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
}

void expect_bytes(const struct hg_buf *got, const void *bytes, size_t n) {
    assert_int_equal(got->len, n);
    if (n > 0) {
        assert_memory_equal(got->ptr, bytes, n);
    }
}

static char pattern_at(size_t i) {
    return (char)(i * 31 + (i >> 8) * 7 + (i >> 16));
}

void fill_pattern(char *out, size_t n, size_t from) {
    for (size_t i = 0; i < n; i++) {
        out[i] = pattern_at(from + i);
    }
}

bool is_pattern(const char *bytes, size_t n, size_t from) {
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != pattern_at(from + i)) {
            return false;
        }
    }
    return true;
}
