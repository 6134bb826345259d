/* SPDX-License-Identifier: Apache-2.0 */
/* peer.h - a client of HTTP/2 for tests that may break every rule: frames are
 * made by hand, only HPACK is the library's. */
#ifndef HG_TESTS_PROTO_H2_PEER_H
#define HG_TESTS_PROTO_H2_PEER_H

#include <nghttp2/nghttp2.h>

#include "../upper.h"

enum {
    F_DATA,
    F_HEADERS,
    F_PRIORITY,
    F_RST,
    F_SETTINGS,
    F_PUSH,
    F_PING,
    F_GOAWAY,
    F_WINDOW,
    F_CONTINUATION
};
enum { F_END_STREAM = 1, F_ACK = 1, F_END_HEADERS = 4, F_PADDED = 8 };

struct peer {
    struct upper *u;
    nghttp2_hd_deflater *deflater;
    nghttp2_hd_inflater *inflater;
    struct hg_buf out;  /* frames not sent yet */
    struct hg_buf told; /* "SETTINGS; HEADERS 1 200; DATA 1 5 end; RST 3 1; GOAWAY 1 11; " */
    struct hg_buf data; /* of all DATA frames */
    size_t parsed;      /* of what the upper's peer received */
    int64_t goaway;     /* its error code; -1: none */
    unsigned n_rst, n_data, n_headers;
    uint32_t last_rst; /* error code */
};

/* A connection and its client, as the tests' state. */
struct both {
    struct upper u;
    struct peer p;
};
int both_fini(void **state);

/* Preface and an empty SETTINGS are in p->out. */
void peer_init(struct peer *p, struct upper *u);
void peer_fini(struct peer *p);

void peer_frame(struct peer *p, unsigned type, unsigned flags, uint32_t id, const void *payload,
                size_t n);
/* Fields as "name", "value", ..., NULL. */
void peer_headers(struct peer *p, unsigned flags, uint32_t id, const char *const *fields);
/* The compressed fields alone; *ret is the caller's to fini. */
void peer_deflate(struct peer *p, const char *const *fields, struct hg_buf *ret);
void peer_get(struct peer *p, uint32_t id, const char *path);
/* content-length as given, or none. */
void peer_post(struct peer *p, uint32_t id, const char *path, const char *length);
void peer_data(struct peer *p, unsigned flags, uint32_t id, const char *text);
void peer_window(struct peer *p, uint32_t id, uint32_t increment);
void peer_setting(struct peer *p, unsigned id, uint32_t value);
/* An acknowledgement of the server's settings. */
void peer_ack(struct peer *p);

/* Send p->out, turn the loop, read frames. */
void peer_go(struct peer *p);
void peer_wait(struct peer *p, const char *text);
/* Until the layer above was told text. */
void peer_wait_told(struct peer *p, const char *text);
/* Until GOAWAY with this error, and the connection's end. */
void peer_wait_goaway(struct peer *p, uint32_t error_code);
const char *peer_told(struct peer *p);
void peer_forget(struct peer *p);

#endif
