/* SPDX-License-Identifier: Apache-2.0 */
/* conn_tls.h - the TLS half of a connection. All calls but _free and
 * _free_session are for connections that have tls. */
#ifndef HG_NET_CONN_TLS_H
#define HG_NET_CONN_TLS_H

#include <openssl/types.h>

#include "net/conn_impl.h"

struct hg_listener;

/* One read of the socket. All of it is decrypted before it is handed up, and
 * fits into the loop's scratch buffer beside it. */
enum { HG_CONN_TLS_IN_BYTES = 17 * 1024 };

/* The context connections are born with, before the client has named the
 * identity it wants. NULL: no memory. */
SSL_CTX *hg_conn_tls__front_new(void);

/* Make c a TLS connection with a fixed identity. HG_ENOMEM. */
int hg_conn_tls__start(struct hg_conn *c, struct hg_tls *identity);
/* The same with the identity that the listener's tls_for will choose. */
int hg_conn_tls__accept(struct hg_conn *c, SSL_CTX *front, struct hg_listener *listener);
void hg_conn_tls__free(struct hg_conn *c);
/* OpenSSL's part only, which is the large one. */
void hg_conn_tls__free_session(struct hg_conn *c);

bool hg_conn_tls__is_established(const struct hg_conn *c);
/* Read bytes wait until the connection is resumed. */
bool hg_conn_tls__is_holding(const struct hg_conn *c);
/* Encrypted bytes wait for a writable socket. */
bool hg_conn_tls__is_late(const struct hg_conn *c);

/* What was read: goes on with the handshake, hands up what it decrypts. */
void hg_conn_tls__feed(struct hg_conn *c, const char *bytes, size_t n);
/* The socket ended. */
void hg_conn_tls__eof(struct hg_conn *c);
/* Go on with what was held. */
void hg_conn_tls__go_on(struct hg_conn *c);
/* Write what is late. False: it still is, or the connection died. */
bool hg_conn_tls__flush(struct hg_conn *c);
/* Write one record from the queue. Returns how much of the queue it took, 0
 * when the socket is full or the connection died. */
size_t hg_conn_tls__write(struct hg_conn *c);
/* Send close_notify, once. False: it is late. */
bool hg_conn_tls__farewell(struct hg_conn *c);

#endif
