/* SPDX-License-Identifier: Apache-2.0 */
/* client.h - the other side of a WebSocket for tests: writes client frames,
 * legal or not, and reads what a server wrote; and an echo session in memory,
 * as thin over the engine as one can be. */
#ifndef TESTS_UNIT_PROTO_WS_CLIENT_H
#define TESTS_UNIT_PROTO_WS_CLIENT_H

#include "proto/ws/ws.h"

struct client_frame {
    uint8_t op;
    bool is_final;
    bool is_bare;           /* not masked, against the rules */
    uint8_t rsv;            /* 4 is RSV1 */
    int length_form;        /* 16 or 64 whatever the length, 0 the shortest */
    const char *raw_length; /* 8 bytes in place of the length, no payload */
    struct hg_slice payload;
};

void put_client_frame(struct hg_buf *out, const struct client_frame *f);
/* A legal whole frame. */
void put_client(struct hg_buf *out, int op, struct hg_slice payload);

struct server_frame {
    int op;
    struct hg_slice payload;
};

/* The next frame of *rest, which must be whole, final and not masked; false
 * at the end. */
bool take_server_frame(struct hg_slice *rest, struct server_frame *ret);

struct echo {
    struct hg_ws ws;
    struct hg_buf out;
    bool is_over; /* our close frame is out */
};

void echo_init(struct echo *e, size_t message_bytes_max);
void echo_feed(struct echo *e, struct hg_slice bytes);
void echo_fini(struct echo *e);

int test_ws(void);
int test_frame(void);
int test_accept(void);
int test_conformance(void);

#endif
