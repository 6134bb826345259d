/* SPDX-License-Identifier: Apache-2.0 */
#include "conn.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

#define RX_SIZE (256 * 1024)
#define REM_MAX (64 * 1024 * 1024)

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

static void fail(struct conn *c, const char *why) {
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
                fail(c, "TLS write");
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
                fail(c, "write");
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

static void ws_control(struct conn *c, int op, const uint8_t *p, size_t n) {
    uint8_t f[6 + 125];
    if (n > 125) {
        n = 125;
    }
    f[0] = (uint8_t)(0x80 | op);
    f[1] = (uint8_t)(0x80 | n);
    uint32_t m = (uint32_t)now_ns();
    memcpy(f + 2, &m, 4);
    for (size_t i = 0; i < n; i++) {
        f[6 + i] = p[i] ^ f[2 + (i & 3)];
    }
    conn_send(c, f, 6 + n);
}

/* ---- input ---- */

static void text_add(struct conn *c, const uint8_t *p, size_t n) {
    if (c->text_len + n > c->text_cap) {
        c->text_cap = (c->text_len + n) * 2;
        if (!(c->text = realloc(c->text, c->text_cap))) {
            die("no memory");
        }
    }
    memcpy(c->text + c->text_len, p, n);
    c->text_len += n;
}

/* Consumes whole frames; returns the number of bytes consumed. */
static size_t ws_feed(struct conn *c, const uint8_t *p, size_t n) {
    size_t used = 0;
    while (c->state == ST_OPEN && n - used >= 2) {
        const uint8_t *f = p + used;
        size_t have = n - used, head = 2;
        uint64_t len = f[1] & 0x7f;
        if (f[0] & 0x70) {
            fail(c, "WS reserved bits set");
            return n;
        }
        if (f[1] & 0x80) {
            fail(c, "WS frame from the server is masked");
            return n;
        }
        if (len == 126) {
            if (have < 4) {
                break;
            }
            len = (uint64_t)f[2] << 8 | f[3];
            head = 4;
        } else if (len == 127) {
            if (have < 10) {
                break;
            }
            len = 0;
            for (int i = 2; i < 10; i++) {
                len = len << 8 | f[i];
            }
            head = 10;
        }
        if (len > REM_MAX) {
            fail(c, "WS frame too long");
            return n;
        }
        if (have < head + len) {
            break;
        }
        const uint8_t *body = f + head;
        int op = f[0] & 0x0f;
        bool fin = f[0] & 0x80;
        used += head + (size_t)len;
        switch (op) {
        case 0:
            text_add(c, body, (size_t)len);
            if (fin) {
                g_cb(c, EV_MESSAGE, c->text, c->text_len);
                c->text_len = 0;
            }
            break;
        case 1:
        case 2:
            if (fin) {
                g_cb(c, EV_MESSAGE, body, (size_t)len);
            } else {
                c->text_len = 0;
                text_add(c, body, (size_t)len);
            }
            break;
        case 8:
            ws_control(c, 8, body, (size_t)len);
            fail(c, "closed by server (WS close)");
            return n;
        case 9:
            ws_control(c, 10, body, (size_t)len);
            break;
        case 10:
            break;
        default:
            fail(c, "WS opcode");
            return n;
        }
    }
    return used;
}

static void sse_scan(struct conn *c) {
    size_t start = 0;
    uint8_t *nl;
    while (c->scan < c->text_len && (nl = memchr(c->text + c->scan, '\n', c->text_len - c->scan))) {
        size_t end = (size_t)(nl - c->text), l = end;
        if (l > c->line && c->text[l - 1] == '\r') {
            l--;
        }
        bool empty = l == c->line;
        c->scan = c->line = end + 1;
        if (empty) {
            if (end > start) {
                g_cb(c, EV_MESSAGE, c->text + start, end - start);
            }
            if (c->state != ST_OPEN) {
                return;
            }
            start = end + 1;
        }
    }
    if (start) {
        memmove(c->text, c->text + start, c->text_len - start);
        c->text_len -= start;
        c->line -= start;
    }
    c->scan = c->text_len;
    if (c->text_len == 0 && c->text_cap > 16384) {
        free(c->text);
        c->text = NULL;
        c->text_cap = 0;
    }
    if (c->text_len > REM_MAX) {
        fail(c, "SSE event too long");
    }
}

enum { CH_SIZE, CH_EXT, CH_DATA, CH_CR, CH_LF, CH_TRAIL, CH_TRAIL_LINE, CH_END };

static void response_done(struct conn *c) {
    if (c->kind != CONN_HTTP) {
        fail(c, "stream ended by server");
        return;
    }
    c->state = ST_IDLE;
    g_cb(c, EV_RESPONSE, NULL, 0);
    if (c->state == ST_IDLE && c->close_after) {
        fail(c, "");
    }
}

/* Takes body bytes off p, de-chunking; returns the bytes consumed (all but what follows the end).
 */
static size_t body_feed(struct conn *c, const uint8_t *p, size_t n) {
    size_t i = 0;
    while (i < n && c->state == ST_OPEN) {
        if (!c->chunked) {
            size_t k = n - i;
            if (!c->until_close && (int64_t)k > c->left) {
                k = (size_t)c->left;
            }
            if (c->kind == CONN_SSE) {
                text_add(c, p + i, k);
            }
            i += k;
            if (!c->until_close && (c->left -= (int64_t)k) == 0) {
                response_done(c);
                return i;
            }
            continue;
        }
        uint8_t ch = p[i];
        switch (c->chunk_state) {
        case CH_SIZE:
            if (isxdigit(ch)) {
                if (c->left > REM_MAX) {
                    fail(c, "chunk too long");
                    return n;
                }
                c->left = c->left * 16 + (ch <= '9' ? ch - '0' : (ch | 32) - 'a' + 10);
                i++;
                break;
            }
            c->chunk_state = CH_EXT;
            break;
        case CH_EXT:
            i++;
            if (ch == '\n') {
                c->chunk_state = c->left ? CH_DATA : CH_TRAIL;
            }
            break;
        case CH_DATA: {
            size_t k = n - i;
            if ((int64_t)k > c->left) {
                k = (size_t)c->left;
            }
            if (c->kind == CONN_SSE) {
                text_add(c, p + i, k);
            }
            i += k;
            if ((c->left -= (int64_t)k) == 0) {
                c->chunk_state = CH_CR;
            }
            break;
        }
        case CH_CR:
            i++;
            c->chunk_state = CH_LF;
            break;
        case CH_LF:
            i++;
            c->chunk_state = CH_SIZE;
            c->left = 0;
            break;
        case CH_TRAIL:
            i++;
            if (ch == '\n') {
                c->chunk_state = CH_END;
                response_done(c);
                return i;
            }
            if (ch != '\r') {
                c->chunk_state = CH_TRAIL_LINE;
            }
            break;
        case CH_TRAIL_LINE:
            i++;
            if (ch == '\n') {
                c->chunk_state = CH_TRAIL;
            }
            break;
        default:
            i++;
            break;
        }
    }
    if (c->kind == CONN_SSE && c->state == ST_OPEN) {
        sse_scan(c);
    }
    return i;
}

static bool header(const uint8_t *p, size_t n, const char *name, char *val, size_t cap) {
    const char *s = (const char *)p, *end = s + n;
    size_t nl = strlen(name);
    while (s < end) {
        const char *e = memchr(s, '\n', (size_t)(end - s));
        if (!e) {
            e = end;
        }
        if ((size_t)(e - s) > nl && s[nl] == ':' && strncasecmp(s, name, nl) == 0) {
            const char *v = s + nl + 1;
            while (v < e && (*v == ' ' || *v == '\t')) {
                v++;
            }
            size_t k = (size_t)(e - v);
            while (k && isspace((unsigned char)v[k - 1])) {
                k--;
            }
            if (k >= cap) {
                k = cap - 1;
            }
            memcpy(val, v, k);
            val[k] = 0;
            return true;
        }
        s = e + 1;
    }
    return false;
}

/* Parses a response head when whole; returns the bytes consumed, 0 if more are needed. */
static size_t head_feed(struct conn *c, const uint8_t *p, size_t n) {
    const uint8_t *e = memmem(p, n, "\r\n\r\n", 4);
    if (!e) {
        if (n > 65536) {
            fail(c, "response head too long");
        }
        return 0;
    }
    size_t hn = (size_t)(e - p) + 4;
    char v[256];
    if (n < 12 || memcmp(p, "HTTP/1.", 7) != 0) {
        fail(c, "not HTTP/1.x");
        return hn;
    }
    c->status = (int)strtol((const char *)p + 9, NULL, 10);
    if (c->status / 100 == 1 && c->status != 101) {
        return hn; /* interim */
    }
    c->close_after = header(p, hn, "connection", v, sizeof v) && strcasestr(v, "close");
    c->chunked = header(p, hn, "transfer-encoding", v, sizeof v) && strcasestr(v, "chunked");
    c->chunk_state = CH_SIZE;
    c->until_close = false;
    c->left = 0;
    bool has_len = header(p, hn, "content-length", v, sizeof v);
    if (c->kind == CONN_WS) {
        if (c->status != 101) {
            snprintf(c->err, sizeof c->err, "status %d instead of 101", c->status);
            fail(c, "");
            return hn;
        }
        c->state = ST_OPEN;
    } else if (c->kind == CONN_SSE) {
        if (c->status != 200) {
            snprintf(c->err, sizeof c->err, "status %d instead of 200", c->status);
            fail(c, "");
            return hn;
        }
        c->state = ST_OPEN;
        if (!c->chunked) {
            c->until_close = !has_len;
        }
        if (has_len) {
            c->left = atoll(v);
        }
    } else {
        c->state = ST_OPEN;
        if (c->status == 204 || c->status == 304) {
            response_done(c);
            return hn;
        }
        if (!c->chunked) {
            if (!has_len) {
                c->until_close = true;
            } else if ((c->left = atoll(v)) == 0) {
                response_done(c);
            }
        }
        return hn;
    }
    c->was_open = true;
    g_cb(c, EV_OPEN, NULL, 0);
    return hn;
}

static size_t feed(struct conn *c, const uint8_t *p, size_t n) {
    size_t used = 0;
    while (used < n && c->state != ST_CLOSED) {
        size_t k;
        if (c->state == ST_HEAD) {
            k = head_feed(c, p + used, n - used);
        } else if (c->state == ST_OPEN) {
            k = c->kind == CONN_WS ? ws_feed(c, p + used, n - used)
                                   : body_feed(c, p + used, n - used);
        } else {
            fail(c, "bytes that no request asked for");
            return n;
        }
        if (k == 0) {
            break;
        }
        used += k;
    }
    return used;
}

static void do_read(struct conn *c) {
    for (;;) {
        if (c->rem_len + RX_SIZE / 2 > g_rx_cap) {
            g_rx_cap = c->rem_len + RX_SIZE;
            if (!(g_rx = realloc(g_rx, g_rx_cap))) {
                die("no memory");
            }
        }
        size_t have = c->rem_len;
        if (have) {
            memcpy(g_rx, c->rem, have);
        }
        size_t room = g_rx_cap - have;
        ssize_t n;
        bool more = false;
        if (c->ssl) {
            ERR_clear_error();
            n = SSL_read(c->ssl, g_rx + have, (int)room);
            if (n <= 0) {
                int e = SSL_get_error(c->ssl, (int)n);
                if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE) {
                    return;
                }
                n = 0;
            }
            more = true;
        } else {
            n = recv(c->fd, g_rx + have, room, 0);
            if (n < 0) {
                if (errno == EAGAIN) {
                    return;
                }
                if (errno == EINTR) {
                    continue;
                }
                n = 0;
            }
            more = (size_t)n == room;
        }
        if (n == 0) {
            if (c->kind == CONN_HTTP && c->state == ST_OPEN && c->until_close) {
                c->close_after = true;
                response_done(c);
            } else {
                fail(c, "closed by server");
            }
            return;
        }
        size_t total = have + (size_t)n, used = feed(c, g_rx, total);
        if (c->state == ST_CLOSED) {
            return;
        }
        size_t keep = total - used;
        if (keep) {
            if (keep > c->rem_len && !(c->rem = realloc(c->rem, keep))) {
                die("no memory");
            }
            memcpy(c->rem, g_rx + used, keep);
        } else if (c->rem) {
            free(c->rem);
            c->rem = NULL;
        }
        c->rem_len = keep;
        if (!more) {
            return;
        }
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
        fail(c, "TLS handshake");
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
            fail(c, "");
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
