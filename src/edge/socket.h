/* SPDX-License-Identifier: Apache-2.0 */
/* socket.h - the state of one WebSocket session. Edge only. */
#ifndef HG_EDGE_SOCKET_H
#define HG_EDGE_SOCKET_H

#include "edge/visit.h"
#include "proto/ws/ws.h"

/* Counted: a message that is being stored may outlive the socket. */
struct hg_edge__socket {
    unsigned refs;
    struct hg_visit *visit; /* NULL: the socket is gone */
    struct hg_ws ws;
    int64_t next_ping_ms;
    unsigned unanswered_pings;
    uint64_t n_messages; /* events that it has sent, or what was to be one */
    unsigned in_flight;  /* messages in the gate */
    size_t in_flight_bytes;
    size_t owed_bytes; /* replies queued since there was no room for any */
    int finish_code;   /* 0, or what to close with when none is in flight */
    const char *finish_reason;
    bool is_paused;  /* we read no more for now */
    bool is_closing; /* our close frame is sent */
};

void hg_socket__unref(struct hg_edge__socket **ps);
/* Send one text frame. */
void hg_socket__send(struct hg_edge__socket *s, struct hg_slice text);
/* A message goes into the gate, or comes out of it. */
void hg_socket__message_begins(struct hg_edge__socket *s, size_t bytes);
void hg_socket__message_ends(struct hg_edge__socket *s, size_t bytes);

/* message.c: an event published over the socket. */
void hg_socket__publish(struct hg_edge__socket *s, struct hg_slice text);

#endif
