/* SPDX-License-Identifier: Apache-2.0 */
#include "conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

#define RX_SIZE (256 * 1024)

static int g_epfd;
static conn_cb g_cb;
static SSL_CTX *g_ctx;
static const char *g_headers = "";
static uint8_t *g_rx; /* shared receive buffer, grown when a message needs it */
static size_t g_rx_cap;

uint64_t now_ns(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

void die(const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(2);
}

bool url_parse(const char *s, struct url *u) {
    static const struct {
        const char *p;
        bool tls, ws;
        const char *port;
    } sch[] = {
        {"ws://", false, true, "80"},
        {"wss://", true, true, "443"},
        {"http://", false, false, "80"},
        {"https://", true, false, "443"},
    };
    memset(u, 0, sizeof *u);
    const char *port = NULL;
    for (size_t i = 0; i < 4; i++) {
        if (strncmp(s, sch[i].p, strlen(sch[i].p)) == 0) {
            u->tls = sch[i].tls, u->ws = sch[i].ws, port = sch[i].port;
            s += strlen(sch[i].p);
            break;
        }
    }
    if (!port) {
        return false;
    }
    size_t n = strcspn(s, "/?");
    if (n == 0 || n >= sizeof u->host) {
        return false;
    }
    snprintf(u->hostport, sizeof u->hostport, "%.*s", (int)n, s);
    snprintf(u->host, sizeof u->host, "%.*s", (int)n, s);
    snprintf(u->path, sizeof u->path, "%s%s", s[n] == '/' ? "" : "/", s + n);
    char *colon = strchr(u->host, ':');
    if (colon) {
        *colon = 0;
        port = colon + 1;
    }
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *ai;
    if (getaddrinfo(u->host, port, &hints, &ai) != 0) {
        return false;
    }
    memcpy(&u->addr, ai->ai_addr, sizeof u->addr);
    freeaddrinfo(ai);
    return true;
}

void raise_nofile(void) {
    struct rlimit r = {1048576, 1048576};
    if (setrlimit(RLIMIT_NOFILE, &r) == 0) {
        return;
    }
    if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
        r.rlim_cur = r.rlim_max;
        setrlimit(RLIMIT_NOFILE, &r);
    }
}

void conn_global(int epfd, conn_cb cb, bool want_tls) {
    g_epfd = epfd;
    g_cb = cb;
    g_rx_cap = RX_SIZE;
    if (!(g_rx = malloc(g_rx_cap))) {
        die("no memory");
    }
    if (want_tls) {
        if (!(g_ctx = SSL_CTX_new(TLS_client_method()))) {
            die("SSL_CTX_new failed");
        }
        SSL_CTX_set_verify(g_ctx, SSL_VERIFY_NONE, NULL);
        SSL_CTX_set_mode(g_ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
        SSL_CTX_set_session_cache_mode(g_ctx, SSL_SESS_CACHE_OFF);
        static const unsigned char alpn[] = "\x08http/1.1";
        SSL_CTX_set_alpn_protos(g_ctx, alpn, sizeof alpn - 1);
    }
}

void conn_set_headers(const char *headers) {
    g_headers = headers;
}

void conn__tell(struct conn *c, enum conn_event ev, const uint8_t *data, size_t len) {
    g_cb(c, ev, data, len);
}

void conn__fail(struct conn *c, const char *why) {
    if (c->state == ST_CLOSED) {
        return;
    }
    if (!c->err[0]) {
        snprintf(c->err, sizeof c->err, "%s", why);
    }
    conn_close(c);
    g_cb(c, EV_CLOSED, NULL, 0);
}

void conn_close(struct conn *c) {
    if (c->ssl) {
        SSL_free(c->ssl);
        c->ssl = NULL;
    }
    if (c->fd >= 0) {
        close(c->fd);
    }
    c->fd = -1;
    c->state = ST_CLOSED;
    free(c->rem);
    free(c->text);
    free(c->out);
    c->rem = c->text = c->out = NULL;
    c->rem_len = c->text_len = c->text_cap = c->scan = c->line = 0;
    c->out_len = c->out_off = c->out_cap = 0;
}

bool conn_start(struct conn *c, const struct url *u, enum conn_kind kind, int src, void *user) {
    memset(c, 0, sizeof *c);
    c->fd = -1;
    c->url = u;
    c->kind = kind;
    c->user = user;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) {
        die("socket: %s", strerror(errno));
    }
    int one = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (src >= 0) {
        struct sockaddr_in a = {.sin_family = AF_INET};
        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)src);
        setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        if (bind(c->fd, (struct sockaddr *)&a, sizeof a) < 0) {
            die("bind: %s", strerror(errno));
        }
    }
    c->state = ST_CONNECT;
    if (connect(c->fd, (const struct sockaddr *)&u->addr, sizeof u->addr) < 0 &&
        errno != EINPROGRESS) {
        snprintf(c->err, sizeof c->err, "connect: %s", strerror(errno));
        conn_close(c);
        return false;
    }
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
    if (epoll_ctl(g_epfd, EPOLL_CTL_ADD, c->fd, &e) < 0) {
        die("epoll_ctl: %s", strerror(errno));
    }
    return true;
}

/* ---- output ---- */

