/* SPDX-License-Identifier: Apache-2.0 */
/* wire.h - non-blocking client sockets for load tools, plain or TLS, one
 * epoll, one thread. A fault ends the program: load tools do not limp. */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire {
    int fd;
    SSL *ssl;
    bool is_open;
    bool is_blocked; /* wants EPOLLOUT */
    char *out;       /* bytes not yet written */
    size_t out_len, out_cap;
};

/* bytes NULL: the connection (and TLS) is up. */
typedef void (*wire_fn)(struct wire *w, const char *bytes, size_t n);

void wire_start(bool is_tls, bool is_h2, wire_fn fn);
void wire_open(struct wire *w, const char *host, int port);
/* Queue; written after the call of wire_fn that it came from, else by wire_flush. */
void wire_put(struct wire *w, const void *bytes, size_t n);
void wire_flush(struct wire *w);
/* Handle what is ready; waits for it until then (wire_now_ns), at most 100 ms. */
void wire_turn(uint64_t until_ns);

uint64_t wire_now_ns(void);
void wire_die(const char *what) __attribute__((noreturn));

#endif
