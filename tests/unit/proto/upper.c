/* SPDX-License-Identifier: Apache-2.0 */
/* upper.c - see upper.h. */
#include "upper.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

enum { PATIENCE_MS = 5000 };

static struct upper *the_upper; /* one test at a time; streams carry no other way back */

static void answer_echo(struct upper *u, struct hg_stream *s) {
    const struct hg_field type = {HG_SLICE("content-type"), HG_SLICE("text/plain")};
    hg_stream_answer(s, 200, &type, 1, hg_buf_slice(&u->body));
}

static void on_head(struct hg_stream *s, const struct hg_http_head *head) {
    struct upper *u = the_upper;
    u->stream = s;
    u->n_heads++;
    hg_buf_clear(&u->body);
    hg_buf_printf(&u->told, "head %.*s %.*s%s%s; ", HG_FMT(head->method), HG_FMT(head->target),
                  head->has_body ? " body" : "", head->is_websocket ? " websocket" : "");
    if (u->mode == UPPER_EARLY) {
        hg_stream_answer(s, 403, NULL, 0, HG_SLICE("no"));
    } else if (u->mode == UPPER_ECHO && !head->has_body) {
        answer_echo(u, s);
    } else if (u->mode == UPPER_ECHO) {
        hg_stream_continue(s);
    }
}

static void on_body(struct hg_stream *s, const char *bytes, size_t n, bool is_last) {
    struct upper *u = the_upper;
    hg_buf_put(&u->body, bytes, n);
    if (is_last && !u->is_quiet) {
        hg_buf_printf(&u->told, "body %.*s last; ", (int)u->body.len, u->body.ptr);
    }
    if (is_last && u->mode == UPPER_ECHO) {
        answer_echo(u, s);
    }
}

static void on_room(struct hg_stream *s) {
    (void)s;
    HG_BUF_LIT(&the_upper->told, "room; ");
}

static void on_gone(struct hg_stream *s, bool is_complete) {
    struct upper *u = the_upper;
    u->n_gone++;
    if (!u->is_quiet) {
        hg_buf_printf(&u->told, "gone %d; ", is_complete);
    }
    if (u->stream == s) {
        u->stream = NULL;
    }
}

static void on_refused(struct hg_conn *c, struct hg_stream *s, const struct hg_http_refusal *r) {
    struct upper *u = the_upper;
    (void)c;
    hg_buf_printf(&u->refused, "%d %s %.*s %.*s %s; ", r->status, r->type, HG_FMT(r->head->method),
                  HG_FMT(r->head->target), s != NULL ? "known" : "alone");
}

static const struct hg_stream_ops ops = {.on_head = on_head,
                                         .on_body = on_body,
                                         .on_room = on_room,
                                         .on_refused = on_refused,
                                         .on_gone = on_gone};

void upper_init(struct upper *u) {
    *u = (struct upper){.fd = -1};
    the_upper = u;
    assert_int_equal(hg_loop_new(0, &u->loop), 0);
    hg_loop_adopt(u->loop);
    u->setup = (struct hg_http_setup){.ops = &ops,
                                      .limits = {.head_bytes_max = 16384,
                                                 .fields_max = 100,
                                                 .target_bytes_max = 8192,
                                                 .head_timeout_ms = 10000,
                                                 .body_timeout_ms = 60000,
                                                 .keepalive_timeout_ms = 60000,
                                                 .keepalive_requests = 1000,
                                                 .h2_streams_max = 100}};
}

void upper_reserve(struct upper *u) {
    assert_int_equal(hg_buf_reserve(&u->told, 65536), 0);
    assert_int_equal(hg_buf_reserve(&u->refused, 65536), 0);
    assert_int_equal(hg_buf_reserve(&u->body, 65536), 0);
    assert_int_equal(hg_buf_reserve(&u->received, 65536), 0);
}