static void flush_out(struct conn *c) {
    while (c->out_off < c->out_len) {
        ssize_t n;
        if (c->ssl) {
            ERR_clear_error();
            n = SSL_write(c->ssl, c->out + c->out_off, (int)(c->out_len - c->out_off));
            if (n <= 0) {
                int e = SSL_get_error(c->ssl, (int)n);
                if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE) {
                    return;
                }
                conn__fail(c, "TLS write");
                return;
            }
        } else {
            n = send(c->fd, c->out + c->out_off, c->out_len - c->out_off, MSG_NOSIGNAL);
            if (n < 0) {
                if (errno == EAGAIN) {
                    return;
                }
                if (errno == EINTR) {
                    continue;
                }
                conn__fail(c, "write");
                return;
            }
        }
        c->out_off += (size_t)n;
    }
    c->out_off = c->out_len = 0;
}

void conn_send(struct conn *c, const void *data, size_t len) {
    if (c->out_len + len > c->out_cap) {
        c->out_cap = (c->out_len + len) * 2;
        if (!(c->out = realloc(c->out, c->out_cap))) {
            die("no memory");
        }
    }
    memcpy(c->out + c->out_len, data, len);
    c->out_len += len;
    flush_out(c);
}

static void send_request(struct conn *c) {
    char b[8192];
    int n = snprintf(
        b, sizeof b, "GET %s HTTP/1.1\r\nHost: %s\r\n%s%s\r\n", c->url->path, c->url->hostport,
        c->kind == CONN_WS
            ? "Upgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            : "Accept: text/event-stream\r\nCache-Control: no-cache\r\n",
        g_headers);
    if (n < 0 || (size_t)n >= sizeof b) {
        die("request head too long");
    }
    conn_send(c, b, (size_t)n);
}

/* ---- input ---- */

/* What there is, into room: 0 when the peer has closed, -1 when there is nothing now. */
static ssize_t receive(struct conn *c, uint8_t *to, size_t room) {
    if (c->ssl) {
        ERR_clear_error();
        int n = SSL_read(c->ssl, to, (int)room);
        if (n > 0) {
            return n;
        }
        int e = SSL_get_error(c->ssl, n);
        return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? -1 : 0;
    }
    ssize_t n;
    do {
        n = recv(c->fd, to, room, 0);
    } while (n < 0 && errno == EINTR);
    return n >= 0 ? n : errno == EAGAIN ? -1 : 0;
}

static void keep_rest(struct conn *c, const uint8_t *rest, size_t n) {
    if (n) {
        if (n > c->rem_len && !(c->rem = realloc(c->rem, n))) {
            die("no memory");
        }
        memcpy(c->rem, rest, n);
    } else if (c->rem) {
        free(c->rem);
        c->rem = NULL;
    }
    c->rem_len = n;
}

static void do_read(struct conn *c) {
    for (bool more = true; more;) {
        size_t have = c->rem_len;
        if (have + RX_SIZE / 2 > g_rx_cap) {
            g_rx_cap = have + RX_SIZE;
            if (!(g_rx = realloc(g_rx, g_rx_cap))) {
                die("no memory");
            }
        }
        if (have) {
            memcpy(g_rx, c->rem, have);
        }
        ssize_t n = receive(c, g_rx + have, g_rx_cap - have);
        if (n < 0) {
            return;
        }
        if (n == 0) {
            if (c->kind == CONN_HTTP && c->state == ST_OPEN && c->until_close) {
                c->close_after = true;
                conn__response_done(c);
            } else {
                conn__fail(c, "closed by server");
            }
            return;
        }
        more = c->ssl || (size_t)n == g_rx_cap - have;
        size_t total = have + (size_t)n, used = conn__feed(c, g_rx, total);
        if (c->state == ST_CLOSED) {
            return;
        }
        keep_rest(c, g_rx + used, total - used);
    }
}

static void up(struct conn *c) {
    if (c->kind == CONN_HTTP) {
        c->state = ST_IDLE;
        c->was_open = true;
        g_cb(c, EV_OPEN, NULL, 0);
    } else {
        c->state = ST_HEAD;
        send_request(c);
    }
}

static void do_tls(struct conn *c) {
    ERR_clear_error();
    int r = SSL_connect(c->ssl);
    if (r == 1) {
        up(c);
        return;
    }
    int e = SSL_get_error(c->ssl, r);
    if (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE) {
        conn__fail(c, "TLS handshake");
    }
}

void conn_on_event(struct conn *c, uint32_t events) {
    if (c->state == ST_CLOSED) {
        return;
    }
    if (c->state == ST_CONNECT) {
        int err = 0;
        socklen_t l = sizeof err;
        if (!(events & (EPOLLOUT | EPOLLERR | EPOLLHUP))) {
            return;
        }
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &l);
        if (err) {
            snprintf(c->err, sizeof c->err, "connect: %s", strerror(err));
            conn__fail(c, "");
            return;
        }
        if (c->url->tls) {
            c->ssl = SSL_new(g_ctx);
            if (!c->ssl) {
                die("SSL_new");
            }
            SSL_set_fd(c->ssl, c->fd);
            SSL_set_tlsext_host_name(c->ssl, c->url->host);
            c->state = ST_TLS;
        } else {
            up(c);
        }
    }
    if (c->state == ST_TLS) {
        do_tls(c);
    }
    if (c->state == ST_CLOSED || c->state == ST_TLS) {
        return;
    }
    if (c->out_off < c->out_len && (events & (EPOLLOUT | EPOLLIN))) {
        flush_out(c);
    }
    if (c->state == ST_CLOSED) {
        return;
    }
    if (c->ssl || (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))) {
        do_read(c);
    }
}
