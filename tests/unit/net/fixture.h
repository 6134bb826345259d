/* SPDX-License-Identifier: Apache-2.0 */
/* fixture.h - a loop turned by hand, connections that write down what happens
 * to them, and plain sockets as their peers. */
#ifndef TESTS_UNIT_NET_FIXTURE_H
#define TESTS_UNIT_NET_FIXTURE_H

#include "headgate/buf.h"
#include "net/conn.h"
#include "unit/net/tests.h"

enum seen_what {
    SEEN_OPEN,
    SEEN_BYTES,
    SEEN_ROOM,
    SEEN_EOF,
    SEEN_DEADLINE,
    SEEN_CLOSE,
    SEEN_KINDS,
};

/* What a connection was called with; also its user. */
struct seen {
    struct hg_conn *conn; /* NULL after on_close */
    int n[SEEN_KINDS];
    struct hg_buf bytes;
    enum hg_conn_end end;
    /* Called in every callback of this kind, if set. */
    void (*hook)(struct seen *s, enum seen_what what);
    void *hook_arg;
    size_t count; /* for hooks */
};

extern const struct hg_conn_ops seen_ops;

struct fixture {
    struct hg_loop *loop;
    struct hg_timer *tick; /* so that no turn waits for ever */
    struct seen seen;
    int peer; /* the other end of seen.conn, non-blocking */
    int fds_before;
};

int fixture_set_up(void **state);
int fixture_tear_down(void **state); /* fails when a descriptor was lost */
#define IN_LOOP(test) cmocka_unit_test_setup_teardown(test, fixture_set_up, fixture_tear_down)

/* seen.conn over a pair of unix sockets of the type. */
void open_pair(struct fixture *f, int type, struct hg_tls *tls);
/* The same over loopback TCP. */
void open_tcp_pair(struct fixture *f, struct hg_tls *tls);
/* A listening socket on 127.0.0.1, and a client of it. */
int listen_tcp(struct hg_addr *ret_addr);
int connect_to(const struct hg_addr *addr);

void turn(struct fixture *f);
int count_fds(void);
int64_t deadline_from_now(void);

/* Turn the loop until the condition holds. */
#define TURN_UNTIL(f, condition)                                                                   \
    do {                                                                                           \
        int64_t until_ = deadline_from_now();                                                      \
        while (!(condition)) {                                                                     \
            if (deadline_from_now() > until_ + 10000) {                                            \
                fail_msg("never: %s", #condition);                                                 \
            }                                                                                      \
            turn(f);                                                                               \
        }                                                                                          \
    } while (0)

/* Everything that is there now; false: the other side closed. */
bool read_peer(int fd, struct hg_buf *into);
void write_peer(int fd, const void *bytes, size_t n);
void expect_bytes(const struct hg_buf *got, const void *bytes, size_t n);
/* Bytes that tell their place. */
void fill_pattern(char *out, size_t n, size_t from);
bool is_pattern(const char *bytes, size_t n, size_t from);

#endif