void upper_connect(struct upper *u) {
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    u->fd = fds[1];
    assert_int_equal(fcntl(u->fd, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(hg_conn_new(u->loop, fds[0], NULL, NULL, NULL, &u->conn), 0);
    assert_int_equal(hg_http_attach(u->conn, &u->setup), 0);
    u->is_peer_eof = false;
    upper_turn(u);
}

void upper_fini(struct upper *u) {
    int64_t until_ms = hg_clock_mono_ms() + PATIENCE_MS;
    if (u->fd >= 0) {
        close(u->fd);
    }
    u->fd = -1;
    if (u->stream != NULL) {
        hg_stream_reset(u->stream);
    }
    while (u->n_gone < u->n_heads && hg_clock_mono_ms() < until_ms) {
        hg_loop_turn(u->loop, false);
    }
    for (int i = 0; i < 8; i++) { /* the connection's own end */
        hg_loop_turn(u->loop, false);
    }
    assert_int_equal(u->n_gone, u->n_heads);
    hg_loop_free(&u->loop);
    hg_buf_fini(&u->told);
    hg_buf_fini(&u->refused);
    hg_buf_fini(&u->body);
    hg_buf_fini(&u->received);
    the_upper = NULL;
}

int upper_set_up(void **state) {
    static struct upper u;
    upper_init(&u);
    *state = &u;
    return 0;
}

int upper_tear_down(void **state) {
    upper_fini(*state);
    return 0;
}

static void read_peer(struct upper *u) {
    char bytes[65536];
    while (u->fd >= 0 && !u->is_peer_eof) {
        ssize_t n = recv(u->fd, bytes, sizeof(bytes), 0);
        if (n > 0) {
            hg_buf_put(&u->received, bytes, (size_t)n);
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            u->is_peer_eof = true;
        } else {
            return;
        }
    }
}

void upper_turn(struct upper *u) {
    hg_loop_turn(u->loop, false);
    read_peer(u);
}

void upper_send(struct upper *u, struct hg_slice bytes) {
    int64_t until_ms = hg_clock_mono_ms() + PATIENCE_MS;
    while (bytes.len > 0) {
        ssize_t n = send(u->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (n > 0) {
            bytes.ptr += n;
            bytes.len -= (size_t)n;
        } else if (errno != EAGAIN || hg_clock_mono_ms() > until_ms) {
            return; /* the other side closed: the test sees what came of it */
        }
        upper_turn(u);
    }
    upper_turn(u);
}

static bool holds(const struct hg_buf *b, const char *text) {
    size_t n = strlen(text);
    return b->len >= n && (n == 0 || memmem(b->ptr, b->len, text, n) != NULL);
}

static void wait_for(struct upper *u, const struct hg_buf *b, const char *text) {
    int64_t until_ms = hg_clock_mono_ms() + PATIENCE_MS;
    while (!holds(b, text)) {
        if (hg_clock_mono_ms() > until_ms) {
            fail_msg("waited in vain for \"%s\" in \"%.*s\"", text, (int)b->len, b->ptr);
        }
        upper_turn(u);
    }
}

void upper_wait(struct upper *u, const char *text) {
    wait_for(u, &u->received, text);
}

void upper_wait_told(struct upper *u, const char *text) {
    wait_for(u, &u->told, text);
}

void upper_wait_eof(struct upper *u) {
    int64_t until_ms = hg_clock_mono_ms() + PATIENCE_MS;
    while (!u->is_peer_eof) {
        if (hg_clock_mono_ms() > until_ms) {
            fail_msg("the connection stays open after \"%s\"", upper_received(u));
        }
        upper_turn(u);
    }
}

static const char *text_of(struct hg_buf *b) {
    hg_buf_put(b, "", 1);
    b->len--;
    return b->ptr;
}

const char *upper_received(struct upper *u) {
    return text_of(&u->received);
}

const char *upper_told(struct upper *u) {
    return text_of(&u->told);
}

const char *upper_refused(struct upper *u) {
    return text_of(&u->refused);
}

void upper_forget(struct upper *u) {
    hg_buf_clear(&u->told);
    hg_buf_clear(&u->refused);
    hg_buf_clear(&u->received);
}
