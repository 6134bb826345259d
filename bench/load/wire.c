/* SPDX-License-Identifier: Apache-2.0 */
/* wire.c - epoll, sockets, TLS for the load tools. */
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int epfd = -1;
static SSL_CTX *ctx;
static wire_fn on_wire;
static bool is_h2_wanted;

uint64_t wire_now_ns(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

void wire_die(const char *what) {
    fprintf(stderr, "load tool: %s (%s)\n", what, strerror(errno));
    exit(3);
}

void wire_start(bool is_tls, bool is_h2, wire_fn fn) {
    epfd = epoll_create1(EPOLL_CLOEXEC);
    on_wire = fn;
    is_h2_wanted = is_h2;
    if (is_tls) {
        ctx = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    }
}

void wire_open(struct wire *w, const char *host, int port) {
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT, .data.ptr = w};
    int one = 1;
    inet_pton(AF_INET, host, &addr.sin_addr);
    w->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (connect(w->fd, (struct sockaddr *)&addr, sizeof(addr)) != 0 && errno != EINPROGRESS) {
        wire_die("connect");
    }
    if (ctx != NULL) {
        w->ssl = SSL_new(ctx);
        SSL_set_fd(w->ssl, w->fd);
        SSL_set_connect_state(w->ssl);
        SSL_set_alpn_protos(w->ssl,
                            (const unsigned char *)(is_h2_wanted ? "\x02h2" : "\x08http/1.1"),
                            is_h2_wanted ? 3 : 9);
    }
    w->is_blocked = true;
    epoll_ctl(epfd, EPOLL_CTL_ADD, w->fd, &ev);
}

static void want_write(struct wire *w, bool wanted) {
    struct epoll_event ev = {.events = EPOLLIN | (wanted ? EPOLLOUT : 0), .data.ptr = w};
    if (w->is_blocked != wanted) {
        w->is_blocked = wanted;
        epoll_ctl(epfd, EPOLL_CTL_MOD, w->fd, &ev);
    }
}

void wire_put(struct wire *w, const void *bytes, size_t n) {
    if (w->out_len + n > w->out_cap) {
        w->out_cap = (w->out_len + n) * 2;
        w->out = realloc(w->out, w->out_cap);
    }
    memcpy(w->out + w->out_len, bytes, n);
    w->out_len += n;
}

void wire_flush(struct wire *w) {
    size_t done = 0;
    while (done < w->out_len) {
        ssize_t n = w->ssl ? SSL_write(w->ssl, w->out + done, (int)(w->out_len - done))
                           : send(w->fd, w->out + done, w->out_len - done, MSG_NOSIGNAL);
        if (n <= 0) {
            bool is_full =
                w->ssl ? SSL_get_error(w->ssl, (int)n) == SSL_ERROR_WANT_WRITE : errno == EAGAIN;
            if (!is_full) {
                wire_die("write");
            }
            break;
        }
        done += (size_t)n;
    }
    memmove(w->out, w->out + done, w->out_len - done);
    w->out_len -= done;
    want_write(w, w->out_len > 0);
}

static bool connect_on(struct wire *w) {
    int err = 0;
    socklen_t len = sizeof(err);
    getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &err, &len);
    if (err != 0) {
        errno = err;
        wire_die("connect");
    }
    if (w->ssl != NULL) {
        int n = SSL_do_handshake(w->ssl);
        int why = n == 1 ? 0 : SSL_get_error(w->ssl, n);
        if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
            want_write(w, why == SSL_ERROR_WANT_WRITE);
            return false;
        }
        if (why != 0) {
            wire_die("TLS handshake");
        }
    }
    w->is_open = true;
    on_wire(w, NULL, 0);
    return true;
}

static void read_on(struct wire *w) {
    static char buf[65536];
    for (;;) {
        ssize_t n = w->ssl ? SSL_read(w->ssl, buf, sizeof(buf)) : recv(w->fd, buf, sizeof(buf), 0);
        if (n > 0) {
            on_wire(w, buf, (size_t)n);
            continue;
        }
        bool is_dry = w->ssl ? SSL_get_error(w->ssl, (int)n) == SSL_ERROR_WANT_READ
                             : n < 0 && errno == EAGAIN;
        if (!is_dry) {
            wire_die("the server closed a connection");
        }
        return;
    }
}

void wire_turn(uint64_t until_ns) {
    struct epoll_event ev[256];
    uint64_t now = wire_now_ns(), wait = until_ns > now ? until_ns - now : 0;
    struct timespec most = {.tv_nsec = wait < 100000000 ? (long)wait : 100000000};
    int n = epoll_pwait2(epfd, ev, 256, &most, NULL);
    for (int i = 0; i < n; i++) {
        struct wire *w = ev[i].data.ptr;
        if (w->is_open || connect_on(w)) {
            if (ev[i].events & EPOLLIN) {
                read_on(w);
            }
            wire_flush(w);
        }
    }
}
