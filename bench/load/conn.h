/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conn.h - one client connection of the load tools: TCP or TLS, HTTP/1.1,
 * then WebSocket (RFC 6455), server-sent events, or plain request/response.
 * Non-blocking, driven by edge-triggered epoll, single thread.
 */
#ifndef BENCH_CONN_H
#define BENCH_CONN_H

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct url {
    bool tls;
    bool ws; /* ws:// or wss:// */
    char host[128];
    char hostport[160];
    char path[2048];
    struct sockaddr_in addr;
};

enum conn_kind { CONN_WS, CONN_SSE, CONN_HTTP };
enum conn_state { ST_CLOSED, ST_CONNECT, ST_TLS, ST_HEAD, ST_OPEN, ST_IDLE };
enum conn_event {
    EV_OPEN,     /* subscribed (101, or 200 text/event-stream), or TCP/TLS up for CONN_HTTP */
    EV_MESSAGE,  /* one whole WS message or one SSE event */
    EV_RESPONSE, /* CONN_HTTP: the response is complete; c->status is set */
    EV_CLOSED
};

struct conn {
    int fd;
    uint8_t kind, state;
    bool chunked, close_after, was_open;
    uint8_t chunk_state;
    bool until_close;
    int status;
    int64_t left; /* bytes left of a Content-Length body or of a chunk */
    const struct url *url;
    SSL *ssl;
    void *user;
    uint8_t *rem; /* bytes read but not yet parsed */
    size_t rem_len;
    uint8_t *text; /* SSE text, or the fragments of a WS message */
    size_t text_len, text_cap, scan, line;
    uint8_t *out; /* bytes not yet written */
    size_t out_len, out_off, out_cap;
    char err[64];
};

typedef void (*conn_cb)(struct conn *c, enum conn_event ev, const uint8_t *data, size_t len);

uint64_t now_ns(void);
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
bool url_parse(const char *s, struct url *u);
void conn_global(int epfd, conn_cb cb, bool want_tls);
/* Raises the descriptor limit as far as the system lets us. */
void raise_nofile(void);

/* src: index of the loopback source address (127.0.0.1 + src), -1 = let the kernel choose */
bool conn_start(struct conn *c, const struct url *u, enum conn_kind kind, int src, void *user);
/* headers: "Name: value\r\n" lines, may be "" ; for CONN_WS and CONN_SSE */
void conn_set_headers(const char *headers);
void conn_send(struct conn *c, const void *data, size_t len);
void conn_on_event(struct conn *c, uint32_t events);
void conn_close(struct conn *c);

/* Between conn.c and feed.c. conn__feed returns how many of the bytes it is done with. */
size_t conn__feed(struct conn *c, const uint8_t *p, size_t n);
void conn__response_done(struct conn *c);
void conn__tell(struct conn *c, enum conn_event ev, const uint8_t *data, size_t len);
void conn__fail(struct conn *c, const char *why);

/* CPU seconds (user + system) of the given processes and all their descendants. */
double procs_cpu(const int *pids, int n);
struct mem_sum {
    long rss_kb, pss_kb, private_kb;
    int procs;
};
void procs_mem(const int *pids, int n, struct mem_sum *m);
int parse_pids(const char *s, int *pids, int max);

#endif
